#include "isnkit_lwip.h"

#include <stddef.h>

#include "isnkit.h"
#include "isnkit_lwip_hooks.h"
#include "lwip/def.h"
#include "lwip/ip.h"
#include "lwip/prot/tcp.h"
#include "lwip/tcp.h"

#if LWIP_TCP_PCB_NUM_EXT_ARGS < 1
#error "isnkit needs LWIP_TCP_PCB_NUM_EXT_ARGS of at least 1 in lwipopts.h (lwIP 2.1 or later): it tells when a connection is gone"
#endif
/** What a connection may send between two reports must stay below the module's guard (docs/abi.md). */
_Static_assert(TCP_SND_BUF < 0x40000, "isnkit needs TCP_SND_BUF below 256 KiB");

u32_t isnkit_lwip_given;
u32_t isnkit_lwip_unbacked;
u32_t isnkit_lwip_tsval;

typedef struct tuple {
  ip_addr_t local, remote;
  u16_t local_port, remote_port;
} tuple;

/** What is known of a connection, for the time when its pcb cannot be asked any more. */
typedef struct connection {
  tuple tuple;
  /** `next` is the ISN at first, then the highest number reported. */
  isnkit_end end;
  enum {
    PHASE_UNUSED,
    /** The module holds nothing of it. */
    PHASE_FRESH,
    /** The module holds it open; no peer has answered yet. */
    PHASE_ATTEMPT,
    PHASE_CONNECTED,
    /** The module knows its end. */
    PHASE_CLOSED,
  } phase;
  /** `end.next` is behind all that it has queued, its FIN too. */
  bool final;
  /** Its pcb is gone, and the module has not taken its end yet. */
  bool gone;
} connection;

static connection connections[ISNKIT_LWIP_CONNECTIONS];
static unsigned gone;
/** For the pcb that lwIP is about to make for a SYN. */
static connection *arriving;

// The module's functions, by the family of the address.

#if LWIP_IPV6
static const u8_t *bytes6(const ip_addr_t *address) {
  return (const u8_t *)ip_2_ip6(address)->addr;
}
#define ADDRESSES6(t) bytes6(&(t)->local), (t)->local_port, bytes6(&(t)->remote), (t)->remote_port
#endif
#if LWIP_IPV4
static u32_t host_order(const ip_addr_t *address) {
  return lwip_ntohl(ip4_addr_get_u32(ip_2_ip4(address)));
}
#define ADDRESSES4(t) \
  host_order(&(t)->local), (t)->local_port, host_order(&(t)->remote), (t)->remote_port
#endif

#if LWIP_IPV4 && LWIP_IPV6
#define BY_FAMILY(t, four, six) (IP_IS_V6(&(t)->remote) ? (six) : (four))
#elif LWIP_IPV6
#define BY_FAMILY(t, four, six) (six)
#else
#define BY_FAMILY(t, four, six) (four)
#endif

static u32_t module_isn(const tuple *t) {
  return BY_FAMILY(t, isnkit_isn4(ADDRESSES4(t)), isnkit_isn6(ADDRESSES6(t)));
}

static u16_t module_port(const tuple *t) {
  return BY_FAMILY(t, isnkit_port4(host_order(&t->local), host_order(&t->remote), t->remote_port),
                   isnkit_port6(bytes6(&t->local), bytes6(&t->remote), t->remote_port));
}

static bool module_advance(const tuple *t, u32_t next) {
  return BY_FAMILY(t, isnkit_advance4(ADDRESSES4(t), next), isnkit_advance6(ADDRESSES6(t), next)) != 0;
}

static bool module_close(const tuple *t, const isnkit_end *end) {
  return BY_FAMILY(t, isnkit_close4(ADDRESSES4(t), end), isnkit_close6(ADDRESSES6(t), end)) != 0;
}

static bool module_abandon(const tuple *t) {
  return BY_FAMILY(t, isnkit_abandon4(ADDRESSES4(t)), isnkit_abandon6(ADDRESSES6(t))) != 0;
}

// The life of a record.

static connection *find_unused(void) {
  for (unsigned i = 0; i < ISNKIT_LWIP_CONNECTIONS; i++) {
    if (connections[i].phase != PHASE_UNUSED) continue;
    connections[i] = (connection){.phase = PHASE_FRESH};
    return &connections[i];
  }
  return NULL;
}

/** Tells the module that it is over, once. False when the module refuses that. */
static bool settle(connection *c) {
  if (c->phase == PHASE_ATTEMPT && !module_abandon(&c->tuple)) return false;
  if (c->phase == PHASE_CONNECTED && !module_close(&c->tuple, &c->end)) return false;
  c->phase = PHASE_UNUSED;
  return true;
}

/** Its pcb is gone. */
static void leave(connection *c) {
  // Since the last report it can have sent what its buffer holds, and a FIN.
  if (c->phase == PHASE_CONNECTED && !c->final) c->end.next += TCP_SND_BUF + 1;
  if (settle(c)) return;
  c->gone = true;
  gone++;
}

