/**
 * lwIP with an operating system: threads that connect by the netconn interface, over loopback to a server of the same
 * stack, which so is client and server. Prints one line of counts.
 */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "counted_module.h"
#include "isnkit_lwip.h"
#include "lwip/api.h"
#include "lwip/init.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/tcpip.h"

#define THREADS 4
#define ROUNDS 30
#define SERVER_PORT 80
#define CLOSED_PORT 81

static void read_to_end(struct netconn *c) {
  struct netbuf *data;
  while (netconn_recv(c, &data) == ERR_OK) netbuf_delete(data);
}

static void *serve(void *accepted) {
  struct netconn *const c = accepted;
  read_to_end(c);
  netconn_close(c);
  netconn_delete(c);
  return NULL;
}

static void *accept_all(void *listener) {
  for (;;) {
    struct netconn *c;
    if (netconn_accept(listener, &c) != ERR_OK) continue;
    pthread_t thread;
    pthread_create(&thread, NULL, serve, c);
    pthread_detach(thread);
  }
  return NULL;
}

static void finish_talking(struct netconn *c) {
  netconn_shutdown(c, 0, 1);
  read_to_end(c);
}

static unsigned connected[THREADS], failed[THREADS];

static void *connect_often(void *argument) {
  const unsigned own = (unsigned)(uintptr_t)argument;
  ip_addr_t to;
  IP_ADDR4(&to, 127, 0, 0, 1);
  for (unsigned round = 0; round < ROUNDS; round++) {
    struct netconn *const c = netconn_new(NETCONN_TCP);
    if (netconn_connect(c, &to, round % 3 == 0 ? CLOSED_PORT : SERVER_PORT) != ERR_OK) {
      failed[own]++;
    } else {
      connected[own]++;
      netconn_write(c, "hello", 5, NETCONN_COPY);
      // Each second one by a reset; the others wait until the server has closed as well.
      if (round % 2 == 1) c->linger = 0;
      else finish_talking(c);
    }
    netconn_close(c);
    netconn_delete(c);
  }
  return NULL;
}

static sys_sem_t done;

static void on_started(void *argument) {
  (void)argument;
  sys_sem_signal(&done);
}

/** In the tcpip thread: ends what waits, and counts. */
static void finish(void *argument) {
  (void)argument;
  while (tcp_active_pcbs != NULL) tcp_abort(tcp_active_pcbs);
  while (tcp_tw_pcbs != NULL) tcp_abort(tcp_tw_pcbs);
  isnkit_lwip_poll();
  sys_sem_signal(&done);
}

int main(void) {
  pthread_t server, clients[THREADS];
  module_slack = UINT32_MAX;
  module_sees_wire = false;
  sys_sem_new(&done, 0);
  tcpip_init(on_started, NULL);
  sys_sem_wait(&done);
  struct netconn *const listener = netconn_new(NETCONN_TCP);
  netconn_bind(listener, IP_ADDR_ANY, SERVER_PORT);
  netconn_listen(listener);
  pthread_create(&server, NULL, accept_all, listener);
  for (unsigned i = 0; i < THREADS; i++) {
    pthread_create(&clients[i], NULL, connect_often, (void *)(uintptr_t)i);
  }
  unsigned all_connected = 0, all_failed = 0;
  for (unsigned i = 0; i < THREADS; i++) {
    pthread_join(clients[i], NULL);
    all_connected += connected[i];
    all_failed += failed[i];
  }
  tcpip_callback(finish, NULL);
  sys_sem_wait(&done);
  printf("connected=%u failed=%u refused=%u open=%u unbacked=%u\n", all_connected, all_failed,
         module_counts.refused, module_open(), isnkit_lwip_unbacked);
  return 0;
}
