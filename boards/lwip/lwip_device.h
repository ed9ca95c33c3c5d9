/** The device on the bench's network (docs/bench-arm.md), for the applications over lwIP. */
#ifndef LWIP_DEVICE_H
#define LWIP_DEVICE_H

#include <stdbool.h>

#define LWIP_DEVICE_ADDRESS "10.77.0.2"
#define LWIP_DEVICE_GATEWAY "10.77.0.1"

/** Starts lwIP and the board's Ethernet; announces the device. */
void lwip_device_start(void);

/** Takes in the frames that have arrived and runs lwIP's timers; from the main loop. */
void lwip_device_poll(void);

/** Says on the wire that the device is there (a gratuitous ARP), which marks an instant in a recording. */
void lwip_device_announce(void);

/** True when the gateway answers on the wire; asks for its hardware address if it is not known. */
bool lwip_device_linked(void);

#endif
