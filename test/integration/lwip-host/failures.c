/**
 * Connections that end in every way, on lwIP itself with isnkit's glue, the ledger of counted_module.c in place of the
 * module, and a peer that goes by a script. Commands on stdin, one a line, each answered by one line:
 *
 *   connect FAMILY PEER DEVICE COUNT MS     the device opens COUNT connections, and MS pass after each
 *   accept FAMILY PEER DEVICE COUNT MS      the peer does
 *   plain FAMILY PEER DEVICE COUNT MS       by tcp_connect(), past the glue
 *   refuse WHAT TIMES     all: every call until `refuse none 0`; i, p, a, c: calls of one kind
 *   occupy COUNT          something else holds the ports that the module gives next
 *   run MS                time passes
 *   drop                  the device aborts what has not ended
 *
 * FAMILY 4 or 6; PEER a number of peer_script, +100 when it closes first; DEVICE a number of device_script.
 */
#include <stdio.h>
#include <string.h>

#include "counted_module.h"
#include "isnkit_lwip.h"
#include "lwip/init.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/tcp.h"
#include "lwip/timeouts.h"
#include "scripted_peer.h"

/** What the device's application does. */
enum device_script {
  DEVICE_CLOSES,
  /** After the peer's FIN. */
  DEVICE_FOLLOWS,
  DEVICE_ABORTS_OPENING,
  DEVICE_ABORTS_CONNECTED,
  /** With data on the way. */
  DEVICE_ABORTS_SENDING,
  DEVICE_ABORTS_AFTER_FIN_OF_PEER,
  /** While data waits that it did not read: lwIP sends RST. */
  DEVICE_CLOSES_UNREAD,
  DEVICE_SHUTS_ONE_WAY,
};

#define STEP_MS 50u
#define SERVER_PORT 80
#define BACKLOG 3

static u32_t now_ms;
u32_t sys_now(void) { return now_ms; }

static enum device_script script;
static unsigned connected_count, failed_count, error_count;
static struct tcp_pcb *opening;

static void run(u32_t ms) {
  for (u32_t end = now_ms + ms; now_ms < end; now_ms += STEP_MS) {
    peer_deliver();
    sys_check_timeouts();
    isnkit_lwip_poll();
  }
  peer_deliver();
  isnkit_lwip_poll();
}

static void on_error(void *argument, err_t error) {
  (void)argument, (void)error;
  opening = NULL;
  error_count++;
}

static err_t abort_now(struct tcp_pcb *pcb) {
  tcp_abort(pcb);
  return ERR_ABRT;
}

static err_t on_received(void *argument, struct tcp_pcb *pcb, struct pbuf *p, err_t error) {
  (void)argument, (void)error;
  if (p != NULL) {
    if (script == DEVICE_CLOSES_UNREAD) {
      pbuf_free(p);
      tcp_close(pcb);
      return ERR_OK;
    }
    tcp_recved(pcb, p->tot_len);
    pbuf_free(p);
    return ERR_OK;
  }
  if (script == DEVICE_ABORTS_AFTER_FIN_OF_PEER) return abort_now(pcb);
  if (script != DEVICE_CLOSES) tcp_close(pcb);
  return ERR_OK;
}

static err_t begin_talking(struct tcp_pcb *pcb) {
  static const uint8_t data[TCP_SND_BUF];
  connected_count++;
  opening = NULL;
  if (script == DEVICE_ABORTS_CONNECTED) return abort_now(pcb);
  tcp_write(pcb, data, sizeof data, 0);
  if (script == DEVICE_ABORTS_SENDING) {
    tcp_output(pcb);
    return abort_now(pcb);
  }
  if (script == DEVICE_CLOSES) tcp_close(pcb);
  if (script == DEVICE_SHUTS_ONE_WAY) tcp_shutdown(pcb, 0, 1);
  return ERR_OK;
}

static err_t on_connected(void *argument, struct tcp_pcb *pcb, err_t error) {
  (void)argument, (void)error;
  return begin_talking(pcb);
}

static void give_callbacks(struct tcp_pcb *pcb) {
  tcp_err(pcb, on_error);
  tcp_recv(pcb, on_received);
}

