#include "isnkit_freertos.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "isnkit.h"

/** A connection whose reports are refused is ended here, far before the module's guard of 2^18 (docs/abi.md). */
#define UNREPORTED_MAX 0x10000u

/** All in host order, as the module takes them. */
typedef struct tuple {
  uint32_t local, remote;
  uint16_t local_port, remote_port;
} tuple;

typedef struct connection {
  enum {
    UNUSED,
    /** Of a task that binds a socket just now. */
    TAKEN,
    /** Bound to a port of the module, and not connecting yet. */
    BOUND,
    /** An ISN was given out; no peer has answered yet. */
    ATTEMPT,
    CONNECTED,
    /** Over, and the module has not taken that yet. */
    OVER
  } volatile phase;
  tuple tuple;
  /** NULL for a connection that came in: its socket is found by the tuple. */
  const FreeRTOS_Socket_t *socket;
  /** Only what the last turn saw; a turn may send more before the socket is gone. */
  isnkit_end end;
  uint32_t buffer_bytes;
  /** What the module has taken last. */
  uint32_t reported;
  /** The attempt never became a connection. */
  bool abandoned;
} connection;

static connection connections[ISNKIT_FREERTOS_CONNECTIONS];

static connection *take(void) {
  connection *found = NULL;
  taskENTER_CRITICAL();
  for (unsigned i = 0; i < ISNKIT_FREERTOS_CONNECTIONS && found == NULL; i++) {
    if (connections[i].phase == UNUSED) found = &connections[i];
  }
  if (found != NULL) *found = (connection){.phase = TAKEN};
  taskEXIT_CRITICAL();
  return found;
}

static bool abandon(const tuple *t) {
  return isnkit_abandon4(t->local, t->local_port, t->remote, t->remote_port) != 0;
}

/** Tells the module, once. While it refuses, isnkit_freertos_watch() tries again in each turn. */
static void settle(connection *c) {
  const tuple *const t = &c->tuple;
  const bool taken = c->abandoned ? abandon(t)
                                  : isnkit_close4(t->local, t->local_port, t->remote,
                                                  t->remote_port, &c->end) != 0;
  c->phase = taken ? UNUSED : OVER;
}

static void end_attempt(connection *c) {
  c->abandoned = true;
  settle(c);
}

static const FreeRTOS_Socket_t *owner_of(const ListItem_t *item) {
  return listGET_LIST_ITEM_OWNER(item);
}

#define FOR_EACH_SOCKET(item)                                                         \
  for (const ListItem_t *item = (const ListItem_t *)listGET_HEAD_ENTRY(&xBoundTCPSocketsList); \
       item != (const ListItem_t *)listGET_END_MARKER(&xBoundTCPSocketsList);         \
       item = listGET_NEXT(item))

/** The socket that is connecting from this port to this peer: only then it was the device that asked. */
static const FreeRTOS_Socket_t *connecting(uint16_t local_port, uint32_t remote,
                                           uint16_t remote_port) {
  FOR_EACH_SOCKET(item) {
    const FreeRTOS_Socket_t *const s = owner_of(item);
    if (s->usLocalPort == local_port && ISNKIT_FREERTOS_STATE(s) == (int)eCONNECT_SYN &&
        ISNKIT_FREERTOS_REMOTE(s) == remote && s->u.xTCP.usRemotePort == remote_port) {
      return s;
    }
  }
  return NULL;
}

static connection *bound_to(const FreeRTOS_Socket_t *socket) {
  for (unsigned i = 0; i < ISNKIT_FREERTOS_CONNECTIONS; i++) {
    if (connections[i].phase == BOUND && connections[i].socket == socket) return &connections[i];
  }
  return NULL;
}

