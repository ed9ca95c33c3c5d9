/**
 * The adapter for FreeRTOS+TCP under a stack that is played: it keeps the list of sockets and the turns of the IP task,
 * and calls the hook as the version does that ISNKIT_FREERTOS_PROTOTYPES names. Commands on stdin, one a line:
 *
 *   connect KIND COUNT   the device opens connections, bound to a port alone
 *   accept KIND COUNT    a peer does
 *   unbound KIND COUNT   the device does, past isnkit_freertos_bind()
 *   elsewhere KIND COUNT the device does, to another peer than it was bound for
 *   idle COUNT           sockets are bound, never connected, and closed
 *   refuse WHAT TIMES    as in lwip-host/failures.c
 *   occupy COUNT         another socket holds the ports that the module gives next
 *   turn                 the IP task turns
 *
 * KIND: good, refused, silent, reset, aborted, fast (all of it in one turn), busy (sends 300,000 bytes).
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "counted_module.h"
#include "isnkit_freertos.h"

#define DEVICE 0x0A4D0002u
#define PEER 0x0A4D0001u
#define BUFFER_BYTES 4096u

typedef struct played {
  FreeRTOS_Socket_t socket;
  ListItem_t item;
  uint32_t peer_host;
  uint16_t peer_port_host;
  uint32_t next;
} played;

List_t xBoundTCPSocketsList = {{&xBoundTCPSocketsList.xListEnd, NULL}};
static NetworkEndPoint_t end_point;
static unsigned held_ports;
static uint16_t held_from;
static unsigned connected, failed, cut;

void vTaskEnterCritical(void) {}
void vTaskExitCritical(void) {}

static void link_in(played *p) {
  p->item = (ListItem_t){xBoundTCPSocketsList.xListEnd.pxNext, &p->socket};
  xBoundTCPSocketsList.xListEnd.pxNext = &p->item;
}

static void unlink_from(played *p) {
  ListItem_t *at = &xBoundTCPSocketsList.xListEnd;
  while (at->pxNext != &p->item) {
    if (at->pxNext == &xBoundTCPSocketsList.xListEnd) return;
    at = at->pxNext;
  }
  at->pxNext = p->item.pxNext;
}

static void set_state(FreeRTOS_Socket_t *s, eIPTCPState_t state) {
#if ipFR_TCP_VERSION_MAJOR >= 3
  s->u.xTCP.eTCPState = state;
#else
  s->u.xTCP.ucTCPState = (uint8_t)state;
#endif
}

void vTCPStateChange(FreeRTOS_Socket_t *s, enum eTCP_STATE state) {
  cut++;
  set_state(s, state);
}

static void set_remote(FreeRTOS_Socket_t *s, uint32_t host_order, uint16_t port) {
#if ipFR_TCP_VERSION_MAJOR >= 4
  s->u.xTCP.xRemoteIP.ulIP_IPv4 = host_order;
#else
  s->u.xTCP.ulRemoteIP = host_order;
#endif
  s->u.xTCP.usRemotePort = port;
}

BaseType_t FreeRTOS_bind(Socket_t socket, struct freertos_sockaddr const *address, socklen_t bytes) {
  (void)bytes;
  const uint16_t port = FreeRTOS_ntohs(address->sin_port);
  if (port >= held_from && port < held_from + held_ports) return -pdFREERTOS_ERRNO_EADDRINUSE;
  socket->usLocalPort = port;
  link_in((played *)(void *)socket);
  return 0;
}

static played *new_socket(void) {
  played *const p = calloc(1, sizeof *p);
  p->socket.u.xTCP.uxTxStreamSize = BUFFER_BYTES;
  return p;
}

static void turn(void) { isnkit_freertos_watch(); }

/** FreeRTOS_closesocket(): nothing is sent, and no state changes. */
static void close_socket(played *p) {
  unlink_from(p);
  free(p);
  turn();
}

/** The wire shows the device's numbers up to `next`. */
static void show(const played *p) {
  uint8_t local[4], peer[4];
  for (unsigned i = 0; i < 4; i++) {
    local[i] = (uint8_t)(DEVICE >> (24 - 8 * i));
    peer[i] = (uint8_t)(p->peer_host >> (24 - 8 * i));
  }
  module_watch(local, p->socket.usLocalPort, peer, p->peer_port_host, 4, p->next);
}

static void send_bytes(played *p, uint32_t bytes) {
  p->next += bytes;
  p->socket.u.xTCP.xTCPWindow.ulNextTxSequenceNumber = p->next;
  show(p);
}

