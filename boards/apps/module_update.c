#include "module_update.h"

#include <stddef.h>
#include <string.h>

#include "board.h"
#include "board_slots.h"
#include "module_check.h"
#include "module_slots.h"
#include "module_trial.h"
#include "ymodem.h"

/** No step of a check takes a tenth of this. */
#define WATCHDOG_MS 3000u
#define WIPE_BYTES 64u
/** How long a new module has to run before it can be confirmed. */
#define TRIAL_MS 1000u

static isnkit_module running;
static about_module about;
static bool on_trial;
/** How long the module on trial has run, followed by the main loop. */
static uint32_t trial_ticks;
static uint32_t trial_last;
/** Bytes that the spare slot got in this power cycle; 0: nothing whole. */
static uint32_t received;
/** How the last transfer of this power cycle ended; NULL: there was none. */
static const char *transfer;

static const isnkit_module *running_module(void) { return running.image == NULL ? NULL : &running; }

static uint32_t wipe_journal(void) {
  isnkit_nvm_geometry geometry = {0};
  const isnkit_nvm *nvm = &board_nvm;
  uint32_t code = nvm->driver->open(nvm->device, &geometry);
  static uint8_t blank[WIPE_BYTES];
  memset(blank, 0xFF, sizeof blank);
  const uint32_t bytes = geometry.sector_bytes * geometry.sectors;
  if (geometry.kind == ISNKIT_NVM_NOR) {
    for (uint32_t i = 0; code == 0 && i < geometry.sectors; i++) {
      code = nvm->driver->erase(nvm->device, i);
    }
  } else {
    for (uint32_t at = 0; code == 0 && at < bytes; at += WIPE_BYTES) {
      code = nvm->driver->program(nvm->device, at, blank, WIPE_BYTES);
    }
  }
  return code == 0 ? module_slots_set_journal(MODULE_JOURNAL_WIPED) : code;
}

void module_update_boot(void) {
  module_slots_open(&board_module_storage);
  // A wipe that was cut off has left sectors of different age: it has to be ended first.
  if (module_slots_state()->journal == MODULE_JOURNAL_WIPING) wipe_journal();
  const uint32_t slot = module_slots_boot(strcmp(board_reset_cause(), "watchdog") == 0);
  on_trial = module_slots_state()->phase == MODULE_TRIAL && slot < MODULE_SLOTS;
  about = about_built_in;
  if (slot < MODULE_SLOTS) {
    const module_slot *entry = &module_slots_state()->slots[slot];
    running = (isnkit_module){board_module_storage.slots[slot], entry->length, entry->digest};
    about = (about_module){slot == 0 ? "a" : "b", entry->digest, entry->length};
  }
  isnkit_runtime_select(running_module());
  if (on_trial) board_watchdog_start(WATCHDOG_MS);
  trial_last = board_ticks(NULL);
}

const about_module *module_update_running(void) { return &about; }

bool module_update_may_be_new(void) {
  return module_slots_state()->journal == MODULE_JOURNAL_KEPT;
}

void module_update_fields(void) {
  static const char *const journals[] = {"kept", "wiping", "wiped"};
  const module_state *state = module_slots_state();
  console_decimal("trial", on_trial);
  console_text("last", module_outcome_name(state->outcome));
  console_text("journal", state->journal <= MODULE_JOURNAL_WIPED ? journals[state->journal] : "?");
}

static void tell(const char *type, uint32_t id, const char *why) {
  console_begin(type);
  console_decimal("re", id);
  console_decimal("ok", why == NULL);
  if (why != NULL) console_text("why", why);
}

static void answer(const char *type, uint32_t id, const char *why) {
  tell(type, id, why);
  console_end();
}

// Reception.

static void alive(void) {
  isnkit_poll();
  board_watchdog_feed();
}

static int get_byte(void *context, uint32_t ms) {
  (void)context;
  const uint32_t start = board_ticks(NULL);
  const uint32_t patience = board_ticks_hz / 1000u * ms;
  for (;;) {
    const int byte = board_console_get();
    if (byte >= 0) return byte;
    if (board_ticks(NULL) - start >= patience) return -1;
    // The line is silent, so there is time for the module's own work.
    alive();
  }
}

static void put_byte(void *context, uint8_t byte) {
  (void)context;
  board_console_put(byte);
}

static uint32_t written;

static bool open_slot(void *context, uint32_t length) {
  (void)context;
  (void)length;
  written = 0;
  return module_slots_erase_spare() == 0;
}

static bool write_slot(void *context, const uint8_t *from, uint32_t bytes) {
  (void)context;
  // A line that is never silent leaves no other time for it.
  alive();
  if (module_slots_program(written, from, bytes) != 0) return false;
  written += bytes;
  return true;
}

static const char *slot_name(uint32_t slot) { return slot == 0 ? "a" : "b"; }

