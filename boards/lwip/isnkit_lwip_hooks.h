/** lwIP's hooks that isnkit fills; lwipopts.h names this file as LWIP_HOOK_FILENAME. */
#ifndef ISNKIT_LWIP_HOOKS_H
#define ISNKIT_LWIP_HOOKS_H

#include "lwip/ip_addr.h"

struct tcp_pcb;
struct tcp_hdr;

u32_t isnkit_lwip_isn(const ip_addr_t *local, u16_t local_port, const ip_addr_t *remote,
                      u16_t remote_port);
err_t isnkit_lwip_segment(struct tcp_pcb *pcb, struct tcp_hdr *header);
u32_t *isnkit_lwip_options(struct tcp_hdr *header, const struct tcp_pcb *pcb, u32_t *end);

#define LWIP_HOOK_TCP_ISN isnkit_lwip_isn
#define LWIP_HOOK_TCP_INPACKET_PCB(pcb, header, options, options1, options2, p) \
  isnkit_lwip_segment(pcb, header)
// Adds nothing: it is called when lwIP's own options are in place, before the checksum.
#if LWIP_TCP_TIMESTAMPS
#define LWIP_HOOK_TCP_OUT_ADD_TCPOPTS(p, header, pcb, options) \
  isnkit_lwip_options(header, pcb, options)
#endif

#endif