/** The number of the first SYN or SYN-ACK; 0 when the module refuses. */
static uint32_t open(connection *c, const tuple *t, const FreeRTOS_Socket_t *socket) {
  bool was_bound = c->phase == BOUND;
  if (was_bound && memcmp(&c->tuple, t, sizeof *t) != 0) {
    // Bound for another peer than it connects to.
    if (!abandon(&c->tuple)) return 0;
    was_bound = false;
  }
  c->tuple = *t;
  c->socket = socket;
  const uint32_t isn = isnkit_isn4(t->local, t->local_port, t->remote, t->remote_port);
  c->end = (isnkit_end){.next = isn + 1};
  c->reported = isn;
  if (isn != 0) c->phase = ATTEMPT;
  else if (!was_bound) c->phase = UNUSED;
  return isn;
}

/**
 * Called by FreeRTOS+TCP in the IP task for each connection; 0 tells the stack to give it up, which is what a refusal
 * is. The arguments come in other byte orders by role and version (read in V2.3.4, V3.1.0, V4.0.0 and V4.4.1):
 *
 *   the device connects       local address: network order, in V4 host order or 0; all else host order
 *   a peer connects           local port host order; all else network order
 *
 * So the role is found by the stack's own socket, and each number is brought to host order: the tuple is the same
 * for the ISN, for reports, and over versions. In V4 the address is taken from the socket's end-point, which is what
 * the wire shows.
 *
 * The hook has no IPv6 variant: builds with IPv6 hand over four bytes of each address when the device connects over
 * IPv6. Such a connection is refused, for its number would not be that of its tuple. What comes in over IPv6 takes
 * xApplicationGetRandomNumber() and never comes here.
 */
uint32_t ulApplicationGetNextSequenceNumber(uint32_t ulSourceAddress, uint16_t usSourcePort,
                                            uint32_t ulDestinationAddress,
                                            uint16_t usDestinationPort) {
  const FreeRTOS_Socket_t *const socket =
      connecting(usSourcePort, ulDestinationAddress, usDestinationPort);
  tuple t = {.local = FreeRTOS_ntohl(ulSourceAddress), .local_port = usSourcePort};
  connection *c = NULL;
  if (socket != NULL) {
    if (ISNKIT_FREERTOS_IS_IPV6(socket)) return 0;
#if ipFR_TCP_VERSION_MAJOR >= 4
    if (socket->pxEndPoint == NULL) return 0;
    t.local = FreeRTOS_ntohl(socket->pxEndPoint->ipv4_settings.ulIPAddress);
#endif
    t.remote = ulDestinationAddress;
    t.remote_port = usDestinationPort;
    c = bound_to(socket);
  } else {
    t.remote = FreeRTOS_ntohl(ulDestinationAddress);
    t.remote_port = FreeRTOS_ntohs(usDestinationPort);
  }
  if (t.local == 0 || t.remote == 0) return 0;
  if (c == NULL) c = take();
  return c == NULL ? 0 : open(c, &t, socket);
}

static BaseType_t bind_to(Socket_t socket, uint16_t port) {
  struct freertos_sockaddr address;
  memset(&address, 0, sizeof address);
  address.sin_len = sizeof address;
  address.sin_family = FREERTOS_AF_INET;
  address.sin_port = FreeRTOS_htons(port);
  return FreeRTOS_bind(socket, &address, sizeof address);
}

BaseType_t isnkit_freertos_bind(Socket_t socket, uint32_t local, uint32_t peer, uint16_t peer_port) {
  connection *const c = take();
  if (c == NULL) return -pdFREERTOS_ERRNO_ENOMEM;
  c->tuple = (tuple){.local = FreeRTOS_ntohl(local), .remote = FreeRTOS_ntohl(peer),
                     .remote_port = FreeRTOS_ntohs(peer_port)};
  BaseType_t result = -pdFREERTOS_ERRNO_EADDRINUSE;
  // A port that is in use is held by a connection that this table knows, or by a server of the device.
  for (unsigned tries = 2 * ISNKIT_FREERTOS_CONNECTIONS; tries > 0; tries--) {
    c->tuple.local_port = isnkit_port4(c->tuple.local, c->tuple.remote, c->tuple.remote_port);
    if (c->tuple.local_port == 0) break;
    result = bind_to(socket, c->tuple.local_port);
    if (result == 0) {
      c->socket = socket;
      c->phase = BOUND;
      return 0;
    }
    if (!abandon(&c->tuple)) {
      end_attempt(c);
      return result;
    }
    if (result != -pdFREERTOS_ERRNO_EADDRINUSE) break;
  }
  c->phase = UNUSED;
  return result;
}