void isnkit_lwip_poll(void) {
  if (arriving != NULL) {
    // lwIP made no pcb of the SYN: no memory, or too many wait to be accepted.
    connection *const refused = arriving;
    arriving = NULL;
    leave(refused);
  }
  for (unsigned i = 0; gone > 0 && i < ISNKIT_LWIP_CONNECTIONS; i++) {
    if (!connections[i].gone) continue;
    // While one is refused the others are as well.
    if (!settle(&connections[i])) return;
    connections[i].gone = false;
    gone--;
  }
}

// Between a record and its pcb.

static u8_t own_id;
static bool has_id;

/** lwIP frees a pcb, whatever the reason; what it was is only to be had from the record. */
static void on_destroy(u8_t id, void *record) {
  (void)id;
  if (record != NULL) leave(record);
}

static const struct tcp_ext_arg_callbacks callbacks = {.destroy = on_destroy};

static connection *connection_of(const struct tcp_pcb *pcb) {
  return has_id ? tcp_ext_arg_get(pcb, own_id) : NULL;
}

static void attach(struct tcp_pcb *pcb, connection *c) {
  if (!has_id) own_id = tcp_ext_arg_alloc_id();
  has_id = true;
  tcp_ext_arg_set_callbacks(pcb, own_id, &callbacks);
  tcp_ext_arg_set(pcb, own_id, c);
}

// Numbers.

/** Asks for the ISN, and keeps it with the record. */
static bool take_isn(connection *c) {
  c->end.next = module_isn(&c->tuple);
  if (c->end.next == 0) return false;
  c->phase = PHASE_ATTEMPT;
  return true;
}

/** tcp_connect() without isnkit_lwip_connect(). */
static connection *unannounced(const struct tcp_pcb *pcb) {
  connection *const c = find_unused();
  if (c == NULL) return NULL;
  c->tuple = (tuple){pcb->local_ip, pcb->remote_ip, pcb->local_port, pcb->remote_port};
  if (take_isn(c)) return c;
  c->phase = PHASE_UNUSED;
  return NULL;
}

u32_t isnkit_lwip_isn(const ip_addr_t *local, u16_t local_port, const ip_addr_t *remote,
                      u16_t remote_port) {
  // The arguments are members of the pcb, in every lwIP from 2.0 on (tcp_next_iss).
  struct tcp_pcb *const pcb = (void *)((u8_t *)(uintptr_t)local - offsetof(struct tcp_pcb, local_ip));
  LWIP_ASSERT("isnkit: not a pcb", remote == &pcb->remote_ip && local_port == pcb->local_port &&
                                       remote_port == pcb->remote_port);
  const bool active = pcb->state == CLOSED;
  connection *c = connection_of(pcb);
  if (c == NULL && active) c = unannounced(pcb);
  if (c == NULL && !active) {
    c = arriving;
    arriving = NULL;
  }
  if (c == NULL) {
    // A hook cannot refuse: isnkit_lwip_segment() lets nothing through to such a pcb.
    isnkit_lwip_unbacked++;
    return 0;
  }
  attach(pcb, c);
  isnkit_lwip_given = c->end.next;
  // tcp_connect() sends the hook's value less one, tcp_listen_input() the value itself.
  return c->end.next + (active ? 1 : 0);
}

/** The address that tcp_connect() will use: the pcb's, or that of the route. */
static const ip_addr_t *local_address(const struct tcp_pcb *pcb, const ip_addr_t *remote) {
  if (!ip_addr_isany(&pcb->local_ip)) return &pcb->local_ip;
  struct netif *netif = ip_route(&pcb->local_ip, remote);
  return netif == NULL ? NULL : ip_netif_get_local_ip(netif, remote);
}

/** Binds to a port that the module allocates. lwIP may still hold that port, for another destination as well. */
static err_t bind_allocated(struct tcp_pcb *pcb, connection *c) {
  for (unsigned tries = MEMP_NUM_TCP_PCB + MEMP_NUM_TCP_PCB_LISTEN + 1; tries > 0; tries--) {
    c->tuple.local_port = module_port(&c->tuple);
    if (c->tuple.local_port == 0) return ERR_USE;
    c->phase = PHASE_ATTEMPT;
    const err_t bound = tcp_bind(pcb, &c->tuple.local, c->tuple.local_port);
    if (bound != ERR_USE) return bound;
    if (!module_abandon(&c->tuple)) return ERR_USE;
    c->phase = PHASE_FRESH;
  }
  return ERR_USE;
}

err_t isnkit_lwip_connect(struct tcp_pcb *pcb, const ip_addr_t *address, u16_t remote_port,
                          tcp_connected_fn connected) {
  isnkit_lwip_poll();
  const ip_addr_t *const local = local_address(pcb, address);
  if (local == NULL) return ERR_RTE;
  connection *const c = find_unused();
  if (c == NULL) return ERR_MEM;
  c->tuple = (tuple){*local, *address, pcb->local_port, remote_port};
  err_t result = pcb->local_port == 0 ? bind_allocated(pcb, c) : ERR_OK;
  if (result == ERR_OK && !take_isn(c)) result = ERR_VAL;
  if (result == ERR_OK) {
    attach(pcb, c);
    result = tcp_connect(pcb, address, remote_port, connected);
    if (result != ERR_OK) tcp_ext_arg_set(pcb, own_id, NULL);
  }
  if (result != ERR_OK) leave(c);
  return result;
}

