#include "scripted_peer.h"

#include <string.h>

#include "counted_module.h"
#include "lwip/ip.h"
#include "lwip/netif.h"
#include "lwip/pbuf.h"
#include "lwip/prot/ip.h"
#include "lwip/prot/ip4.h"
#include "lwip/prot/ip6.h"
#include "lwip/prot/tcp.h"

#define CONVERSATIONS 64u
#define QUEUE 64u

typedef struct conversation {
  bool ipv6, calls, vanished, fin_sent;
  peer_script script;
  bool closes;
  unsigned segments;
  uint16_t device_port, own_port;
  /** The peer's next number, and the one that it expects. */
  uint32_t next, expected;
} conversation;

static struct netif netif;
static conversation conversations[CONVERSATIONS];
static unsigned newest;
static peer_script script_to_come;
static bool closes_to_come;

static struct pbuf *queue[QUEUE];
static unsigned queued;

static const uint8_t device4[] = {10, 77, 0, 2}, peer4[] = {10, 77, 0, 1};
static const uint8_t device6[16] = {0xfd, [15] = 2}, peer6[16] = {0xfd, [15] = 1};

void peer_behave(peer_script script, bool closes) {
  script_to_come = script;
  closes_to_come = closes;
}

static conversation *begin(bool ipv6, uint16_t device_port, uint16_t own_port) {
  conversation *const c = &conversations[newest++ % CONVERSATIONS];
  *c = (conversation){.ipv6 = ipv6, .script = script_to_come, .closes = closes_to_come,
                      .device_port = device_port, .own_port = own_port,
                      .next = 0x51000000u + newest * 100000u};
  return c;
}

static conversation *find(bool ipv6, uint16_t device_port, uint16_t own_port) {
  for (unsigned i = 0; i < CONVERSATIONS; i++) {
    conversation *const c = &conversations[i];
    if (c->ipv6 == ipv6 && c->device_port == device_port && c->own_port == own_port) return c;
  }
  return NULL;
}

static void put32(uint8_t *at, uint32_t value) {
  for (unsigned i = 0; i < 4; i++) at[i] = (uint8_t)(value >> (24 - 8 * i));
}
static uint32_t get32(const uint8_t *at) {
  return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}
static void put16(uint8_t *at, uint32_t value) {
  at[0] = (uint8_t)(value >> 8);
  at[1] = (uint8_t)value;
}
static uint16_t get16(const uint8_t *at) { return (uint16_t)(at[0] << 8 | at[1]); }

/** A segment to the device. SYN, FIN and data take numbers of the peer. */
static void send(conversation *c, uint8_t flags, uint32_t data) {
  uint8_t packet[40 + 20 + 600] = {0};
  const unsigned header = c->ipv6 ? 40 : 20;
  uint8_t *const tcp = packet + header;
  const unsigned total = header + 20 + data;
  if (c->ipv6) {
    packet[0] = 0x60;
    put16(packet + 4, 20 + data);
    packet[6] = IP_PROTO_TCP;
    packet[7] = 64;
    memcpy(packet + 8, peer6, 16);
    memcpy(packet + 24, device6, 16);
  } else {
    packet[0] = 0x45;
    put16(packet + 2, total);
    packet[8] = 64;
    packet[9] = IP_PROTO_TCP;
    memcpy(packet + 12, peer4, 4);
    memcpy(packet + 16, device4, 4);
  }
  put16(tcp, c->own_port);
  put16(tcp + 2, c->device_port);
  put32(tcp + 4, c->next);
  put32(tcp + 8, (flags & TCP_ACK) ? c->expected : 0);
  tcp[12] = 5 << 4;
  tcp[13] = flags;
  put16(tcp + 14, 1000);
  c->next += data + ((flags & TCP_SYN) ? 1 : 0) + ((flags & TCP_FIN) ? 1 : 0);
  struct pbuf *const p = pbuf_alloc(PBUF_RAW, (u16_t)total, PBUF_RAM);
  LWIP_ASSERT("room for a packet", p != NULL && queued < QUEUE);
  pbuf_take(p, packet, (u16_t)total);
  queue[queued++] = p;
}

static void reset(conversation *c) {
  send(c, TCP_RST | TCP_ACK, 0);
  c->vanished = true;
}

static void close_own(conversation *c) {
  if (c->fin_sent) return;
  c->fin_sent = true;
  send(c, TCP_FIN | TCP_ACK, 0);
}

/** To a segment that comes again. */
static void repeat(conversation *c) {
  if (c->fin_sent) c->next--;
  send(c, c->fin_sent ? TCP_FIN | TCP_ACK : TCP_ACK, 0);
}

/** The device's part of the handshake, or its SYN-ACK, is there. */
static void on_handshake(conversation *c) {
  if (c->script == PEER_RESETS_AFTER_HANDSHAKE) return reset(c);
  if (c->script == PEER_VANISHES_AFTER_HANDSHAKE) c->vanished = true;
}

