/** What lwIP's SMTP client calls in place of tcp_connect() (see CMakeLists.txt). */
#ifndef MAIL_CONNECT_H
#define MAIL_CONNECT_H

#include "lwip/tcp.h"

err_t mail_connect(struct tcp_pcb *pcb, const ip_addr_t *address, u16_t port,
                   tcp_connected_fn on_connected);

#endif
