/**
 * isnkit.c over a runtime that answers as told: two tasks take turns, and each asks why its own call was refused.
 * The argument says whether the platform has task_reason. Prints what each task is told.
 */
#include <stdio.h>
#include <string.h>

#include "isnkit.h"
#include "runtime.h"

const char isnkit_runtime_name[] = "answers as told";
isnkit_trap isnkit_runtime_trap;

/** What the module says of its last refused call. */
static uint32_t module_reason;
static uint32_t module_answer;
static bool module_traps;

#define DEFINE(name, arguments)                          \
  uint32_t isnkit_export_##name(const uint32_t *given) { \
    (void)given;                                         \
    return module_answer;                                \
  }
ISNKIT_EXPORTS(DEFINE)

isnkit_trap isnkit_runtime_start(void) { return isnkit_runtime_trap = ISNKIT_TRAP_NONE; }
uint8_t *isnkit_runtime_memory(void) { return isnkit_runtime_io(); }
uint8_t *isnkit_runtime_io(void) {
  static uint8_t io[32];
  return io;
}
uint32_t isnkit_runtime_arena_least(void) { return 0; }

uint32_t isnkit_runtime_call(isnkit_export *function, const uint32_t *arguments) {
  isnkit_runtime_trap = module_traps ? ISNKIT_TRAP_BOUNDS : ISNKIT_TRAP_NONE;
  if (module_traps) return 0;
  return function == isnkit_export_reason ? module_reason : function(arguments);
}

// A platform with two tasks, of which `task` runs.

static unsigned task;
static uint32_t reasons[2];
static uint32_t *task_reason(void *context) {
  (void)context;
  return &reasons[task];
}

static uint32_t open_memory(void *device, isnkit_nvm_geometry *geometry) {
  (void)device;
  memset(geometry, 0, sizeof *geometry);
  return 0;
}
static uint32_t ticks(void *context) {
  (void)context;
  return 0;
}

static void ask(unsigned of, uint32_t answer, uint32_t reason) {
  task = of;
  module_answer = answer;
  if (answer == 0) module_reason = reason;
  isnkit_isn4(1, 2, 3, 4);
}

static void tell(unsigned of) {
  task = of;
  printf("%u\n", (unsigned)isnkit_reason());
}

int main(int count, char **arguments) {
  static const isnkit_nvm_driver driver = {.open = open_memory};
  static isnkit_platform platform = {.nvm = {&driver, NULL}, .ticks = ticks, .ticks_hz = 1000};
  (void)arguments;
  if (count > 1) platform.task_reason = task_reason;
  module_answer = 1;
  isnkit_start(&platform, NULL);
  // One is refused; before it can ask, the other is refused for another reason, and asks first.
  ask(0, 0, ISNKIT_REASON_PORTS_BUSY);
  ask(1, 0, ISNKIT_REASON_ARGUMENT);
  tell(1);
  tell(0);
  // Told once; then why the state is what it is.
  module_reason = ISNKIT_REASON_STORAGE_FAILED;
  tell(0);
  // A call that was not refused leaves the reason alone.
  ask(0, 0, ISNKIT_REASON_TABLE_FULL);
  ask(1, 77, 0);
  tell(0);
  // A trap stands above all.
  ask(0, 0, ISNKIT_REASON_PORTS_BUSY);
  module_traps = true;
  ask(1, 0, 0);
  tell(0);
  return 0;
}
