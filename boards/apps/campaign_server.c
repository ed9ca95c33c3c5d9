#include "campaign_server.h"

#include <stddef.h>

#include "lwip/tcp.h"

static err_t on_received(void *argument, struct tcp_pcb *pcb, struct pbuf *p, err_t error) {
  (void)argument;
  (void)error;
  if (p == NULL) {
    tcp_close(pcb);
    return ERR_OK;
  }
  tcp_recved(pcb, p->tot_len);
  pbuf_free(p);
  return ERR_OK;
}

static err_t on_accepted(void *argument, struct tcp_pcb *pcb, err_t error) {
  (void)argument;
  if (error != ERR_OK || pcb == NULL) return ERR_VAL;
  tcp_recv(pcb, on_received);
  return ERR_OK;
}

const char *campaign_server_listen(const console_command *command) {
  static struct tcp_pcb *listener;
  uint32_t port = 0;
  if (!console_number(command, "port", &port)) return CONSOLE_NOT_A_NUMBER;
  if (port < 1 || port > UINT16_MAX) return "port-1-to-65535";
  if (listener != NULL) return "listening";
  struct tcp_pcb *const pcb = tcp_new();
  if (pcb == NULL || tcp_bind(pcb, IP_ADDR_ANY, (u16_t)port) != ERR_OK) return "in-use";
  listener = tcp_listen(pcb);
  if (listener == NULL) return "no-memory";
  tcp_accept(listener, on_accepted);
  return NULL;
}