static void on_fin(conversation *c) {
  if (c->script == PEER_RESETS_ON_FIN) return reset(c);
  if (c->script == PEER_VANISHES_ON_FIN) {
    c->vanished = true;
    return;
  }
  if (c->script == PEER_CLOSES_TOO && !c->fin_sent) {
    // As if it had not seen the device's FIN yet.
    c->expected--;
    close_own(c);
    c->expected++;
  }
  send(c, TCP_ACK, 0);
  if (c->script == PEER_RESETS_IN_FIN_WAIT && !c->fin_sent) return reset(c);
  close_own(c);
}

static void on_segment(bool ipv6, const uint8_t *tcp, uint32_t tcp_bytes) {
  const uint16_t device_port = get16(tcp);
  const uint16_t own_port = get16(tcp + 2);
  const uint32_t sequence = get32(tcp + 4);
  const uint8_t flags = tcp[13];
  const uint32_t data = tcp_bytes - 4u * (tcp[12] >> 4);
  const uint32_t taken = data + ((flags & TCP_SYN) ? 1 : 0) + ((flags & TCP_FIN) ? 1 : 0);
  module_watch(ipv6 ? device6 : device4, device_port, ipv6 ? peer6 : peer4, own_port, ipv6 ? 16 : 4,
               sequence + taken);
  conversation *c = find(ipv6, device_port, own_port);
  if (flags & TCP_RST) {
    if (c != NULL) c->vanished = true;
    return;
  }
  if ((flags & (TCP_SYN | TCP_ACK)) == TCP_SYN) {
    if (c == NULL) c = begin(ipv6, device_port, own_port);
    c->expected = sequence + 1;
    if (c->script == PEER_SILENT) return;
    if (c->script == PEER_REFUSES) return reset(c);
    send(c, TCP_SYN | TCP_ACK, 0);
    return;
  }
  if (c == NULL || c->vanished) return;
  if (flags & TCP_SYN) {
    if (c->script == PEER_SILENT) return;
    c->expected = sequence + 1;
    if (c->script == PEER_REFUSES) return reset(c);
    send(c, TCP_ACK, 0);
    on_handshake(c);
    if (!c->vanished) send(c, TCP_ACK | TCP_PSH, 10);
    return;
  }
  if (!c->calls) on_handshake(c);
  if (c->vanished || taken == 0) return;
  if (sequence != c->expected) return repeat(c);
  if (data > 0) {
    if (c->script == PEER_RESETS_ON_DATA) return reset(c);
    c->segments++;
    if (c->script == PEER_VANISHES_ON_DATA ||
        (c->script == PEER_VANISHES_LATE && c->segments == 4)) {
      c->vanished = true;
      return;
    }
    c->expected += data;
    send(c, TCP_ACK, 0);
    if (c->closes) close_own(c);
  }
  if (flags & TCP_FIN) {
    c->expected++;
    on_fin(c);
  }
}

static err_t sent(bool ipv6, const struct pbuf *p) {
  uint8_t packet[1600];
  const u16_t bytes = pbuf_copy_partial(p, packet, sizeof packet, 0);
  const unsigned header = ipv6 ? 40 : 20;
  if (packet[ipv6 ? 6 : 9] == IP_PROTO_TCP) on_segment(ipv6, packet + header, bytes - header);
  return ERR_OK;
}

static err_t sent4(struct netif *from, struct pbuf *p, const ip4_addr_t *to) {
  (void)from, (void)to;
  return sent(false, p);
}

static err_t sent6(struct netif *from, struct pbuf *p, const ip6_addr_t *to) {
  (void)from, (void)to;
  return sent(true, p);
}

static err_t set_up(struct netif *of) {
  of->name[0] = 't';
  of->name[1] = 'p';
  of->mtu = 1500;
  of->output = sent4;
  of->output_ip6 = sent6;
  return ERR_OK;
}

void peer_begin(void) {
  ip4_addr_t address, mask, gateway;
  IP4_ADDR(&address, 10, 77, 0, 2);
  IP4_ADDR(&mask, 255, 255, 255, 0);
  IP4_ADDR(&gateway, 10, 77, 0, 1);
  netif_add(&netif, &address, &mask, &gateway, NULL, set_up, ip_input);
  netif_set_default(&netif);
  netif_set_up(&netif);
  netif_set_link_up(&netif);
  ip6_addr_t six;
  IP6_ADDR(&six, PP_HTONL(0xfd000000u), 0, 0, PP_HTONL(2u));
  ip6_addr_clear_zone(&six);
  netif_ip6_addr_set(&netif, 0, &six);
  netif_ip6_addr_set_state(&netif, 0, IP6_ADDR_PREFERRED);
}

void peer_call(bool ipv6, uint16_t device_port) {
  static uint16_t port = 20000;
  conversation *const c = begin(ipv6, device_port, port++);
  c->calls = true;
  send(c, TCP_SYN, 0);
}

void peer_deliver(void) {
  while (queued > 0) {
    struct pbuf *const p = queue[0];
    queued--;
    memmove(queue, queue + 1, queued * sizeof *queue);
    if (netif.input(p, &netif) != ERR_OK) pbuf_free(p);
  }
}