static err_t on_accepted(void *argument, struct tcp_pcb *pcb, err_t error) {
  (void)argument;
  if (error != ERR_OK || pcb == NULL) return ERR_VAL;
  give_callbacks(pcb);
  return begin_talking(pcb);
}

static void listen(void) {
  struct tcp_pcb *pcb = tcp_new_ip_type(IPADDR_TYPE_ANY);
  tcp_bind(pcb, IP_ANY_TYPE, SERVER_PORT);
  pcb = tcp_listen_with_backlog(pcb, BACKLOG);
  tcp_accept(pcb, on_accepted);
}

static void connect_one(bool ipv6, bool plain) {
  ip_addr_t to;
  if (ipv6) IP_ADDR6(&to, PP_HTONL(0xfd000000u), 0, 0, PP_HTONL(1u));
  else IP_ADDR4(&to, 10, 77, 0, 1);
  struct tcp_pcb *const pcb = tcp_new_ip_type(IPADDR_TYPE_ANY);
  if (pcb == NULL) {
    failed_count++;
    return;
  }
  give_callbacks(pcb);
  const err_t result = plain ? tcp_connect(pcb, &to, 25, on_connected)
                             : isnkit_lwip_connect(pcb, &to, 25, on_connected);
  opening = pcb;
  if (result != ERR_OK) {
    failed_count++;
    tcp_err(pcb, NULL);
    tcp_abort(pcb);
    opening = NULL;
  } else if (script == DEVICE_ABORTS_OPENING) {
    peer_deliver();
    if (opening == NULL) return;
    tcp_err(pcb, NULL);
    tcp_abort(pcb);
    opening = NULL;
  }
}

static unsigned pcbs(void) {
  unsigned count = 0;
  for (const struct tcp_pcb *one = tcp_active_pcbs; one != NULL; one = one->next) count++;
  for (const struct tcp_pcb *one = tcp_tw_pcbs; one != NULL; one = one->next) count++;
  return count;
}

static void occupy(unsigned count) {
  uint16_t next = module_next_port;
  for (; count > 0; count--) {
    struct tcp_pcb *const pcb = tcp_new_ip_type(IPADDR_TYPE_ANY);
    tcp_bind(pcb, IP_ANY_TYPE, next++);
    tcp_listen(pcb);
  }
}

static void answer(void) {
  printf("connected=%u failed=%u errors=%u opened=%u closed=%u abandoned=%u refused=%u open=%u pcbs=%u"
         " unbacked=%u\n",
         connected_count, failed_count, error_count, module_counts.opened, module_counts.closed,
         module_counts.abandoned, module_counts.refused, module_open(), pcbs(), isnkit_lwip_unbacked);
  connected_count = failed_count = error_count = 0;
  module_counts = (counted){0};
  fflush(stdout);
}

int main(void) {
  char line[128];
  lwip_init();
  module_slack = TCP_SND_BUF + 1;
  peer_begin();
  listen();
  while (fgets(line, sizeof line, stdin) != NULL) {
    char what[16], kind[16];
    unsigned family, peer, device, count, ms;
    if (sscanf(line, "run %u", &ms) == 1) {
      run(ms);
    } else if (strcmp(line, "drop\n") == 0) {
      while (tcp_active_pcbs != NULL) tcp_abort(tcp_active_pcbs);
    } else if (sscanf(line, "occupy %u", &count) == 1) {
      occupy(count);
    } else if (sscanf(line, "refuse %15s %u", kind, &count) == 2) {
      module_refuses = strcmp(kind, "all") == 0;
      module_refuses_call = kind[0];
      module_refuses_times = module_refuses || strcmp(kind, "none") == 0 ? 0 : count;
    } else if (sscanf(line, "%15s %u %u %u %u %u", what, &family, &peer, &device, &count, &ms) == 6) {
      script = (enum device_script)device;
      peer_behave((peer_script)(peer % 100), peer >= 100);
      for (; count > 0; count--) {
        if (strcmp(what, "accept") == 0) peer_call(family == 6, SERVER_PORT);
        else connect_one(family == 6, strcmp(what, "plain") == 0);
        run(ms);
      }
    } else {
      printf("fault: what is %s", line);
    }
    answer();
  }
  return 0;
}
