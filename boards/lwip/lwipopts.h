/** lwIP 2.1 as the demonstration firmware uses it: raw API, no operating system, IPv4, one client. */
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
#define LWIP_IPV6 0
#define LWIP_STATS 0

#define MEM_ALIGNMENT 4
#define MEM_SIZE (6 * 1024)
#define PBUF_POOL_SIZE 6
#define TCP_MSS 536
#define TCP_SND_BUF (4 * TCP_MSS)
#define TCP_WND (4 * TCP_MSS)

// LWIP_RAND stays undefined, and lwIP's timestamps stay off: these are the defaults that many devices
// ship with. The campaign's build turns the timestamps on.
#ifndef LWIP_TCP_TIMESTAMPS
#define LWIP_TCP_TIMESTAMPS 0
#endif

// lwIP 2.1.3 copies −1 bytes of the login when none is set (smtp.c, smtp_send_mail_alloced).
#define SMTP_COPY_AUTHDATA 0

#ifdef ISNKIT
#define LWIP_HOOK_FILENAME "isnkit_lwip_hooks.h"
// One for isnkit, which learns by it that a connection is gone.
#define LWIP_TCP_PCB_NUM_EXT_ARGS 1
#endif

#endif
