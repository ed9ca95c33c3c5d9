/**
 * The part of FreeRTOS+TCP that the adapter uses, declared with plain types, so that it compiles and its tests run
 * without the stack: names and meaning as in FreeRTOS_IP.h, FreeRTOS_IP_Private.h, FreeRTOS_Sockets.h,
 * FreeRTOS_TCP_WIN.h and list.h of V2.3.4, V3.1.0, V4.0.0 and V4.4.1. ISNKIT_FREERTOS_PROTOTYPES says which major
 * version. In your project the stack's own headers are used.
 */
#ifndef FREERTOS_PROTOTYPES_H
#define FREERTOS_PROTOTYPES_H

#include <stddef.h>
#include <stdint.h>

#define ipFR_TCP_VERSION_MAJOR ISNKIT_FREERTOS_PROTOTYPES

typedef long BaseType_t;
typedef uint32_t socklen_t;

#define pdFREERTOS_ERRNO_ENOMEM 12
#define pdFREERTOS_ERRNO_EADDRINUSE 112

// The core is little-endian, the network is not (RFC 791 appendix B).
#define FreeRTOS_ntohl(value) __builtin_bswap32(value)
#define FreeRTOS_ntohs(value) __builtin_bswap16(value)
#define FreeRTOS_htons(value) __builtin_bswap16(value)

void vTaskEnterCritical(void);
void vTaskExitCritical(void);
#define taskENTER_CRITICAL() vTaskEnterCritical()
#define taskEXIT_CRITICAL() vTaskExitCritical()

typedef struct xLIST_ITEM {
  struct xLIST_ITEM *pxNext;
  void *pvOwner;
} ListItem_t;
typedef struct xLIST {
  ListItem_t xListEnd;
} List_t;
#define listGET_HEAD_ENTRY(list) ((list)->xListEnd.pxNext)
#define listGET_END_MARKER(list) ((const ListItem_t *)&(list)->xListEnd)
#define listGET_NEXT(item) ((item)->pxNext)
#define listGET_LIST_ITEM_OWNER(item) ((item)->pvOwner)
extern List_t xBoundTCPSocketsList;

/** In the order of the stack's own enum. */
typedef enum eTCP_STATE {
  eCLOSED,
  eTCP_LISTEN,
  eCONNECT_SYN,
  eSYN_FIRST,
  eSYN_RECEIVED,
  eESTABLISHED,
  eFIN_WAIT_1,
  eFIN_WAIT_2,
  /** Over, and waiting for the application to close the socket. */
  eCLOSE_WAIT,
  eCLOSING,
  eLAST_ACK,
  eTIME_WAIT
} eIPTCPState_t;

typedef struct xTCP_WINDOW {
  struct {
    uint32_t ulCurrentSequenceNumber;
  } rx;
  /** Behind everything that was handed over for sending, a FIN not counted. */
  uint32_t ulNextTxSequenceNumber;
} TCPWindow_t;

typedef struct xNetworkEndPoint {
  struct {
    uint32_t ulIPAddress;
  } ipv4_settings;
} NetworkEndPoint_t;

typedef struct xSOCKET {
  struct {
    uint32_t bIsIPv6;
  } bits;
  uint16_t usLocalPort;
  NetworkEndPoint_t *pxEndPoint;
  union {
    struct {
#if ipFR_TCP_VERSION_MAJOR >= 4
      union {
        uint32_t ulIP_IPv4;
      } xRemoteIP;
#else
      uint32_t ulRemoteIP;
#endif
      uint16_t usRemotePort;
#if ipFR_TCP_VERSION_MAJOR >= 3
      eIPTCPState_t eTCPState;
#else
      uint8_t ucTCPState;
#endif
      size_t uxTxStreamSize;
      TCPWindow_t xTCPWindow;
    } xTCP;
  } u;
} FreeRTOS_Socket_t;
typedef FreeRTOS_Socket_t *Socket_t;

struct freertos_sockaddr {
  uint8_t sin_len;
  uint8_t sin_family;
  uint16_t sin_port;
#if ipFR_TCP_VERSION_MAJOR >= 4
  union {
    uint32_t ulIP_IPv4;
  } sin_address;
#else
  uint32_t sin_addr;
#endif
};
#define FREERTOS_AF_INET 2

void vTCPStateChange(FreeRTOS_Socket_t *socket, enum eTCP_STATE state);
BaseType_t FreeRTOS_bind(Socket_t socket, struct freertos_sockaddr const *address,
                         socklen_t bytes);

uint32_t ulApplicationGetNextSequenceNumber(uint32_t ulSourceAddress, uint16_t usSourcePort,
                                            uint32_t ulDestinationAddress,
                                            uint16_t usDestinationPort);

#endif
