#include "module_slots.h"

#include <stddef.h>
#include <string.h>

// A record, byte by byte, numbers little-endian.
#define AT_MAGIC 0u
#define AT_NUMBER 4u
#define AT_STATE 8u
#define AT_SLOTS 16u
#define SLOT_RECORD_BYTES 36u
#define AT_CRC 92u
/** "iSL1": slot log, format 1. */
#define MAGIC 0x314C5369u
/** For a slot that does not exist. */
#define NO_LOG_ERROR 0xA0u

static const module_storage *storage;
static module_state state;
static uint32_t number;
/** Where the next record goes; `log_sector` holds the newest. */
static uint32_t log_sector;
static uint32_t log_offset;

static void put_u32(uint8_t *to, uint32_t value) {
  for (unsigned i = 0; i < 4; i++) to[i] = (uint8_t)(value >> (8 * i));
}

static uint32_t get_u32(const uint8_t *from) {
  return from[0] | (uint32_t)from[1] << 8 | (uint32_t)from[2] << 16 | (uint32_t)from[3] << 24;
}

/** CRC-32 (IEEE 802.3), reflected polynomial 0xEDB88320. */
static uint32_t crc32(const uint8_t *from, uint32_t bytes) {
  uint32_t crc = UINT32_MAX;
  for (uint32_t i = 0; i < bytes; i++) {
    crc ^= from[i];
    for (unsigned bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (0xEDB88320u & (0u - (crc & 1)));
  }
  return ~crc;
}

// The log.

static void encode(uint8_t record[MODULE_RECORD_BYTES]) {
  memset(record, 0, MODULE_RECORD_BYTES);
  put_u32(record + AT_MAGIC, MAGIC);
  put_u32(record + AT_NUMBER, number);
  record[AT_STATE] = state.active;
  record[AT_STATE + 1] = state.candidate;
  record[AT_STATE + 2] = state.phase;
  record[AT_STATE + 3] = state.outcome;
  record[AT_STATE + 4] = state.journal;
  for (unsigned i = 0; i < MODULE_SLOTS; i++) {
    uint8_t *slot = record + AT_SLOTS + i * SLOT_RECORD_BYTES;
    put_u32(slot, state.slots[i].length);
    memcpy(slot + 4, state.slots[i].digest, ISNKIT_SHA256_BYTES);
  }
  put_u32(record + AT_CRC, crc32(record, AT_CRC));
}

static void decode(const uint8_t record[MODULE_RECORD_BYTES]) {
  number = get_u32(record + AT_NUMBER);
  state.active = record[AT_STATE];
  state.candidate = record[AT_STATE + 1];
  state.phase = record[AT_STATE + 2];
  state.outcome = record[AT_STATE + 3];
  state.journal = record[AT_STATE + 4];
  for (unsigned i = 0; i < MODULE_SLOTS; i++) {
    const uint8_t *slot = record + AT_SLOTS + i * SLOT_RECORD_BYTES;
    state.slots[i].length = get_u32(slot);
    memcpy(state.slots[i].digest, slot + 4, ISNKIT_SHA256_BYTES);
  }
}

static bool valid(const uint8_t record[MODULE_RECORD_BYTES]) {
  return get_u32(record + AT_MAGIC) == MAGIC && get_u32(record + AT_CRC) == crc32(record, AT_CRC) &&
         record[AT_STATE] <= MODULE_BUILT_IN && record[AT_STATE + 1] < MODULE_SLOTS;
}

static bool blank(const uint8_t record[MODULE_RECORD_BYTES]) {
  for (unsigned i = 0; i < MODULE_RECORD_BYTES; i++) {
    if (record[i] != 0xFF) return false;
  }
  return true;
}

/** Adds a record of the state. When it returns 0 the state is durable. */
static uint32_t append(void) {
  number++;
  if (log_offset + MODULE_RECORD_BYTES > storage->log_sector_bytes) {
    // The other sector holds nothing newer than this one; what is left of it may be half erased.
    const uint32_t other = (log_sector + 1) % MODULE_LOG_SECTORS;
    const uint32_t code = storage->erase_log(other);
    if (code != 0) return code;
    log_sector = other;
    log_offset = 0;
  }
  uint8_t record[MODULE_RECORD_BYTES];
  encode(record);
  const uint32_t at = log_offset;
  log_offset += MODULE_RECORD_BYTES;
  const uint32_t code = storage->program_log(log_sector, at, record, MODULE_RECORD_BYTES);
  if (code != 0) return code;
  // Only what reads back counts as written.
  uint8_t back[MODULE_RECORD_BYTES];
  if (storage->read_log(log_sector, at, back, MODULE_RECORD_BYTES) != 0) return NO_LOG_ERROR;
  return memcmp(record, back, MODULE_RECORD_BYTES) == 0 ? 0 : NO_LOG_ERROR;
}

/** Takes a new state if it became durable, else keeps the old one. */
static uint32_t change(const module_state *next) {
  const module_state before = state;
  state = *next;
  const uint32_t code = append();
  if (code != 0) state = before;
  return code;
}

static void start_blank(void) {
  memset(&state, 0, sizeof state);
  state.active = MODULE_BUILT_IN;
  number = 0;
  // Nothing can be trusted to be blank: the first record erases a sector.
  log_sector = MODULE_LOG_SECTORS - 1;
  log_offset = storage->log_sector_bytes;
}

uint32_t module_slots_open(const module_storage *given) {
  storage = given;
  start_blank();
  bool found = false;
  uint32_t result = 0;
  for (uint32_t sector = 0; sector < MODULE_LOG_SECTORS; sector++) {
    uint32_t behind = 0;
    bool newest = false;
    for (uint32_t at = 0; at + MODULE_RECORD_BYTES <= storage->log_sector_bytes;
         at += MODULE_RECORD_BYTES) {
      uint8_t record[MODULE_RECORD_BYTES];
      const uint32_t code = storage->read_log(sector, at, record, sizeof record);
      if (code != 0) result = code;
      // A place that cannot be read is not written either.
      if (code == 0 && blank(record)) continue;
      behind = at + MODULE_RECORD_BYTES;
      if (code != 0 || !valid(record)) continue;
      if (found && get_u32(record + AT_NUMBER) < number) continue;
      decode(record);
      found = newest = true;
    }
    if (!newest) continue;
    log_sector = sector;
    log_offset = behind;
  }
  return result;
}

const module_state *module_slots_state(void) { return &state; }

// Slots.

static bool holds_its_module(uint32_t slot) {
  if (slot >= MODULE_SLOTS) return true;
  const module_slot *entry = &state.slots[slot];
  if (entry->length == 0 || entry->length > storage->slot_bytes) return false;
  uint8_t digest[ISNKIT_SHA256_BYTES];
  isnkit_sha256(storage->slots[slot], entry->length, digest);
  return memcmp(digest, entry->digest, sizeof digest) == 0;
}

/** The active module, or what can stand in for it: the one before, if nothing is being tried there. */
static uint32_t intact(void) {
  if (holds_its_module(state.active)) return state.active;
  const uint32_t other = module_slots_spare();
  return state.phase == MODULE_IDLE && holds_its_module(other) ? other : MODULE_BUILT_IN;
}

static uint32_t end_candidate(module_outcome outcome) {
  module_state next = state;
  next.phase = MODULE_IDLE;
  next.outcome = (uint8_t)outcome;
  next.slots[state.candidate].length = 0;
  return change(&next);
}

uint32_t module_slots_boot(bool watchdog) {
  // An end that cannot be written is written at the next boot; the old module runs in any case.
  if (state.phase == MODULE_CHECKING) {
    end_candidate(watchdog ? MODULE_OUTCOME_WATCHDOG : MODULE_OUTCOME_CHECK_RESTARTED);
  } else if (state.phase == MODULE_TRIAL) {
    end_candidate(watchdog ? MODULE_OUTCOME_WATCHDOG : MODULE_OUTCOME_NOT_CONFIRMED);
  } else if (state.phase == MODULE_ARMED) {
    module_state next = state;
    next.phase = MODULE_TRIAL;
    if (!holds_its_module(state.candidate)) end_candidate(MODULE_OUTCOME_CHECK_FAILED);
    else if (change(&next) == 0) return state.candidate;
  }
  return intact();
}

uint32_t module_slots_spare(void) { return state.active == 0 ? 1 : 0; }

uint32_t module_slots_erase_spare(void) {
  const uint32_t spare = module_slots_spare();
  if (state.phase == MODULE_TRIAL && spare == state.candidate) return NO_LOG_ERROR;
  module_state next = state;
  next.phase = MODULE_IDLE;
  next.candidate = (uint8_t)spare;
  memset(&next.slots[spare], 0, sizeof next.slots[spare]);
  const uint32_t code = change(&next);
  return code == 0 ? storage->erase_slot(spare) : code;
}

uint32_t module_slots_program(uint32_t offset, const uint8_t *from, uint32_t bytes) {
  if (offset > storage->slot_bytes || bytes > storage->slot_bytes - offset) return NO_LOG_ERROR;
  return storage->program_slot(module_slots_spare(), offset, from, bytes);
}

uint32_t module_slots_begin_check(uint32_t length, const uint8_t digest[ISNKIT_SHA256_BYTES]) {
  module_state next = state;
  next.candidate = (uint8_t)module_slots_spare();
  next.phase = MODULE_CHECKING;
  next.outcome = MODULE_OUTCOME_NONE;
  next.slots[next.candidate].length = length;
  memcpy(next.slots[next.candidate].digest, digest, ISNKIT_SHA256_BYTES);
  return change(&next);
}

uint32_t module_slots_arm(void) {
  if (state.phase != MODULE_CHECKING) return NO_LOG_ERROR;
  module_state next = state;
  next.phase = MODULE_ARMED;
  return change(&next);
}

uint32_t module_slots_reject(module_outcome outcome) {
  return state.phase == MODULE_IDLE ? NO_LOG_ERROR : end_candidate(outcome);
}

uint32_t module_slots_confirm(void) {
  if (state.phase != MODULE_TRIAL) return NO_LOG_ERROR;
  module_state next = state;
  next.active = state.candidate;
  next.phase = MODULE_IDLE;
  next.outcome = MODULE_OUTCOME_CONFIRMED;
  return change(&next);
}

uint32_t module_slots_set_journal(module_journal journal) {
  module_state next = state;
  next.journal = (uint8_t)journal;
  return change(&next);
}

const char *module_outcome_name(uint32_t outcome) {
  static const char *const names[] = {"none",          "confirmed", "check-restarted",
                                      "check-failed",  "not-confirmed", "trapped",
                                      "rolled-back",   "watchdog"};
  return outcome < sizeof names / sizeof *names ? names[outcome] : "unknown";
}
