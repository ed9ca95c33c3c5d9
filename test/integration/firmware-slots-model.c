/**
 * Updates on a memory that fails: the slots and their log (boards/update/module_slots.c) over a model of
 * NOR flash, with the power cut at every program and erase, each torn at several lengths. Prints one
 * line a scenario: how many cuts there were, and how many left the device without the old or the new
 * module. The second pass cuts each recovery too.
 */
#include <setjmp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "module_slots.h"

#define SLOT_BYTES 1024u
#define LOG_BYTES 384u
#define TEARS 5u

static uint8_t slots[MODULE_SLOTS][SLOT_BYTES];
static uint8_t logs[MODULE_LOG_SECTORS][LOG_BYTES];

static jmp_buf power;
static uint32_t operations;
static uint32_t cut_at;
static uint32_t tear;
static uint32_t noise = 1;
static unsigned programmed_twice;

static uint32_t random_word(void) {
  noise ^= noise << 13;
  noise ^= noise >> 17;
  noise ^= noise << 5;
  return noise;
}

/** How much of an operation is done: all of it, or a part when the power fails in it. */
static uint32_t done_of(uint32_t bytes, bool *cut) {
  *cut = ++operations == cut_at;
  return *cut ? bytes * tear / (TEARS - 1) : bytes;
}

static uint32_t erase_cells(uint8_t *cells, uint32_t bytes) {
  bool cut;
  const uint32_t part = done_of(bytes, &cut);
  memset(cells, 0xFF, part);
  // A half-erased cell reads as anything.
  if (cut && part < bytes) cells[part] = (uint8_t)random_word();
  if (cut) longjmp(power, 1);
  return 0;
}

static uint32_t program_cells(uint8_t *cells, const uint8_t *from, uint32_t bytes) {
  bool cut;
  const uint32_t part = done_of(bytes, &cut);
  for (uint32_t i = 0; i < bytes; i++) {
    if (cells[i] != 0xFF) programmed_twice++;
  }
  for (uint32_t i = 0; i < part; i++) cells[i] &= from[i];
  if (cut && part < bytes) cells[part] &= (uint8_t)(from[part] | random_word());
  if (cut) longjmp(power, 1);
  return 0;
}

static uint32_t erase_slot(uint32_t slot) { return erase_cells(slots[slot], SLOT_BYTES); }
static uint32_t program_slot(uint32_t slot, uint32_t at, const uint8_t *from, uint32_t bytes) {
  return program_cells(slots[slot] + at, from, bytes);
}
static uint32_t read_log(uint32_t sector, uint32_t at, uint8_t *to, uint32_t bytes) {
  memcpy(to, logs[sector] + at, bytes);
  return 0;
}
static uint32_t program_log(uint32_t sector, uint32_t at, const uint8_t *from, uint32_t bytes) {
  return program_cells(logs[sector] + at, from, bytes);
}
static uint32_t erase_log(uint32_t sector) { return erase_cells(logs[sector], LOG_BYTES); }

static const module_storage storage = {SLOT_BYTES,   LOG_BYTES,   {slots[0], slots[1]}, erase_slot,
                                       program_slot, read_log,    program_log,          erase_log};

/** Module `version`: 700 bytes that no other version has. */
static void image_of(uint32_t version, uint8_t image[SLOT_BYTES]) {
  for (uint32_t i = 0; i < SLOT_BYTES; i++) image[i] = (uint8_t)(version * 31 + i * 7 + version * i);
}
#define IMAGE_BYTES 700u

/** Which version a boot runs: 0 the built-in one, 99 none that can run. */
static uint32_t boot(bool watchdog) {
  module_slots_open(&storage);
  const uint32_t slot = module_slots_boot(watchdog);
  if (slot == MODULE_BUILT_IN) return 0;
  for (uint32_t version = 1; version < 40; version++) {
    uint8_t image[SLOT_BYTES];
    image_of(version, image);
    if (module_slots_state()->slots[slot].length == IMAGE_BYTES &&
        memcmp(image, slots[slot], IMAGE_BYTES) == 0) {
      return version;
    }
  }
  return 99;
}

typedef enum ending { CONFIRM, LET_GO, REJECT, HANG_IN_CHECK, HANG_IN_TRIAL, ENDINGS } ending;

