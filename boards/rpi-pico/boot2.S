/*
 * Second-stage boot loader of the RP2040 (data sheet §2.8.1.3.1): the boot ROM copies the first 256 bytes
 * of the flash to the end of SRAM, checks their last word, a CRC-32, and runs them from there. It sets the
 * SSI up so that the flash shows in the memory map (XIP, §4.10), and starts the program.
 *
 * Serial reads with command 03h: the slowest way, which every flash part knows. The boot ROM's own
 * flash_enter_cmd_xip(), which the journal's driver calls, sets the same way.
 *
 * scripts/rp2040-image.mjs puts the checksum in when the image is linked.
 */

/* SSI, §4.10.13. */
#define SSI_BASE 0x18000000
#define SSI_CTRLR0 0x00
#define SSI_CTRLR1 0x04
#define SSI_SSIENR 0x08
#define SSI_SER 0x10
#define SSI_BAUDR 0x14
#define SSI_SPI_CTRLR0 0xf4

/* Data frames of 32 bits, on one line, receiving after command and address: DFS_32 31, TMD 3. */
#define CTRLR0_READ ((31 << 16) | (3 << 8))
/* XIP_CMD 03h; INST_L 2: 8 bits; ADDR_L 6: 24 bits; TRANS_TYPE 0: both on one line. */
#define SPI_CTRLR0_03H ((0x03 << 24) | (2 << 8) | (6 << 2))
/* An even divider of the system clock, SSI_DIVIDER of rp2040.h: 6 MHz from the crystal, and the part takes 50 MHz. */
#define BAUDR_DIVIDER 2

/* §2.4.8: where the core finds its vectors. */
#define SCB_VTOR 0xe000ed08
/* Behind this loader: the program's vectors. */
#define PROGRAM 0x10000100

  .syntax unified
  .cpu cortex-m0plus
  .thumb
  .section .boot2, "ax"
  .global boot2
  .thumb_func
boot2:
  ldr r0, =SSI_BASE
  movs r1, #0
  /* The settings can be changed only while the SSI is off. */
  str r1, [r0, #SSI_SSIENR]
  str r1, [r0, #SSI_CTRLR1]
  movs r1, #BAUDR_DIVIDER
  str r1, [r0, #SSI_BAUDR]
  ldr r1, =CTRLR0_READ
  str r1, [r0, #SSI_CTRLR0]
  ldr r1, =SPI_CTRLR0_03H
  movs r2, #SSI_SPI_CTRLR0
  str r1, [r0, r2]
  movs r1, #1
  str r1, [r0, #SSI_SER]
  str r1, [r0, #SSI_SSIENR]

  ldr r0, =PROGRAM
  ldr r1, =SCB_VTOR
  str r0, [r1]
  ldmia r0!, {r1, r2}
  msr msp, r1
  bx r2

  .ltorg
