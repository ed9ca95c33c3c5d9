#include "lwip_device.h"

#include "board.h"
#include "ethernet.h"
#include "lwip/etharp.h"
#include "lwip/init.h"
#include "lwip/sys.h"
#include "lwip/timeouts.h"
#include "netif/ethernet.h"
#include "scaled_clock.h"

static struct netif netif;
static ip4_addr_t gateway;

// Milliseconds since power-on, as lwIP wants them: a clock that wraps at 2^32 and not before.

u32_t sys_now(void) {
  static uint32_t last;
  static uint32_t rest;
  static uint32_t ms;
  const uint32_t per_ms = board_ticks_hz / 1000u;
  const uint32_t now = scaled_clock_ticks();
  rest += now - last;
  last = now;
  ms += rest / per_ms;
  rest %= per_ms;
  return ms;
}

void lwip_device_start(void) {
  ip4_addr_t address;
  ip4_addr_t mask;
  lwip_init();
  ip4addr_aton(LWIP_DEVICE_ADDRESS, &address);
  ip4addr_aton(LWIP_DEVICE_GATEWAY, &gateway);
  IP4_ADDR(&mask, 255, 255, 255, 0);
  netif_add(&netif, &address, &mask, &gateway, NULL, ethernet_init, ethernet_input);
  netif_set_default(&netif);
  // Announces the device by itself.
  netif_set_up(&netif);
}

void lwip_device_poll(void) {
  ethernet_poll(&netif);
  sys_check_timeouts();
}

void lwip_device_announce(void) { etharp_gratuitous(&netif); }

bool lwip_device_linked(void) {
  struct eth_addr *hardware;
  const ip4_addr_t *found;
  if (etharp_find_addr(&netif, &gateway, &hardware, &found) >= 0) return true;
  static u32_t asked_ms;
  static bool asked;
  // lwIP asks again by itself, once a second; a query while one is pending would only repeat it.
  if (!asked || sys_now() - asked_ms >= 1000) etharp_query(&netif, &gateway, NULL);
  else return false;
  asked = true;
  asked_ms = sys_now();
  return false;
}
