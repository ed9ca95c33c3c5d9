/**
 * Receives one file by YMODEM (C. Forsberg, "XMODEM/YMODEM Protocol Reference", 1988): blocks of 1024 or
 * 128 bytes with CRC-16, block 0 with name and length, EOT answered with ACK behind all data (before them
 * with NAK), an empty block 0 at the end of the batch. Any terminal program can send: `sb --ymodem FILE`.
 *
 * No memory but one block on the stack of ymodem_receive(); the caller gives bytes and time.
 */
#ifndef ISNKIT_YMODEM_H
#define ISNKIT_YMODEM_H

#include <stdbool.h>
#include <stdint.h>

typedef enum ymodem_result {
  YMODEM_DONE = 0,
  /** Nobody sent, or the sender fell silent in the middle. */
  YMODEM_SILENT = 1,
  /** The sender gave up: CAN CAN. */
  YMODEM_CANCELLED = 2,
  /** A block came wrong too often. */
  YMODEM_NOISE = 3,
  /** Blocks out of order, or something else that no sender of the protocol does. */
  YMODEM_PROTOCOL = 4,
  /** No length, length 0, or more than `room`. */
  YMODEM_LENGTH = 5,
  /** `write` refused. */
  YMODEM_STORAGE = 6,
} ymodem_result;

/** The word for records: "done", "silent", … */
const char *ymodem_result_name(ymodem_result result);

typedef struct ymodem_line {
  /** The next byte, or −1 when none comes within `ms` milliseconds. */
  int (*get)(void *context, uint32_t ms);
  void (*put)(void *context, uint8_t byte);
  void *context;
} ymodem_line;

typedef struct ymodem_sink {
  /** The most bytes that a file may have. */
  uint32_t room;
  /** Called once, before the first `write`, when the length is known. False: refuse. */
  bool (*open)(void *context, uint32_t length);
  /** `bytes` more bytes, in order, 1,024 at a time but for the last. False: refuse. */
  bool (*write)(void *context, const uint8_t *from, uint32_t bytes);
  void *context;
} ymodem_sink;

/** How patient the receiver is; the defaults are those of the protocol. */
typedef struct ymodem_patience {
  /** Between two invitations to send, and how many there are. */
  uint32_t invite_ms;
  uint32_t invitations;
  /** Between two bytes of a block, and between two blocks. */
  uint32_t byte_ms;
  uint32_t block_ms;
  /** Faults in a row. */
  uint32_t faults;
} ymodem_patience;

extern const ymodem_patience ymodem_patience_usual;

/** Waits for a sender and takes its file. On DONE exactly the stated number of bytes was written. */
ymodem_result ymodem_receive(const ymodem_line *line, const ymodem_sink *sink,
                             const ymodem_patience *patience);

#endif
