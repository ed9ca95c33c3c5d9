/**
 * isnkit in lwIP 2.1 (raw API, IPv4). Build lwIP with LWIP_HOOK_FILENAME set to
 * "isnkit_lwip_hooks.h", and open connections with isnkit_lwip_connect() instead of tcp_connect().
 */
#ifndef ISNKIT_LWIP_H
#define ISNKIT_LWIP_H

#include "lwip/tcp.h"

/**
 * tcp_connect() with isnkit's port and ISN. An unbound pcb is bound to the port that the module
 * allocates for the destination; a bound one keeps its port. Returns ERR_USE when the module refuses a
 * port and ERR_VAL when it refuses an ISN (isnkit_reason() tells why): no SYN is sent then.
 *
 * The wire shows the number that isnkit_isn4() gave. (lwIP sends the hook's value less one on an active
 * open; the hook makes up for it.)
 */
err_t isnkit_lwip_connect(struct tcp_pcb *pcb, const ip_addr_t *address, u16_t port,
                          tcp_connected_fn connected);

/** The number that the module gave for the last connection opened: what the wire has to show. */
extern u32_t isnkit_lwip_given;

/**
 * Connections that came in while the module refused a number; each was given lwIP's 0. A server listens
 * only while isnkit_current_state() is ISNKIT_READY, then this stays 0.
 */
extern u32_t isnkit_lwip_unbacked;

/**
 * The TSval of the last segment that was sent with one, where LWIP_TCP_TIMESTAMPS is on: lwIP takes its
 * own clock, which starts at 0 at each boot, and the hook puts the module's in its place. 0: the module
 * refused, and the segment carries no timestamps.
 */
extern u32_t isnkit_lwip_tsval;

#endif
