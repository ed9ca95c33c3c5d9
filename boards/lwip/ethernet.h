/** The board's Ethernet controller as a network interface of lwIP; polled, no interrupts. */
#ifndef BOARD_ETHERNET_H
#define BOARD_ETHERNET_H

#include "lwip/netif.h"

/** For netif_add(). */
err_t ethernet_init(struct netif *netif);
/** Hands all frames that have arrived to lwIP. */
void ethernet_poll(struct netif *netif);

#endif
