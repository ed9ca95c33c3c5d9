/** lwIP on this machine with threads: netconn, the tcpip thread, the loopback interface; CORE_LOCKING from outside. */
#ifndef LWIPOPTS_H
#define LWIPOPTS_H

#define NO_SYS 0
#define LWIP_TCPIP_CORE_LOCKING CORE_LOCKING
#define LWIP_NETCONN 1
#define LWIP_SOCKET 0
#define LWIP_HAVE_LOOPIF 1
#define LWIP_NETIF_LOOPBACK 1
#define LWIP_NETIF_LOOPBACK_MULTITHREADING 1
#define LWIP_UDP 0
#define LWIP_DNS 0
#define LWIP_DHCP 0
#define LWIP_RAW 0
#define LWIP_IPV6 0
#define LWIP_STATS 0
#define SO_REUSE 1
#define LWIP_SO_LINGER 1

#define MEM_ALIGNMENT 8
#define MEM_SIZE (1024 * 1024)
#define MEMP_NUM_TCP_PCB 64
#define MEMP_NUM_TCP_SEG 512
#define MEMP_NUM_NETCONN 128
#define MEMP_NUM_NETBUF 64
#define MEMP_NUM_TCPIP_MSG_API 64
#define MEMP_NUM_TCPIP_MSG_INPKT 256
#define PBUF_POOL_SIZE 256
#define TCP_MSS 536
#define TCP_SND_BUF (4 * TCP_MSS)
#define TCP_WND (4 * TCP_MSS)
#define TCPIP_THREAD_STACKSIZE (256 * 1024)
#define TCPIP_MBOX_SIZE 128
#define DEFAULT_TCP_RECVMBOX_SIZE 32
#define DEFAULT_ACCEPTMBOX_SIZE 32

#define CHECKSUM_CHECK_IP 0
#define CHECKSUM_CHECK_TCP 0

#define LWIP_HOOK_FILENAME "isnkit_lwip_hooks.h"
#define LWIP_TCP_PCB_NUM_EXT_ARGS 1

#endif
