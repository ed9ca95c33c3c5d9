/**
 * What the adapter reads of FreeRTOS+TCP's sockets, whose fields have other names in each major version. In your
 * project the stack's own headers are included; freertos_prototypes.h stands in for them where the stack is not there.
 */
#ifndef ISNKIT_FREERTOS_STACK_H
#define ISNKIT_FREERTOS_STACK_H

#ifdef ISNKIT_FREERTOS_PROTOTYPES
#include "freertos_prototypes.h"
#else
#include "FreeRTOS.h"
#include "task.h"
#include "list.h"

#include "FreeRTOS_IP.h"
#include "FreeRTOS_Sockets.h"
#include "FreeRTOS_IP_Private.h"
#endif

#ifndef ipFR_TCP_VERSION_MAJOR
#error "isnkit knows FreeRTOS+TCP from V2.3.4 on: ipFR_TCP_VERSION_MAJOR is not defined"
#endif

/** The peer's address as the stack holds it: in host order in every version. */
#if ipFR_TCP_VERSION_MAJOR >= 4
#define ISNKIT_FREERTOS_REMOTE(socket) ((socket)->u.xTCP.xRemoteIP.ulIP_IPv4)
#define ISNKIT_FREERTOS_IS_IPV6(socket) ((socket)->bits.bIsIPv6 != 0)
#else
#define ISNKIT_FREERTOS_REMOTE(socket) ((socket)->u.xTCP.ulRemoteIP)
#define ISNKIT_FREERTOS_IS_IPV6(socket) 0
#endif

#if ipFR_TCP_VERSION_MAJOR >= 3
#define ISNKIT_FREERTOS_STATE(socket) ((int)(socket)->u.xTCP.eTCPState)
#else
#define ISNKIT_FREERTOS_STATE(socket) ((int)(socket)->u.xTCP.ucTCPState)
#endif

#endif
