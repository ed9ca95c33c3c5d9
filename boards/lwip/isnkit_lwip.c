#include "isnkit_lwip.h"

#include "isnkit.h"
#include "isnkit_lwip_hooks.h"
#include "lwip/def.h"
#include "lwip/prot/tcp.h"
#include "lwip/tcp.h"

u32_t isnkit_lwip_given;
u32_t isnkit_lwip_unbacked;
u32_t isnkit_lwip_tsval;

/** The number for the connection that isnkit_lwip_connect() opens right now; 0: none. */
static u32_t active_isn;

static u32_t host_order(const ip_addr_t *address) {
  return lwip_ntohl(ip4_addr_get_u32(ip_2_ip4(address)));
}

u32_t isnkit_lwip_isn(const ip_addr_t *local, u16_t local_port, const ip_addr_t *remote,
                      u16_t remote_port) {
  // tcp_connect() sends the hook's value less one, tcp_listen_input() the value itself.
  if (active_isn != 0) return active_isn + 1;
  const u32_t isn = isnkit_isn4(host_order(local), local_port, host_order(remote), remote_port);
  if (isn == 0) isnkit_lwip_unbacked++;
  return isn;
}

/** The address that tcp_connect() will use: the pcb's, or that of the route. */
static const ip_addr_t *local_address(struct tcp_pcb *pcb, const ip_addr_t *remote) {
  if (!ip_addr_isany(&pcb->local_ip)) return &pcb->local_ip;
  struct netif *netif = ip_route(&pcb->local_ip, remote);
  return netif == NULL ? NULL : ip_netif_get_local_ip(netif, remote);
}

err_t isnkit_lwip_connect(struct tcp_pcb *pcb, const ip_addr_t *address, u16_t port,
                          tcp_connected_fn connected) {
  const ip_addr_t *local = local_address(pcb, address);
  if (local == NULL) return ERR_RTE;
  const u32_t from = host_order(local);
  const u32_t to = host_order(address);
  if (pcb->local_port == 0) {
    const u16_t local_port = isnkit_port4(from, to, port);
    if (local_port == 0) return ERR_USE;
    const err_t bound = tcp_bind(pcb, local, local_port);
    if (bound != ERR_OK) return bound;
  }
  active_isn = isnkit_isn4(from, pcb->local_port, to, port);
  if (active_isn == 0) return ERR_VAL;
  isnkit_lwip_given = active_isn;
  const err_t result = tcp_connect(pcb, address, port, connected);
  active_isn = 0;
  return result;
}

/** True once the device has sent its FIN, or is about to have nothing more to send. */
static bool closing(enum tcp_state state) {
  return state == FIN_WAIT_1 || state == FIN_WAIT_2 || state == CLOSING || state == LAST_ACK ||
         state == TIME_WAIT;
}

/**
 * Each segment that arrives brings a report of what the connection has used. Between two of them a
 * connection sends at most TCP_SND_BUF bytes, far less than the guard of 2^18.
 *
 * While the module refuses a report, segments are dropped here: without their ACKs the connection sends
 * nothing new, which is what the module asks for, and the peer's next try brings the next report; an end
 * that was refused is told again the same way. An RST gets through, as it asks for no number.
 */
err_t isnkit_lwip_segment(struct tcp_pcb *pcb, struct tcp_hdr *header) {
  // A listening pcb is a shorter structure: nothing of it may be read but its state.
  if (pcb->state < ESTABLISHED) return ERR_OK;
  const u32_t local = host_order(&pcb->local_ip);
  const u32_t remote = host_order(&pcb->remote_ip);
  const bool reset = (TCPH_FLAGS(header) & TCP_RST) != 0;
  if (!closing(pcb->state)) {
    const uint32_t done =
        isnkit_advance4(local, pcb->local_port, remote, pcb->remote_port, pcb->snd_nxt);
    return done != 0 || reset ? ERR_OK : ERR_MEM;
  }
  // The peer's FIN takes one number (RFC 9293 §3.4); lwIP counts it only after this hook.
  const bool fin = (TCPH_FLAGS(header) & TCP_FIN) != 0;
  isnkit_end end = {.next = pcb->snd_nxt, .peer_next = pcb->rcv_nxt + (fin ? 1 : 0)};
#if LWIP_TCP_TIMESTAMPS
  end.peer_tsval = pcb->ts_recent;
  end.timestamps = (pcb->flags & TF_TIMESTAMP) != 0;
#endif
  const uint32_t done = isnkit_close4(local, pcb->local_port, remote, pcb->remote_port, &end);
  return done != 0 || reset ? ERR_OK : ERR_MEM;
}

#if LWIP_TCP_TIMESTAMPS
/** How lwIP begins the option: two NOPs, kind 8, length 10; TSval and TSecr follow (RFC 7323 §3.2). */
#define TIMESTAMPS_BEGIN PP_HTONL(0x0101080AU)
#define FOUR_NOPS PP_HTONL(0x01010101U)

u32_t *isnkit_lwip_options(struct tcp_hdr *header, const struct tcp_pcb *pcb, u32_t *end) {
  if (pcb == NULL || pcb->state < SYN_SENT) return end;
  u32_t *option = (u32_t *)(void *)(header + 1);
  while (option < end && *option != TIMESTAMPS_BEGIN) option++;
  if (option >= end) return end;
  isnkit_lwip_tsval = isnkit_timestamp4(host_order(&pcb->local_ip), pcb->local_port,
                                        host_order(&pcb->remote_ip), pcb->remote_port);
  if (isnkit_lwip_tsval != 0) {
    option[1] = lwip_htonl(isnkit_lwip_tsval);
  } else {
    // No timestamp is better than one that nobody stands behind.
    for (int i = 0; i < 3; i++) option[i] = FOUR_NOPS;
  }
  return end;
}
#endif
