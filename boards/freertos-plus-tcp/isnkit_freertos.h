/**
 * isnkit in FreeRTOS+TCP, V2.3 to V4.4, over IPv4. Give lock hooks over a mutex to isnkit_start(), compile
 * isnkit_freertos.c, which defines ulApplicationGetNextSequenceNumber(), and put into FreeRTOSIPConfig.h:
 *
 *     extern void isnkit_freertos_watch( void );
 *     #define ipconfigWATCHDOG_TIMER()    isnkit_freertos_watch()
 *
 * Bind each socket that connects with isnkit_freertos_bind().
 */
#ifndef ISNKIT_FREERTOS_H
#define ISNKIT_FREERTOS_H

#include <stdint.h>

#include "isnkit_freertos_stack.h"

/** Connections, and sockets that are bound for one, that are kept track of; more are refused. */
#ifndef ISNKIT_FREERTOS_CONNECTIONS
#define ISNKIT_FREERTOS_CONNECTIONS 16
#endif

/**
 * Binds a socket to the port that the module allocates for a peer, or to the next one while another socket still
 * holds that: in place of FreeRTOS_bind(), before FreeRTOS_connect() to the same peer. `local` is the device's
 * address and `peer` the peer's, with its port, all in network byte order as in struct freertos_sockaddr. Returns 0;
 * else what FreeRTOS_bind() returned, or -pdFREERTOS_ERRNO_EADDRINUSE when the module refuses a port
 * (isnkit_reason() tells why), or -pdFREERTOS_ERRNO_ENOMEM when no further connection can be kept track of. Nothing
 * stays open then.
 */
BaseType_t isnkit_freertos_bind(Socket_t socket, uint32_t local, uint32_t peer, uint16_t peer_port);

/**
 * Follows the connections: progress, and every end, whatever the reason. Called by the IP task in each of its turns,
 * and nowhere else: it reads the stack's sockets.
 */
void isnkit_freertos_watch(void);

#endif
