/** lwIP on this machine for tests: raw API, both families, a clock that the test moves, checksums left out. */
#ifndef LWIPOPTS_H
#define LWIPOPTS_H

#define NO_SYS 1
#define SYS_LIGHTWEIGHT_PROT 0
#define LWIP_NETCONN 0
#define LWIP_SOCKET 0
#define LWIP_UDP 0
#define LWIP_DNS 0
#define LWIP_DHCP 0
#define LWIP_RAW 0
#define LWIP_ICMP 0
#define LWIP_ARP 0
#define LWIP_ETHERNET 0
#define LWIP_STATS 0
#define LWIP_IPV4 1
#define LWIP_IPV6 1
#define LWIP_IPV6_AUTOCONFIG 0
#define LWIP_IPV6_DUP_DETECT_ATTEMPTS 0
#define LWIP_IPV6_SEND_ROUTER_SOLICIT 0
#define LWIP_IPV6_MLD 0
#define LWIP_IPV6_REASS 0
#define LWIP_IPV6_FRAG 0

#define MEM_ALIGNMENT 8
#define MEM_SIZE (256 * 1024)
#define MEMP_NUM_TCP_PCB 5
#define MEMP_NUM_TCP_SEG 64
#define TCP_MSS 536
#define TCP_SND_BUF (4 * TCP_MSS)
#define TCP_WND (4 * TCP_MSS)
#define LWIP_TCP_TIMESTAMPS 0
#define TCP_LISTEN_BACKLOG 1

#define CHECKSUM_CHECK_IP 0
#define CHECKSUM_CHECK_TCP 0

#define LWIP_HOOK_FILENAME "isnkit_lwip_hooks.h"
#define LWIP_TCP_PCB_NUM_EXT_ARGS 1

#endif
