/**
 * The one declaration of FreeRTOS+TCP (FreeRTOS_IP.h) that the adapter implements, with its plain
 * types, so that the adapter compiles without the stack. In your project include FreeRTOS_IP.h instead.
 */
#ifndef FREERTOS_PROTOTYPES_H
#define FREERTOS_PROTOTYPES_H

#include <stdint.h>

uint32_t ulApplicationGetNextSequenceNumber(uint32_t ulSourceAddress, uint16_t usSourcePort,
                                            uint32_t ulDestinationAddress,
                                            uint16_t usDestinationPort);

#endif
