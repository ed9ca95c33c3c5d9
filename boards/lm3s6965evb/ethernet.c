#include "ethernet.h"

#include <string.h>

#include "lm3s6965.h"
#include "lwip/etharp.h"
#include "lwip/pbuf.h"
#include "netif/ethernet.h"

// Data sheet §17.5: Ethernet MAC.
#define MAC_RIS REGISTER(0x40048000)
#define MAC_IM REGISTER(0x40048004)
#define MAC_RCTL REGISTER(0x40048008)
#define MAC_TCTL REGISTER(0x4004800C)
#define MAC_DATA REGISTER(0x40048010)
#define MAC_IA0 REGISTER(0x40048014)
#define MAC_IA1 REGISTER(0x40048018)
#define MAC_THR REGISTER(0x4004801C)
#define MAC_NP REGISTER(0x40048034)
#define MAC_TR REGISTER(0x40048038)
#define RCTL_RESET_FIFO 0x10u
/** Receiver on, all multicast frames, frames with a bad checksum dropped. */
#define RCTL_ON 0x0Bu
/** Transmitter on, padding, checksum, full duplex. */
#define TCTL_ON 0x17u
/** Transmission starts when the whole frame is there. */
#define THR_WHOLE_FRAME 0x3Fu

/** Destination, source, type. */
#define HEADER_BYTES 14u
#define FRAME_BYTES_MAX 1518u
/** The FIFO counts its own length word and the checksum. */
#define FIFO_EXTRA_BYTES 6u
/** A frame takes 1.2 ms at 10 Mbit/s. */
#define SEND_LOOPS 100000u

/** A locally administered address: the bench has one device. */
static const uint8_t hardware_address[6] = {0x02, 0x00, 0x4d, 0x00, 0x00, 0x02};

static uint8_t frame[FRAME_BYTES_MAX + 2] __attribute__((aligned(4)));

static err_t send_frame(struct netif *netif, struct pbuf *p) {
  (void)netif;
  const uint32_t bytes = p->tot_len;
  if (bytes < HEADER_BYTES || bytes > FRAME_BYTES_MAX) return ERR_BUF;
  for (uint32_t i = 0; MAC_TR != 0; i++) {
    if (i == SEND_LOOPS) return ERR_TIMEOUT;
  }
  // The first half word is the length of the data without its header, then follows the frame.
  static uint8_t out[FRAME_BYTES_MAX + 4] __attribute__((aligned(4)));
  out[0] = (uint8_t)((bytes - HEADER_BYTES) & 0xff);
  out[1] = (uint8_t)((bytes - HEADER_BYTES) >> 8);
  pbuf_copy_partial(p, out + 2, (u16_t)bytes, 0);
  for (uint32_t at = 0; at < bytes + 2; at += 4) {
    uint32_t word;
    memcpy(&word, out + at, 4);
    MAC_DATA = word;
  }
  MAC_TR = 1;
  return ERR_OK;
}

err_t ethernet_init(struct netif *netif) {
  SYSCTL_RCGC2 |= RCGC2_ETHERNET | RCGC2_GPIOF;
  (void)SYSCTL_RCGC2;
  (void)SYSCTL_RCGC2;
  // §9: the port's lights.
  GPIOF_AFSEL |= 0x0c;
  GPIOF_DEN |= 0x0c;
  MAC_IM = 0;
  MAC_RCTL = RCTL_RESET_FIFO;
  uint32_t low;
  memcpy(&low, hardware_address, 4);
  MAC_IA0 = low;
  MAC_IA1 = hardware_address[4] | (uint32_t)hardware_address[5] << 8;
  MAC_THR = THR_WHOLE_FRAME;
  MAC_TCTL = TCTL_ON;
  MAC_RCTL = RCTL_ON;

  netif->name[0] = 'e';
  netif->name[1] = 'n';
  netif->mtu = 1500;
  netif->hwaddr_len = sizeof hardware_address;
  memcpy(netif->hwaddr, hardware_address, sizeof hardware_address);
  netif->output = etharp_output;
  netif->linkoutput = send_frame;
  netif->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_LINK_UP;
  return ERR_OK;
}

/** Reads one frame from the FIFO into `frame`; returns its bytes, 0 for one that is dropped. */
static uint32_t receive_frame(void) {
  uint32_t word = MAC_DATA;
  const uint32_t in_fifo = word & 0xffff;
  if (in_fifo < FIFO_EXTRA_BYTES + HEADER_BYTES || in_fifo > FRAME_BYTES_MAX + FIFO_EXTRA_BYTES) {
    // The FIFO and its reader are out of step: start it again.
    MAC_RCTL = RCTL_RESET_FIFO;
    MAC_RCTL = RCTL_ON;
    return 0;
  }
  const uint32_t bytes = in_fifo - FIFO_EXTRA_BYTES;
  frame[0] = (uint8_t)(word >> 16);
  frame[1] = (uint8_t)(word >> 24);
  // The length word, the frame and its checksum, in whole words.
  uint32_t at = 2;
  for (uint32_t read = 4; read < in_fifo; read += 4) {
    word = MAC_DATA;
    for (uint32_t i = 0; i < 4 && at < bytes; i++) frame[at++] = (uint8_t)(word >> (8 * i));
  }
  return bytes;
}

void ethernet_poll(struct netif *netif) {
  while ((MAC_NP & 0x3f) != 0) {
    const uint32_t bytes = receive_frame();
    if (bytes == 0) return;
    struct pbuf *p = pbuf_alloc(PBUF_RAW, (u16_t)bytes, PBUF_POOL);
    // Without a buffer the frame is lost, and TCP sends it again.
    if (p == NULL) continue;
    pbuf_take(p, frame, (u16_t)bytes);
    if (netif->input(p, netif) != ERR_OK) pbuf_free(p);
  }
}