// Segments.

/** True once the device has sent its FIN, or is about to have nothing more to send. */
static bool closing(enum tcp_state state) {
  return state == FIN_WAIT_1 || state == FIN_WAIT_2 || state == CLOSING || state == LAST_ACK ||
         state == TIME_WAIT;
}

/** Of a connection that has queued its FIN: one past all that it has sent or will send. */
static u32_t last_number(const struct tcp_pcb *pcb) {
  // lwIP counts a FIN among what is queued only when the FIN got a segment of its own.
  return pcb->unsent == NULL ? pcb->snd_nxt : pcb->snd_lbb + 1;
}

/** True when this segment ends a connection: the peer's FIN behind ours, or the ACK of ours behind its. */
static bool is_last(const struct tcp_pcb *pcb, const struct tcp_hdr *header) {
  if (pcb->state == FIN_WAIT_1 || pcb->state == FIN_WAIT_2) return TCPH_FLAGS(header) & TCP_FIN;
  if (pcb->state == LAST_ACK || pcb->state == CLOSING) return header->ackno == last_number(pcb);
  return pcb->state == TIME_WAIT;
}

static void note(connection *c, const struct tcp_pcb *pcb, bool fin) {
  c->phase = PHASE_CONNECTED;
  // Behind a FIN nothing can be queued.
  c->final = closing(pcb->state);
  c->end.next = c->final ? last_number(pcb) : pcb->snd_nxt;
  // The peer's FIN takes one number (RFC 9293 §3.4); lwIP counts it only after this hook.
  c->end.peer_next = pcb->rcv_nxt + (fin ? 1 : 0);
#if LWIP_TCP_TIMESTAMPS
  c->end.peer_tsval = pcb->ts_recent;
  c->end.timestamps = (pcb->flags & TF_TIMESTAMP) != 0;
#endif
}

/** A SYN for a port on which the device listens. Without a number behind it, it is as if it had been lost. */
static err_t arrive(const struct tcp_pcb *listener, const struct tcp_hdr *header) {
  if ((TCPH_FLAGS(header) & (TCP_SYN | TCP_ACK | TCP_RST)) != TCP_SYN) return ERR_OK;
  connection *const c = find_unused();
  if (c == NULL) return ERR_MEM;
  c->tuple = (tuple){*ip_current_dest_addr(), *ip_current_src_addr(), listener->local_port,
                     header->src};
  if (!take_isn(c)) {
    c->phase = PHASE_UNUSED;
    return ERR_MEM;
  }
  arriving = c;
  return ERR_OK;
}

/** Whether lwIP takes this for the answer that makes an attempt a connection. */
static bool answers(const struct tcp_pcb *pcb, const struct tcp_hdr *header) {
  const u8_t flags = TCPH_FLAGS(header);
  if ((flags & (TCP_ACK | TCP_RST)) != TCP_ACK || header->ackno != pcb->snd_nxt) return false;
  return pcb->state == SYN_RCVD || (flags & TCP_SYN) != 0;
}

err_t isnkit_lwip_segment(struct tcp_pcb *pcb, struct tcp_hdr *header) {
  isnkit_lwip_poll();
  // A listening pcb is a shorter structure: nothing of it may be read but what all have.
  if (pcb->state == LISTEN) return arrive(pcb, header);
  connection *const c = connection_of(pcb);
  const bool reset = (TCPH_FLAGS(header) & TCP_RST) != 0;
  if (c == NULL) return reset ? ERR_OK : ERR_MEM;
  if (pcb->state < ESTABLISHED) {
    if (answers(pcb, header)) note(c, pcb, false);
    return ERR_OK;
  }
  if (c->phase == PHASE_CLOSED) return ERR_OK;
  note(c, pcb, (TCPH_FLAGS(header) & TCP_FIN) != 0);
  const bool last = is_last(pcb, header);
  const bool done = last ? module_close(&c->tuple, &c->end) : module_advance(&c->tuple, pcb->snd_nxt);
  if (done && last) c->phase = PHASE_CLOSED;
  return done || reset ? ERR_OK : ERR_MEM;
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
  const tuple t = {pcb->local_ip, pcb->remote_ip, pcb->local_port, pcb->remote_port};
  isnkit_lwip_tsval =
      BY_FAMILY(&t, isnkit_timestamp4(ADDRESSES4(&t)), isnkit_timestamp6(ADDRESSES6(&t)));
  if (isnkit_lwip_tsval != 0) {
    option[1] = lwip_htonl(isnkit_lwip_tsval);
  } else {
    // No timestamp is better than one that nobody stands behind.
    for (int i = 0; i < 3; i++) option[i] = FOUR_NOPS;
  }
  return end;
}
#endif