// What becomes of a connection.

static const FreeRTOS_Socket_t *socket_of(const connection *c) {
  FOR_EACH_SOCKET(item) {
    const FreeRTOS_Socket_t *const s = owner_of(item);
    if (s->usLocalPort != c->tuple.local_port) continue;
    if (c->socket != NULL ? s == c->socket
                          : ISNKIT_FREERTOS_REMOTE(s) == c->tuple.remote &&
                                s->u.xTCP.usRemotePort == c->tuple.remote_port) {
      return s;
    }
  }
  return NULL;
}

/** In these the stack holds no connection (any more): its eCLOSE_WAIT waits for the application. */
static bool is_over(int state) {
  return state == (int)eCLOSED || state == (int)eTCP_LISTEN || state == (int)eCLOSE_WAIT;
}

static void note(connection *c, const FreeRTOS_Socket_t *s, int state) {
  const TCPWindow_t *const window = &s->u.xTCP.xTCPWindow;
  // Behind all that was handed over for sending, but for the FIN.
  c->end.next = window->ulNextTxSequenceNumber + (state == (int)eESTABLISHED ? 0 : 1);
  c->end.peer_next = window->rx.ulCurrentSequenceNumber;
  c->buffer_bytes = (uint32_t)s->u.xTCP.uxTxStreamSize;
}

/** Whether the peer has answered; when the end came in the same turn the socket's numbers tell. */
static bool became_connection(const connection *c, const FreeRTOS_Socket_t *s, int state) {
  if (!is_over(state)) return state >= (int)eESTABLISHED;
  // Without data behind its SYN it used no more numbers than an attempt.
  return (int32_t)(s->u.xTCP.xTCPWindow.ulNextTxSequenceNumber - c->end.next) > 0;
}

static void follow(connection *c) {
  const FreeRTOS_Socket_t *const s = socket_of(c);
  if (c->phase == BOUND) {
    if (s == NULL) end_attempt(c);
    return;
  }
  const int state = s == NULL ? (int)eCLOSED : ISNKIT_FREERTOS_STATE(s);
  if (c->phase == ATTEMPT && s != NULL && became_connection(c, s, state)) c->phase = CONNECTED;
  if (c->phase == CONNECTED && s != NULL) note(c, s, state);
  if (is_over(state)) {
    if (c->phase == ATTEMPT) return end_attempt(c);
    // A socket that is gone may have sent what its buffer held, and a FIN.
    if (s == NULL) c->end.next += c->buffer_bytes + 1;
    return settle(c);
  }
  if (c->phase != CONNECTED) return;
  const tuple *const t = &c->tuple;
  if (isnkit_advance4(t->local, t->local_port, t->remote, t->remote_port, c->end.next)) {
    c->reported = c->end.next;
  } else if (c->end.next - c->reported > UNREPORTED_MAX) {
    // The stack has no way to pause a sender.
    vTCPStateChange((FreeRTOS_Socket_t *)(uintptr_t)s, eCLOSE_WAIT);
  }
}

void isnkit_freertos_watch(void) {
  for (unsigned i = 0; i < ISNKIT_FREERTOS_CONNECTIONS; i++) {
    connection *const c = &connections[i];
    if (c->phase == OVER) settle(c);
    else if (c->phase == BOUND || c->phase == ATTEMPT || c->phase == CONNECTED) follow(c);
  }
}
