/**
 * isnkit in FreeRTOS+TCP: give lock hooks over a mutex to isnkit_start(), and link
 * isnkit_freertos.c, which defines ulApplicationGetNextSequenceNumber().
 */
#ifndef ISNKIT_FREERTOS_H
#define ISNKIT_FREERTOS_H

#include <stdint.h>

/**
 * A port for FreeRTOS_bind() before FreeRTOS_connect(); addresses and ports as FreeRTOS+TCP holds them,
 * in network byte order. Returns the port in network byte order, or 0 when the module refuses.
 */
uint16_t isnkit_freertos_port(uint32_t local, uint32_t remote, uint16_t remote_port);

#endif
