#include "ymodem.h"

#include <stddef.h>

#define SOH 0x01u
#define STX 0x02u
#define EOT 0x04u
#define ACK 0x06u
#define BACKSPACE 0x08u
#define NAK 0x15u
#define CAN 0x18u
/** Asks for CRC-16 instead of a sum. */
#define INVITE 'C'

#define SHORT_BYTES 128u
#define LONG_BYTES 1024u
/** Noise is waited out until the line is quiet, but no longer than this many bytes. */
#define PURGE_BYTES_MAX 8192u
#define PURGE_MS 50u
#define CLOSING_INVITATIONS 5u

const ymodem_patience ymodem_patience_usual = {
    .invite_ms = 1000, .invitations = 60, .byte_ms = 1000, .block_ms = 10000, .faults = 10};

const char *ymodem_result_name(ymodem_result result) {
  static const char *const names[] = {"done",     "silent", "cancelled", "noise",
                                      "protocol", "length", "storage"};
  return names[result];
}

typedef enum event {
  EVENT_BLOCK,
  EVENT_EOT,
  EVENT_CANCEL,
  EVENT_SILENCE,
  /** A block that is damaged, or bytes that are none. */
  EVENT_DAMAGE,
} event;

typedef struct receiver {
  const ymodem_line *line;
  const ymodem_sink *sink;
  const ymodem_patience *patience;
  uint8_t data[LONG_BYTES];
  uint32_t bytes;
  uint8_t number;
  /** Of the file: its length, and how much of it was written. */
  uint32_t length;
  uint32_t written;
} receiver;

static int get(const receiver *r, uint32_t ms) { return r->line->get(r->line->context, ms); }
static void put(const receiver *r, uint8_t byte) { r->line->put(r->line->context, byte); }

/** CRC-16/XMODEM: polynomial 0x1021, start 0. */
static uint16_t crc16(const uint8_t *from, uint32_t bytes) {
  uint16_t crc = 0;
  for (uint32_t i = 0; i < bytes; i++) {
    crc ^= (uint16_t)(from[i] << 8);
    for (unsigned bit = 0; bit < 8; bit++) {
      crc = (uint16_t)(crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1);
    }
  }
  return crc;
}

/** The rest of a damaged block must not be taken for the start of the next. */
static event damage(const receiver *r) {
  for (uint32_t i = 0; i < PURGE_BYTES_MAX && get(r, PURGE_MS) >= 0; i++) {
  }
  return EVENT_DAMAGE;
}

static event read_block(receiver *r, uint32_t bytes) {
  uint8_t head[2];
  uint8_t sum[2];
  for (unsigned i = 0; i < 2; i++) {
    const int byte = get(r, r->patience->byte_ms);
    if (byte < 0) return EVENT_DAMAGE;
    head[i] = (uint8_t)byte;
  }
  for (uint32_t i = 0; i < bytes; i++) {
    const int byte = get(r, r->patience->byte_ms);
    if (byte < 0) return EVENT_DAMAGE;
    r->data[i] = (uint8_t)byte;
  }
  for (unsigned i = 0; i < 2; i++) {
    const int byte = get(r, r->patience->byte_ms);
    if (byte < 0) return EVENT_DAMAGE;
    sum[i] = (uint8_t)byte;
  }
  if ((head[0] ^ head[1]) != 0xFF) return damage(r);
  if (crc16(r->data, bytes) != (uint16_t)(sum[0] << 8 | sum[1])) return damage(r);
  r->number = head[0];
  r->bytes = bytes;
  return EVENT_BLOCK;
}

static event read_event(receiver *r, uint32_t ms) {
  const int first = get(r, ms);
  if (first < 0) return EVENT_SILENCE;
  if (first == SOH) return read_block(r, SHORT_BYTES);
  if (first == STX) return read_block(r, LONG_BYTES);
  if (first == EOT) return EVENT_EOT;
  // One CAN may be noise; two are the sender's wish. More of them are no line for the console.
  const bool cancelled = first == CAN && get(r, r->patience->byte_ms) == CAN;
  damage(r);
  return cancelled ? EVENT_CANCEL : EVENT_DAMAGE;
}

static ymodem_result give_up(const receiver *r, ymodem_result result) {
  for (unsigned i = 0; i < 5; i++) put(r, CAN);
  for (unsigned i = 0; i < 5; i++) put(r, BACKSPACE);
  return result;
}

/** Block 0: name, NUL, decimal length, a space or NUL. False: no length. */
static bool parse_length(receiver *r) {
  uint32_t at = 0;
  while (at < r->bytes && r->data[at] != 0) at++;
  at++;
  uint32_t length = 0;
  bool any = false;
  for (; at < r->bytes && r->data[at] >= '0' && r->data[at] <= '9'; at++) {
    if (length > (UINT32_MAX - 9u) / 10u) return false;
    length = length * 10u + (uint32_t)(r->data[at] - '0');
    any = true;
  }
  r->length = length;
  return any && length > 0;
}