/** From the first SYN or SYN-ACK, which took `isn`. */
static void talk(played *p, uint32_t isn, const char *kind, bool active) {
  const bool in_one_turn = strcmp(kind, "fast") == 0;
  FreeRTOS_Socket_t *const s = &p->socket;
  p->next = isn;
  send_bytes(p, 1);
  if (!active) s->u.xTCP.xTCPWindow.rx.ulCurrentSequenceNumber = 77;
  if (!in_one_turn) turn();
  if (strcmp(kind, "refused") == 0) return set_state(s, eCLOSED);
  if (strcmp(kind, "silent") == 0) return set_state(s, eCLOSE_WAIT);
  s->u.xTCP.xTCPWindow.rx.ulCurrentSequenceNumber = 77;
  set_state(s, eESTABLISHED);
  connected++;
  if (!in_one_turn) turn();
  for (uint32_t sent = 0; sent < (strcmp(kind, "busy") == 0 ? 300000u : 3000u); sent += 3000) {
    if (ISNKIT_FREERTOS_STATE(s) != (int)eESTABLISHED) return;
    send_bytes(p, 3000);
    if (!in_one_turn) turn();
  }
  if (strcmp(kind, "aborted") == 0) {
    // On its way in the turn that closes it.
    send_bytes(p, BUFFER_BYTES);
    return;
  }
  if (strcmp(kind, "reset") == 0 || in_one_turn) return set_state(s, eCLOSED);
  set_state(s, eFIN_WAIT_1);
  p->next++;
  show(p);
  turn();
  set_state(s, eFIN_WAIT_2);
  turn();
  set_state(s, eCLOSE_WAIT);
}

static void connect_one(const char *kind, const char *how) {
  static uint16_t own_port = 3000;
  played *const p = new_socket();
  FreeRTOS_Socket_t *const s = &p->socket;
  const uint16_t asked_port = strcmp(how, "elsewhere") == 0 ? 26 : 25;
  p->peer_host = PEER;
  p->peer_port_host = 25;
  s->pxEndPoint = &end_point;
  if (strcmp(how, "unbound") == 0) {
    s->usLocalPort = own_port++;
    link_in(p);
  } else if (isnkit_freertos_bind(s, FreeRTOS_ntohl(DEVICE), FreeRTOS_ntohl(PEER),
                                  FreeRTOS_htons(asked_port)) != 0) {
    failed++;
    return close_socket(p);
  }
  turn();
  set_remote(s, p->peer_host, p->peer_port_host);
  set_state(s, eCONNECT_SYN);
  // In V4 a socket that is bound to a port alone has no address.
  const uint32_t local = ipFR_TCP_VERSION_MAJOR >= 4 ? 0 : FreeRTOS_ntohl(DEVICE);
  const uint32_t isn = ulApplicationGetNextSequenceNumber(local, s->usLocalPort, p->peer_host,
                                                          p->peer_port_host);
  if (isn == 0) {
    failed++;
    set_state(s, eCLOSE_WAIT);
  } else {
    talk(p, isn, kind, true);
  }
  if (strcmp(kind, "aborted") != 0) turn();
  close_socket(p);
}

static void accept_one(const char *kind) {
  static uint16_t peer_port = 20000;
  const uint16_t from = peer_port++;
  const uint32_t isn = ulApplicationGetNextSequenceNumber(FreeRTOS_ntohl(DEVICE), 80,
                                                          FreeRTOS_ntohl(PEER), FreeRTOS_htons(from));
  if (isn == 0) {
    failed++;
    return turn();
  }
  played *const p = new_socket();
  p->peer_host = PEER;
  p->peer_port_host = from;
  p->socket.usLocalPort = 80;
  set_remote(&p->socket, PEER, from);
  set_state(&p->socket, eSYN_FIRST);
  link_in(p);
  talk(p, isn, kind, false);
  if (strcmp(kind, "aborted") != 0) turn();
  close_socket(p);
}

static void idle_one(void) {
  played *const p = new_socket();
  if (isnkit_freertos_bind(&p->socket, FreeRTOS_ntohl(DEVICE), FreeRTOS_ntohl(PEER),
                           FreeRTOS_htons(25)) != 0) {
    failed++;
  }
  turn();
  close_socket(p);
}

int main(void) {
  char line[128];
  module_slack = BUFFER_BYTES + 1;
  end_point.ipv4_settings.ulIPAddress = FreeRTOS_ntohl(DEVICE);
  while (fgets(line, sizeof line, stdin) != NULL) {
    char what[16], kind[16];
    unsigned count;
    if (strcmp(line, "turn\n") == 0) {
      turn();
    } else if (sscanf(line, "idle %u", &count) == 1) {
      for (; count > 0; count--) idle_one();
    } else if (sscanf(line, "occupy %u", &held_ports) == 1) {
      held_from = module_next_port;
    } else if (sscanf(line, "refuse %15s %u", kind, &count) == 2) {
      module_refuses = strcmp(kind, "all") == 0;
      module_refuses_call = kind[0];
      module_refuses_times = module_refuses || strcmp(kind, "none") == 0 ? 0 : count;
    } else if (sscanf(line, "%15s %15s %u", what, kind, &count) == 3) {
      for (; count > 0; count--) {
        if (strcmp(what, "accept") == 0) accept_one(kind);
        else connect_one(kind, what);
      }
    } else {
      printf("fault: what is %s", line);
    }
    printf("connected=%u failed=%u cut=%u opened=%u closed=%u abandoned=%u refused=%u open=%u\n",
           connected, failed, cut, module_counts.opened, module_counts.closed,
           module_counts.abandoned, module_counts.refused, module_open());
    connected = failed = cut = 0;
    module_counts = (counted){0};
    fflush(stdout);
  }
  return 0;
}
