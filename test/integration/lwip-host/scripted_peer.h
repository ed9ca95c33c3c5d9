/** The other end of the device's connections: a netif whose far side answers by a script. */
#ifndef SCRIPTED_PEER_H
#define SCRIPTED_PEER_H

#include <stdbool.h>
#include <stdint.h>

/** What the peer does. Until then, and with GOOD to the end, it behaves. */
typedef enum peer_script {
  PEER_GOOD,
  /** Answers a SYN with RST; when it called itself, the SYN-ACK. */
  PEER_REFUSES,
  PEER_SILENT,
  PEER_RESETS_AFTER_HANDSHAKE,
  PEER_RESETS_ON_DATA,
  /** Instead of an ACK of the device's FIN. */
  PEER_RESETS_ON_FIN,
  /** After the ACK of the device's FIN, before its own. */
  PEER_RESETS_IN_FIN_WAIT,
  PEER_VANISHES_AFTER_HANDSHAKE,
  PEER_VANISHES_ON_DATA,
  PEER_VANISHES_ON_FIN,
  /** Its own FIN crosses the device's. */
  PEER_CLOSES_TOO,
  /** At the fourth segment of data, behind whose predecessor the device sends all that is left. */
  PEER_VANISHES_LATE,
} peer_script;

/** Addresses 10.77.0.1 and fd00::1; the device has 2. */
void peer_begin(void);

/** For the connections to come. With `closes` it sends its FIN when data has arrived. */
void peer_behave(peer_script script, bool closes);

/** Opens a connection to the device. */
void peer_call(bool ipv6, uint16_t device_port);

/** Hands over what waits. */
void peer_deliver(void);

#endif
