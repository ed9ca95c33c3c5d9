/**
 * isnkit in lwIP 2.1 and later (raw API, IPv4 and IPv6). Build lwIP with LWIP_HOOK_FILENAME set to
 * "isnkit_lwip_hooks.h" and LWIP_TCP_PCB_NUM_EXT_ARGS one higher than without, open connections with
 * isnkit_lwip_connect() instead of tcp_connect(), and call isnkit_lwip_poll() beside isnkit_poll().
 *
 * Everything here runs where lwIP runs: in the main loop, in the tcpip thread, or with lwIP's core locked.
 *
 * The module hears of every end: a connection's last segment closes it, and when lwIP frees a pcb for any other
 * reason (a refused SYN, a reset, too many repeats, tcp_abort()), an attempt that never became a connection is
 * abandoned, and a connection is closed past everything that it can have sent.
 */
#ifndef ISNKIT_LWIP_H
#define ISNKIT_LWIP_H

#include "lwip/tcp.h"

/** Connections that are kept track of; more are refused. Every pcb of lwIP may be one. */
#ifndef ISNKIT_LWIP_CONNECTIONS
#define ISNKIT_LWIP_CONNECTIONS MEMP_NUM_TCP_PCB
#endif

/**
 * tcp_connect() with isnkit's port and ISN. An unbound pcb is bound to the port that the module
 * allocates for the destination, or to the next one while lwIP itself still holds that; a bound one keeps its
 * port. Returns ERR_USE when the module refuses a port and ERR_VAL when it refuses an ISN (isnkit_reason() tells
 * why), ERR_MEM when no further connection can be kept track of: no SYN is sent then, and nothing stays open.
 *
 * The wire shows the number that the module gave. (lwIP sends the hook's value less one on an active
 * open; the hook makes up for it.)
 */
err_t isnkit_lwip_connect(struct tcp_pcb *pcb, const ip_addr_t *address, u16_t port,
                          tcp_connected_fn connected);

/**
 * Tells the module again of ends that it refused, because its storage failed just then. Call it as often as
 * isnkit_poll(), which it does not replace; it costs nothing while nothing waits.
 */
void isnkit_lwip_poll(void);

/** The number that the module gave for the last connection opened: what the wire has to show. */
extern u32_t isnkit_lwip_given;

/**
 * Connections that tcp_connect() opened without isnkit_lwip_connect() while the module refused a number: each was
 * given lwIP's 0, and no segment of it gets through. What comes in while the module refuses is dropped.
 */
extern u32_t isnkit_lwip_unbacked;

/**
 * The TSval of the last segment that was sent with one, where LWIP_TCP_TIMESTAMPS is on: lwIP takes its
 * own clock, which starts at 0 at each boot, and the hook puts the module's in its place. 0: the module
 * refused, and the segment carries no timestamps.
 */
extern u32_t isnkit_lwip_tsval;

#endif
