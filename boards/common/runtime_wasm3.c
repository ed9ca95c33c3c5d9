/**
 * The module as WebAssembly in flash, run by the wasm3 interpreter. The image is checked against its
 * digest first, because wasm3 does not validate code. The linear memory is capped at 4 KiB; a trap
 * comes back as a result of the call.
 */
#include <string.h>

#include "arena.h"
#include "module_image.h"
#include "runtime.h"
#include "wasm3.h"
// For memoryLimit, which has no setter.
#include "m3_env.h"

/** Stack of the interpreter; the deepest call of the module takes about half of it. */
#ifndef ISNKIT_WASM3_STACK_BYTES
#define ISNKIT_WASM3_STACK_BYTES 1024u
#endif

const char isnkit_runtime_name[] = "wasm3";
isnkit_trap isnkit_runtime_trap = ISNKIT_TRAP_NONE;

#define INDEX(name, arguments) INDEX_##name,
enum { ISNKIT_EXPORTS(INDEX) EXPORTS };
#define NAME(name, arguments) #name,
static const char *const names[EXPORTS] = {ISNKIT_EXPORTS(NAME)};
#define ARGUMENTS(name, arguments) arguments,
static const uint8_t argument_counts[EXPORTS] = {ISNKIT_EXPORTS(ARGUMENTS)};

static IM3Runtime runtime;
static IM3Function functions[EXPORTS];

static isnkit_trap trap_of(M3Result result) {
  if (result == m3Err_none) return ISNKIT_TRAP_NONE;
  if (result == m3Err_trapOutOfBoundsMemoryAccess) return ISNKIT_TRAP_BOUNDS;
  if (result == m3Err_trapDivisionByZero || result == m3Err_trapIntegerOverflow) {
    return ISNKIT_TRAP_ARITHMETIC;
  }
  if (result == m3Err_trapStackOverflow) return ISNKIT_TRAP_STACK;
  if (result == m3Err_mallocFailed || result == m3Err_mallocFailedCodePage) {
    return ISNKIT_TRAP_MEMORY;
  }
  return ISNKIT_TRAP_UNREACHABLE;
}

// The module's imports: arguments follow the result on wasm3's stack, one 64-bit slot each.

m3ApiRawFunction(import_read) {
  m3ApiReturnType(uint32_t);
  m3ApiGetArg(uint32_t, offset);
  m3ApiGetArgMem(uint8_t *, to);
  m3ApiGetArg(uint32_t, bytes);
  m3ApiCheckMem(to, bytes);
  m3ApiReturn(isnkit_import_read(offset, to, bytes));
}

m3ApiRawFunction(import_program) {
  m3ApiReturnType(uint32_t);
  m3ApiGetArg(uint32_t, offset);
  m3ApiGetArgMem(const uint8_t *, from);
  m3ApiGetArg(uint32_t, bytes);
  m3ApiCheckMem(from, bytes);
  m3ApiReturn(isnkit_import_program(offset, from, bytes));
}

m3ApiRawFunction(import_erase) {
  m3ApiReturnType(uint32_t);
  m3ApiGetArg(uint32_t, sector);
  m3ApiReturn(isnkit_import_erase(sector));
}

m3ApiRawFunction(import_entropy) {
  m3ApiReturnType(uint32_t);
  m3ApiGetArgMem(uint8_t *, to);
  m3ApiGetArg(uint32_t, bytes);
  m3ApiCheckMem(to, bytes);
  m3ApiReturn(isnkit_import_entropy(to, bytes));
}

m3ApiRawFunction(import_ticks) {
  m3ApiReturnType(uint32_t);
  m3ApiReturn(isnkit_import_ticks());
}

static M3Result link_import(IM3Module module, const char *name, const char *signature,
                            M3RawCall function) {
  const M3Result result = m3_LinkRawFunction(module, "board", name, signature, function);
  // A module may leave an import out; one that is left open fails when functions are compiled.
  return result == m3Err_functionLookupFailed ? m3Err_none : result;
}

static M3Result link_imports(IM3Module module) {
  M3Result result = link_import(module, "read", "i(iii)", import_read);
  if (!result) result = link_import(module, "program", "i(iii)", import_program);
  if (!result) result = link_import(module, "erase", "i(i)", import_erase);
  if (!result) result = link_import(module, "entropy", "i(ii)", import_entropy);
  if (!result) result = link_import(module, "ticks", "i()", import_ticks);
  return result;
}

static const isnkit_module *selected;

void isnkit_runtime_select(const isnkit_module *module) { selected = module; }

static isnkit_module module_to_run(void) {
  if (selected != NULL) return *selected;
  return (isnkit_module){isnkit_module_image, isnkit_module_image_bytes, isnkit_module_digest};
}

