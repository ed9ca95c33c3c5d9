#include "isnkit_freertos.h"

#include "freertos_prototypes.h"
#include "isnkit.h"

/** The core is little-endian, the network is not (RFC 791 appendix B). */
static uint32_t host32(uint32_t value) {
  return value >> 24 | (value >> 8 & 0xff00u) | (value << 8 & 0xff0000u) | value << 24;
}

static uint16_t host16(uint16_t value) { return (uint16_t)(value >> 8 | value << 8); }

/**
 * Called by FreeRTOS+TCP for each connection. 0 tells the stack to give the connection up, which is what
 * a refusal is.
 *
 * The four values are taken as they come. FreeRTOS+TCP hands over the local address in network order,
 * the peer in host order when it connects (prvTCPPrepareConnect) and in network order when it is
 * connected to (prvHandleListen): within each role a tuple keeps its offset, which is all that counts.
 *
 * The hook has no IPv6 variant. In builds of V4 with IPv6 a connection that is opened hands over the first
 * four bytes of each IPv6 address (ulIP_IPv4 of the union), so tuples below one prefix share an offset:
 * their numbers go forward all the same, as each comes later on the same clock, but one peer can tell
 * another's. A connection that is accepted over IPv6 takes xApplicationGetRandomNumber() and never comes here.
 */
uint32_t ulApplicationGetNextSequenceNumber(uint32_t source_address, uint16_t source_port,
                                            uint32_t destination_address,
                                            uint16_t destination_port) {
  if (source_address == 0 || destination_address == 0) return 0;
  return isnkit_isn4(source_address, source_port, destination_address, destination_port);
}

uint16_t isnkit_freertos_port(uint32_t local, uint32_t remote, uint16_t remote_port) {
  return host16(isnkit_port4(host32(local), host32(remote), host16(remote_port)));
}
