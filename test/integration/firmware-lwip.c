/** The lwIP hook for a segment, with a module that answers as told: prints what the hook makes of it. */
#include <stdio.h>

#include "isnkit.h"
#include "lwip/prot/tcp.h"
#include "lwip/tcp.h"

#include "isnkit_lwip_hooks.h"

static uint32_t answer;
static uint32_t reported;
static uint32_t peer_reported;
static const char *called;

uint32_t isnkit_advance4(uint32_t local, uint16_t local_port, uint32_t remote, uint16_t remote_port,
                         uint32_t next) {
  (void)local, (void)local_port, (void)remote, (void)remote_port;
  called = "advance";
  reported = next;
  return answer;
}

uint32_t isnkit_close4(uint32_t local, uint16_t local_port, uint32_t remote, uint16_t remote_port,
                       const isnkit_end *end) {
  (void)local, (void)local_port, (void)remote, (void)remote_port;
  called = "close";
  reported = end->next;
  peer_reported = end->peer_next;
  return answer;
}

// The rest of what the adapter links against is not called here.
uint32_t isnkit_isn4(uint32_t a, uint16_t b, uint32_t c, uint16_t d) {
  (void)a, (void)b, (void)c, (void)d;
  return 0;
}
uint16_t isnkit_port4(uint32_t a, uint32_t b, uint16_t c) {
  (void)a, (void)b, (void)c;
  return 0;
}
u32_t lwip_htonl(u32_t x) { return __builtin_bswap32(x); }
u16_t lwip_htons(u16_t x) { return __builtin_bswap16(x); }
struct netif *ip4_route(const ip4_addr_t *to) {
  (void)to;
  return NULL;
}
err_t tcp_bind(struct tcp_pcb *pcb, const ip_addr_t *address, u16_t port) {
  (void)pcb, (void)address, (void)port;
  return ERR_OK;
}
err_t tcp_connect(struct tcp_pcb *pcb, const ip_addr_t *address, u16_t port, tcp_connected_fn fn) {
  (void)pcb, (void)address, (void)port, (void)fn;
  return ERR_OK;
}
const ip_addr_t ip_addr_any = {0};

/** Arguments are read from stdin, one line a segment: state, flags, snd_nxt, rcv_nxt, the module's answer. */
int main(void) {
  unsigned state, flags, next, peer_next, says;
  while (scanf("%u %u %u %u %u", &state, &flags, &next, &peer_next, &says) == 5) {
    struct tcp_pcb pcb = {
        .state = (enum tcp_state)state, .snd_nxt = next, .rcv_nxt = peer_next};
    struct tcp_hdr header = {0};
    TCPH_HDRLEN_FLAGS_SET(&header, 5, flags);
    answer = says;
    called = "none";
    reported = peer_reported = 0;
    const err_t verdict = isnkit_lwip_segment(&pcb, &header);
    printf("%s %u", called, (unsigned)reported);
    if (peer_reported != 0) printf(" from %u", (unsigned)peer_reported);
    puts(verdict == ERR_OK ? " taken" : " dropped");
  }
  return 0;
}