static bool image_intact(const isnkit_module *module) {
  uint8_t digest[ISNKIT_SHA256_BYTES];
  isnkit_sha256(module->image, module->bytes, digest);
  return memcmp(digest, module->digest, sizeof digest) == 0;
}

/** Takes this many u32 and returns one, and is compiled: what `call` below relies on. */
static bool callable(IM3Function function, uint32_t count) {
  if (function->compiled == NULL || m3_GetArgCount(function) != count) return false;
  for (uint32_t i = 0; i < count; i++) {
    if (m3_GetArgType(function, i) != c_m3Type_i32) return false;
  }
  return m3_GetRetCount(function) == 1 && m3_GetRetType(function, 0) == c_m3Type_i32;
}

static isnkit_trap load(const uint8_t *image, uint32_t bytes) {
  isnkit_arena_reset();
  IM3Environment environment = m3_NewEnvironment();
  if (environment == NULL) return ISNKIT_TRAP_MEMORY;
  runtime = m3_NewRuntime(environment, ISNKIT_WASM3_STACK_BYTES, NULL);
  if (runtime == NULL) return ISNKIT_TRAP_MEMORY;
  runtime->memoryLimit = ISNKIT_PAGE_BYTES;
  IM3Module module;
  M3Result result = m3_ParseModule(environment, &module, image, bytes);
  if (!result) result = m3_LoadModule(runtime, module);
  if (!result) result = link_imports(module);
  // Everything that start and everyday calls need is compiled here, so that a full arena shows now
  // and not in the middle of a connect.
  for (unsigned i = 0; !result && i < EXPORTS; i++) {
    result = m3_FindFunction(&functions[i], runtime, names[i]);
    if (!result && !callable(functions[i], argument_counts[i])) result = m3Err_functionLookupFailed;
  }
#ifndef ISNKIT_WASM3_LAZY
  if (!result) result = m3_CompileModule(module);
#endif
  if (result == m3Err_none) return ISNKIT_TRAP_NONE;
  return trap_of(result) == ISNKIT_TRAP_MEMORY ? ISNKIT_TRAP_MEMORY : ISNKIT_TRAP_IMAGE;
}

isnkit_trap isnkit_runtime_start(void) {
  const isnkit_module module = module_to_run();
  runtime = NULL;
  isnkit_runtime_trap =
      image_intact(&module) ? load(module.image, module.bytes) : ISNKIT_TRAP_IMAGE;
  if (isnkit_runtime_trap != ISNKIT_TRAP_NONE) runtime = NULL;
  return isnkit_runtime_trap;
}

uint8_t *isnkit_runtime_memory(void) {
  return runtime == NULL ? NULL : m3_GetMemory(runtime, NULL, 0);
}

uint32_t isnkit_runtime_arena_peak(void) { return isnkit_arena_peak(); }

uint32_t isnkit_runtime_call(isnkit_export *function, const uint32_t *arguments) {
  if (runtime == NULL) {
    isnkit_runtime_trap = ISNKIT_TRAP_IMAGE;
    return 0;
  }
  isnkit_runtime_trap = ISNKIT_TRAP_NONE;
  return function(arguments);
}

/**
 * What m3_Call() and m3_GetResults() do, without asking again what start has checked: the result is the
 * first slot of the stack and the arguments follow, 64 bits each.
 */
static __attribute__((noinline)) uint32_t run(IM3Function function, uint32_t *slots) {
  const M3Result result =
      RunCode(function->compiled, slots, runtime->memory.mallocated, d_m3OpDefaultArgs);
  if (result == m3Err_none) return slots[0];
  isnkit_runtime_trap = trap_of(result);
  return 0;
}

#define GIVE_0
#define GIVE_1 slots[2] = given[0];
#define GIVE_2 GIVE_1 slots[4] = given[1];
#define GIVE_3 GIVE_2 slots[6] = given[2];
#define GIVE_4 GIVE_3 slots[8] = given[3];
#define GIVE_5 GIVE_4 slots[10] = given[4];
#define GIVE_6 GIVE_5 slots[12] = given[5];
#define GIVE_7 GIVE_6 slots[14] = given[6];
#define GIVE_8 GIVE_7 slots[16] = given[7];

#define DEFINE(name, arguments)                               \
  uint32_t isnkit_export_##name(const uint32_t *given) {      \
    uint32_t *slots = runtime->stack;                         \
    (void)given;                                              \
    GIVE_##arguments                                          \
    return run(functions[INDEX_##name], slots);               \
  }
ISNKIT_EXPORTS(DEFINE)