static void receive(uint32_t id) {
  if (on_trial) return answer("receive", id, "trial");
  received = 0;
  tell("receive", id, NULL);
  console_text("slot", slot_name(module_slots_spare()));
  console_decimal("room", board_module_storage.slot_bytes);
  console_end();
  static const ymodem_line line = {get_byte, put_byte, NULL};
  const ymodem_sink sink = {board_module_storage.slot_bytes, open_slot, write_slot, NULL};
  const ymodem_result result = ymodem_receive(&line, &sink, &ymodem_patience_usual);
  // The last bytes of the transfer were no record.
  board_console_put('\r');
  board_console_put('\n');
  transfer = ymodem_result_name(result);
  if (result != YMODEM_DONE) return answer("received", id, transfer);
  received = written;
  uint8_t digest[ISNKIT_SHA256_BYTES];
  isnkit_sha256(board_module_storage.slots[module_slots_spare()], received, digest);
  tell("received", id, NULL);
  console_decimal("bytes", received);
  console_bytes("sha", digest, sizeof digest);
  console_end();
}

// Check, trial, end of the trial.

/** From here on the new module has run in this power cycle: only a restart brings the old one back. */
static const char *put_to_the_test(const isnkit_module *candidate, const isnkit_config *config) {
  board_watchdog_start(WATCHDOG_MS);
  const char *why = module_self_test(candidate, board_watchdog_feed);
  if (why != NULL) return why;
  board_watchdog_feed();
  return module_rehearse(candidate, running_module(), &board_nvm, config, board_watchdog_feed);
}

/** The program that sent may have read `received` and shown it to nobody, so its reason is told again. */
static void miss_module(uint32_t id) {
  tell("checked", id, "nothing-received");
  if (transfer != NULL) console_text("transfer", transfer);
  console_end();
}

static void check(const console_command *command, uint32_t id, const isnkit_config *config) {
  uint8_t stated[ISNKIT_SHA256_BYTES];
  uint8_t digest[ISNKIT_SHA256_BYTES];
  if (on_trial) return answer("checked", id, "trial");
  if (received == 0) return miss_module(id);
  if (!console_octets(command, "sha", stated, sizeof stated)) {
    return answer("checked", id, "sha-of-32-bytes");
  }
  const uint8_t *image = board_module_storage.slots[module_slots_spare()];
  isnkit_sha256(image, received, digest);
  if (memcmp(digest, stated, sizeof digest) != 0) return answer("checked", id, "sha");
  const char *why = module_check(image, received);
  if (why != NULL) return answer("checked", id, why);
  if (module_slots_begin_check(received, digest) != 0) return answer("checked", id, "storage");
  received = 0;
  answer("checking", id, NULL);
  const isnkit_module candidate = {image, module_slots_state()->slots[module_slots_spare()].length,
                                   digest};
  why = put_to_the_test(&candidate, config);
  if (why != NULL) module_slots_reject(MODULE_OUTCOME_CHECK_FAILED);
  else if (module_slots_arm() != 0) why = "storage";
  answer("checked", id, why);
  board_reset();
}

static void confirm(const console_command *command, uint32_t id) {
  uint8_t stated[ISNKIT_SHA256_BYTES];
  if (!on_trial) return answer("confirmed", id, "no-trial");
  if (!console_octets(command, "sha", stated, sizeof stated)) {
    return answer("confirmed", id, "sha-of-32-bytes");
  }
  if (memcmp(stated, about.digest, sizeof stated) != 0) return answer("confirmed", id, "sha");
  if (isnkit_current_state() == ISNKIT_OFF) return answer("confirmed", id, "not-started");
  const uint32_t ran_ms = trial_ticks / (board_ticks_hz / 1000u);
  if (ran_ms < TRIAL_MS) {
    tell("confirmed", id, "too-early");
    console_decimal("ms", TRIAL_MS - ran_ms);
    return console_end();
  }
  if (module_slots_confirm() != 0) return answer("confirmed", id, "storage");
  // The watchdog cannot be stopped, so the main loop goes on feeding it.
  on_trial = false;
  answer("confirmed", id, NULL);
}

static void roll_back(uint32_t id) {
  if (module_slots_reject(MODULE_OUTCOME_ROLLED_BACK) != 0) return answer("rolled-back", id, "no-trial");
  answer("rolled-back", id, NULL);
  board_reset();
}

static void wipe(const console_command *command, uint32_t id) {
  if (!console_is(command, "sure", "yes")) return answer("wiped", id, "sure=yes-is-missing");
  if (on_trial) return answer("wiped", id, "trial");
  const char *why = NULL;
  if (module_slots_set_journal(MODULE_JOURNAL_WIPING) != 0) why = "storage";
  else if (wipe_journal() != 0) why = "storage";
  answer("wiped", id, why);
  board_reset();
}

bool module_update_obey(const console_command *command, uint32_t id, const isnkit_config *config) {
  if (console_is(command, "do", "receive")) receive(id);
  else if (console_is(command, "do", "try")) check(command, id, config);
  else if (console_is(command, "do", "confirm")) confirm(command, id);
  else if (console_is(command, "do", "rollback")) roll_back(id);
  else if (console_is(command, "do", "wipe-journal")) wipe(command, id);
  else return false;
  return true;
}

void module_update_continue(void) {
  board_watchdog_feed();
  if (!on_trial) return;
  const uint32_t now = board_ticks(NULL);
  // A trial that is long over must not wrap to its beginning.
  if (isnkit_current_state() != ISNKIT_OFF && trial_ticks < UINT32_MAX / 2) {
    trial_ticks += now - trial_last;
  }
  trial_last = now;
  if (isnkit_trap_code() == 0) return;
  module_slots_reject(MODULE_OUTCOME_TRAPPED);
  board_reset();
}