/** A whole update to `version`, boots included. */
static void update(uint32_t version, ending how) {
  uint8_t image[SLOT_BYTES];
  uint8_t digest[ISNKIT_SHA256_BYTES];
  image_of(version, image);
  isnkit_sha256(image, IMAGE_BYTES, digest);
  if (module_slots_erase_spare() != 0) return;
  for (uint32_t at = 0; at < IMAGE_BYTES; at += 256) {
    module_slots_program(at, image + at, IMAGE_BYTES - at < 256 ? IMAGE_BYTES - at : 256);
  }
  module_slots_begin_check(IMAGE_BYTES, digest);
  if (how == HANG_IN_CHECK) {
    boot(true);
    return;
  }
  if (how == REJECT) module_slots_reject(MODULE_OUTCOME_CHECK_FAILED);
  else module_slots_arm();
  boot(false);
  if (how == CONFIRM) module_slots_confirm();
  if (how == HANG_IN_TRIAL) boot(true);
  if (how != CONFIRM) boot(false);
}

static void blank_memory(void) {
  memset(slots, 0xFF, sizeof slots);
  memset(logs, 0xFF, sizeof logs);
}

typedef struct memory {
  uint8_t slots[MODULE_SLOTS][SLOT_BYTES];
  uint8_t logs[MODULE_LOG_SECTORS][LOG_BYTES];
} memory;

static void save(memory *to) {
  memcpy(to->slots, slots, sizeof slots);
  memcpy(to->logs, logs, sizeof logs);
}
static void load(const memory *from) {
  memcpy(slots, from->slots, sizeof slots);
  memcpy(logs, from->logs, sizeof logs);
}

static unsigned cuts;
static unsigned without;
static unsigned unproven;

/** After a cut: the first boot may still be the trial; the second one runs what is settled. */
static void judge(uint32_t old, uint32_t new, ending how) {
  const uint32_t first = boot(false);
  if (first != old && first != new) without++;
  const bool trial = module_slots_state()->phase == MODULE_TRIAL;
  const uint32_t second = boot(false);
  if (second != old && second != new) without++;
  // Only a confirmed module may stay; the one on trial has to be gone.
  if (second == new && how != CONFIRM) unproven++;
  if (trial && second == new) unproven++;
}

static void run_scenario(const char *name, uint32_t history, ending how) {
  blank_memory();
  cut_at = 0;
  boot(false);
  for (uint32_t version = 1; version <= history; version++) update(version, CONFIRM);
  const uint32_t old = boot(false);
  static memory before;
  save(&before);
  operations = 0;
  update(history + 1, how);
  const uint32_t total = operations;
  cuts = without = unproven = programmed_twice = 0;
  for (volatile uint32_t at = 1; at <= total; at++) {
    for (volatile uint32_t torn = 0; torn < TEARS; torn++) {
      // The recovery is cut as well, at each of its operations; 0: not at all.
      for (volatile uint32_t again = 0; again <= 4; again++) {
        load(&before);
        cut_at = 0;
        boot(false);
        operations = 0;
        cut_at = at;
        tear = torn;
        if (setjmp(power) == 0) update(history + 1, how);
        cuts++;
        operations = 0;
        cut_at = again;
        if (again != 0 && setjmp(power) == 0) boot(false);
        operations = 0;
        cut_at = 0;
        judge(old, history + 1, how);
      }
    }
  }
  printf("%s after %u: old %u, %u operations, %u cuts, %u without a module, %u unproven, %u twice\n",
         name, history, old, total, cuts, without, unproven, programmed_twice);
}

/** Bits that rot in a slot: the module before stands in, then the built-in one; none of them unchecked. */
static void run_rot(void) {
  blank_memory();
  cut_at = 0;
  boot(false);
  update(1, CONFIRM);
  update(2, CONFIRM);
  const uint32_t whole = boot(false);
  slots[1][5] ^= 0x10;
  const uint32_t active_rotten = boot(false);
  slots[0][5] ^= 0x10;
  const uint32_t both_rotten = boot(false);
  slots[1][5] ^= 0x10;
  uint8_t image[SLOT_BYTES];
  uint8_t digest[ISNKIT_SHA256_BYTES];
  image_of(3, image);
  isnkit_sha256(image, IMAGE_BYTES, digest);
  module_slots_erase_spare();
  module_slots_program(0, image, IMAGE_BYTES);
  module_slots_begin_check(IMAGE_BYTES, digest);
  module_slots_arm();
  slots[module_slots_spare()][9] ^= 1;
  printf("rot: whole %u, active %u, both %u, candidate %u\n", whole, active_rotten, both_rotten,
         boot(false));
}

int main(void) {
  static const char *const names[ENDINGS] = {"confirm", "let-go", "reject", "hang-in-check",
                                             "hang-in-trial"};
  for (uint32_t history = 0; history <= 3; history++) {
    for (ending how = 0; how < ENDINGS; how++) run_scenario(names[how], history, how);
  }
  run_rot();
  return 0;
}