/** Invites until a block 0 came. */
static ymodem_result await_header(receiver *r) {
  uint32_t faults = 0;
  for (uint32_t asked = 0; asked < r->patience->invitations; asked++) {
    put(r, INVITE);
    const event seen = read_event(r, r->patience->invite_ms);
    if (seen == EVENT_BLOCK && r->number == 0) return YMODEM_DONE;
    if (seen == EVENT_CANCEL) return YMODEM_CANCELLED;
    if (seen == EVENT_BLOCK) return give_up(r, YMODEM_PROTOCOL);
    if (seen == EVENT_DAMAGE && ++faults >= r->patience->faults) return give_up(r, YMODEM_NOISE);
  }
  return give_up(r, YMODEM_SILENT);
}

/** All data are here, so the file is whole, whatever the sender does with the rest of its batch. */
static void end_batch(receiver *r) {
  for (unsigned asked = 0; asked < CLOSING_INVITATIONS; asked++) {
    put(r, INVITE);
    const event seen = read_event(r, r->patience->invite_ms);
    if (seen == EVENT_CANCEL) return;
    // The answer to the last EOT was lost: the sender says it again.
    if (seen == EVENT_EOT) put(r, ACK);
    if (seen != EVENT_BLOCK || r->number != 0) continue;
    if (r->data[0] == 0) put(r, ACK);
    else give_up(r, YMODEM_PROTOCOL);
    return;
  }
}

static ymodem_result take_block(receiver *r, uint8_t expected) {
  // The ACK was lost: the block is here already.
  if (r->number == (uint8_t)(expected - 1)) return YMODEM_DONE;
  if (r->number != expected) return YMODEM_PROTOCOL;
  const uint32_t left = r->length - r->written;
  const uint32_t bytes = r->bytes < left ? r->bytes : left;
  if (bytes == 0) return YMODEM_PROTOCOL;
  if (!r->sink->write(r->sink->context, r->data, bytes)) return YMODEM_STORAGE;
  r->written += bytes;
  return YMODEM_DONE;
}

/**
 * An answer has no number, so a sender takes one too many for that to its next block, and is ahead from
 * then on. Senders (sb of lrzsz) repeat block 0 for each invitation that had reached them before its
 * answer: such a copy is answered only when nothing follows it, that is, when the answer was lost.
 */
static ymodem_result take_data(receiver *r) {
  uint8_t expected = 1;
  bool ended = false;
  bool copied = false;
  put(r, ACK);
  put(r, INVITE);
  for (uint32_t faults = 0; faults < r->patience->faults;) {
    const uint32_t block_ms = r->patience->block_ms;
    const event seen = read_event(r, copied ? block_ms / 2 : block_ms);
    if (seen == EVENT_CANCEL) return YMODEM_CANCELLED;
    if (seen == EVENT_SILENCE && copied) {
      copied = false;
      put(r, ACK);
      put(r, INVITE);
      continue;
    }
    if (seen == EVENT_SILENCE) return give_up(r, YMODEM_SILENT);
    if (seen == EVENT_EOT && r->written == r->length) {
      put(r, ACK);
      return YMODEM_DONE;
    }
    // Before all data a single EOT may be noise: it has to come again.
    if (seen == EVENT_EOT && ended) return give_up(r, YMODEM_LENGTH);
    ended = seen == EVENT_EOT;
    if (seen != EVENT_BLOCK) {
      faults++;
      put(r, NAK);
      continue;
    }
    copied = expected == 1 && r->number == 0;
    if (copied) {
      faults++;
      continue;
    }
    const bool repeated = r->number == (uint8_t)(expected - 1);
    const ymodem_result result = take_block(r, expected);
    if (result != YMODEM_DONE) return give_up(r, result);
    if (repeated) faults++;
    else faults = 0, expected++;
    put(r, ACK);
  }
  return give_up(r, YMODEM_NOISE);
}

ymodem_result ymodem_receive(const ymodem_line *line, const ymodem_sink *sink,
                             const ymodem_patience *patience) {
  receiver r = {.line = line, .sink = sink, .patience = patience};
  ymodem_result result = await_header(&r);
  if (result != YMODEM_DONE) return result;
  if (r.data[0] == 0) {
    // An empty batch.
    put(&r, ACK);
    return YMODEM_LENGTH;
  }
  if (!parse_length(&r) || r.length > sink->room) return give_up(&r, YMODEM_LENGTH);
  if (!sink->open(sink->context, r.length)) return give_up(&r, YMODEM_STORAGE);
  result = take_data(&r);
  if (result == YMODEM_DONE) end_batch(&r);
  return result;
}
