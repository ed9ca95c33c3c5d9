#include "module_check.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "exports.h"
#include "runtime.h"

// Core Specification §5: binary format.
#define I32 0x7Fu
#define I64 0x7Eu
#define NO_RESULT 0x40u
#define FUNCTION_TYPE 0x60u
/** Not a type of the format: what an operand of unreachable code has. */
#define ANY 0u
#define KIND_FUNCTION 0u
#define KIND_MEMORY 2u
#define KIND_GLOBAL 3u

enum section {
  SECTION_CUSTOM,
  SECTION_TYPE,
  SECTION_IMPORT,
  SECTION_FUNCTION,
  SECTION_TABLE,
  SECTION_MEMORY,
  SECTION_GLOBAL,
  SECTION_EXPORT,
  SECTION_START,
  SECTION_ELEMENT,
  SECTION_CODE,
  SECTION_DATA,
};

enum opcode {
  OP_UNREACHABLE = 0x00,
  OP_NOP = 0x01,
  OP_BLOCK = 0x02,
  OP_LOOP = 0x03,
  OP_IF = 0x04,
  OP_ELSE = 0x05,
  OP_END = 0x0B,
  OP_BR = 0x0C,
  OP_BR_IF = 0x0D,
  OP_BR_TABLE = 0x0E,
  OP_RETURN = 0x0F,
  OP_CALL = 0x10,
  OP_DROP = 0x1A,
  OP_SELECT = 0x1B,
  OP_LOCAL_GET = 0x20,
  OP_LOCAL_SET = 0x21,
  OP_LOCAL_TEE = 0x22,
  OP_GLOBAL_GET = 0x23,
  OP_GLOBAL_SET = 0x24,
  OP_I32_CONST = 0x41,
  OP_I64_CONST = 0x42,
};

/** Where reading stands. After a failure `why` is set, and every read gives 0. */
static struct {
  const uint8_t *at;
  const uint8_t *end;
  const char *why;
} in;

typedef struct signature {
  uint8_t parameters;
  uint8_t result;
  uint8_t types[MODULE_PARAMETERS_MAX];
} signature;

static struct {
  signature types[MODULE_TYPES_MAX];
  uint32_t type_count;
  /** Type of each function, imported ones first. */
  uint8_t functions[MODULE_FUNCTIONS_MAX];
  uint32_t function_count;
  uint32_t import_count;
  uint8_t global_types[MODULE_GLOBALS_MAX];
  bool global_mutable[MODULE_GLOBALS_MAX];
  uint32_t global_count;
  bool has_memory;
  uint32_t body_count;
  /** Bit f of calls[g]: g calls f. */
  uint8_t calls[MODULE_FUNCTIONS_MAX][MODULE_FUNCTIONS_MAX / 8];
} module;

static bool fail(const char *why) {
  if (in.why == NULL) in.why = why;
  in.at = in.end;
  return false;
}

static bool holds(bool condition, const char *why) { return condition ? true : fail(why); }

static uint8_t byte(void) {
  if (in.at >= in.end) {
    fail("truncated");
    return 0;
  }
  return *in.at++;
}

/** LEB128 (§5.2.2): no more bytes than the width needs, and no bits beyond it. */
static uint32_t u32(void) {
  uint32_t value = 0;
  for (unsigned shift = 0; shift < 35; shift += 7) {
    const uint8_t part = byte();
    if (shift == 28 && part > 0x0F) break;
    value |= (uint32_t)(part & 0x7F) << shift;
    if ((part & 0x80) == 0) return value;
  }
  fail("number");
  return 0;
}

/** The value does not matter, its form does. `bits`: 32 or 64. */
static void skip_signed(unsigned bits) {
  for (unsigned shift = 0; shift < bits; shift += 7) {
    const uint8_t part = byte();
    if (in.why != NULL) return;
    if (shift + 7 > bits) {
      // The last byte: all bits from the sign on are alike.
      const uint8_t above = (uint8_t)(0x7Fu & ~((1u << (bits - shift - 1)) - 1u));
      const uint8_t set = part & above;
      if ((part & 0x80) != 0 || (set != 0 && set != above)) fail("number");
      return;
    }
    if ((part & 0x80) == 0) return;
  }
  fail("number");
}

static const uint8_t *take(uint32_t count) {
  const uint8_t *from = in.at;
  if ((uint32_t)(in.end - in.at) < count) {
    fail("truncated");
    return from;
  }
  in.at += count;
  return from;
}

static bool value_type(uint8_t type) { return holds(type == I32 || type == I64, "type"); }

// Sections before the code.

static void read_types(void) {
  module.type_count = u32();
  if (!holds(module.type_count <= MODULE_TYPES_MAX, "types")) return;
  for (uint32_t i = 0; i < module.type_count && in.why == NULL; i++) {
    signature *type = &module.types[i];
    holds(byte() == FUNCTION_TYPE, "type");
    const uint32_t count = u32();
    if (!holds(count <= MODULE_PARAMETERS_MAX, "types")) return;
    type->parameters = (uint8_t)count;
    for (uint32_t p = 0; p < count; p++) value_type(type->types[p] = byte());
    const uint32_t results = u32();
    holds(results <= 1, "types");
    type->result = results == 0 ? NO_RESULT : byte();
    if (results == 1) value_type(type->result);
  }
}

static bool all_i32(const signature *type, uint32_t parameters) {
  if (type->parameters != parameters || type->result != I32) return false;
  for (uint32_t i = 0; i < parameters; i++) {
    if (type->types[i] != I32) return false;
  }
  return true;
}

static bool name_is(const uint8_t *name, uint32_t length, const char *expected) {
  return strlen(expected) == length && memcmp(name, expected, length) == 0;
}

/** What runtime_wasm3.c links, docs/abi.md. */
static bool board_gives(const uint8_t *name, uint32_t length, const signature *type) {
  static const struct {
    const char *name;
    uint32_t parameters;
  } gives[] = {{"read", 3}, {"program", 3}, {"erase", 1}, {"entropy", 2}, {"ticks", 0}};
  for (unsigned i = 0; i < sizeof gives / sizeof *gives; i++) {
    if (name_is(name, length, gives[i].name)) return all_i32(type, gives[i].parameters);
  }
  return false;
}

static void add_function(uint32_t type) {
  if (!holds(type < module.type_count, "type")) return;
  if (!holds(module.function_count < MODULE_FUNCTIONS_MAX, "functions")) return;
  module.functions[module.function_count++] = (uint8_t)type;
}

static void read_imports(void) {
  for (uint32_t left = u32(); left > 0 && in.why == NULL; left--) {
    const uint32_t module_bytes = u32();
    const uint8_t *from = take(module_bytes);
    if (!holds(in.why == NULL && name_is(from, module_bytes, "board"), "import")) return;
    const uint32_t name_bytes = u32();
    const uint8_t *name = take(name_bytes);
    if (!holds(byte() == KIND_FUNCTION, "import")) return;
    const uint32_t type = u32();
    add_function(type);
    if (in.why != NULL) return;
    holds(board_gives(name, name_bytes, &module.types[type]), "import");
  }
  module.import_count = module.function_count;
}

static void read_functions(void) {
  for (uint32_t left = u32(); left > 0 && in.why == NULL; left--) add_function(u32());
}

static void read_memory(void) {
  holds(u32() == 1, "memory");
  // A minimum and a maximum, of one page at most.
  holds(byte() == 1 && u32() <= 1 && u32() == 1, "memory");
  module.has_memory = true;
}

/** A constant of this type, and `end` (§3.3.7). Returns an i32 constant of up to 2^31 − 1, else UINT32_MAX. */
static uint32_t constant(uint8_t type) {
  const uint8_t op = byte();
  holds(op == (type == I32 ? OP_I32_CONST : OP_I64_CONST), "constant");
  const uint8_t *start = in.at;
  skip_signed(type == I32 ? 32 : 64);
  uint32_t value = 0;
  unsigned shift = 0;
  for (const uint8_t *p = start; p < in.at && shift < 32; p++, shift += 7) {
    value |= (uint32_t)(*p & 0x7F) << shift;
  }
  const bool negative = in.at > start && (in.at[-1] & 0x40) != 0;
  holds(byte() == OP_END, "constant");
  return negative || in.why != NULL ? UINT32_MAX : value;
}

static void read_globals(void) {
  module.global_count = u32();
  if (!holds(module.global_count <= MODULE_GLOBALS_MAX, "globals")) return;
  for (uint32_t i = 0; i < module.global_count && in.why == NULL; i++) {
    module.global_types[i] = byte();
    value_type(module.global_types[i]);
    const uint8_t mutability = byte();
    holds(mutability <= 1, "globals");
    module.global_mutable[i] = mutability == 1;
    constant(module.global_types[i]);
  }
}

#define EXPORT(name, arguments) {#name, arguments},
static const struct {
  const char *name;
  uint32_t parameters;
} needed[] = {ISNKIT_EXPORTS(EXPORT)};
#define NEEDED (sizeof needed / sizeof *needed)

static void read_exports(void) {
  static struct {
    const uint8_t *name;
    uint32_t length;
  } seen[MODULE_EXPORTS_MAX];
  bool found[NEEDED] = {false};
  const uint32_t count = u32();
  if (!holds(count <= MODULE_EXPORTS_MAX, "exports")) return;
  for (uint32_t i = 0; i < count && in.why == NULL; i++) {
    const uint32_t length = seen[i].length = u32();
    const uint8_t *name = seen[i].name = take(length);
    const uint8_t kind = byte();
    const uint32_t index = u32();
    if (in.why != NULL) return;
    for (uint32_t other = 0; other < i; other++) {
      const bool same = seen[other].length == length && memcmp(seen[other].name, name, length) == 0;
      holds(!same, "export");
    }
    // Names are ASCII here; the format has UTF-8.
    for (uint32_t c = 0; c < length; c++) holds(name[c] < 0x80, "export");
    if (kind == KIND_MEMORY) holds(index == 0 && module.has_memory, "export");
    else if (kind == KIND_GLOBAL) holds(index < module.global_count, "export");
    else holds(kind == KIND_FUNCTION && index < module.function_count, "export");
    if (in.why != NULL || kind != KIND_FUNCTION) continue;
    const signature *type = &module.types[module.functions[index]];
    for (unsigned n = 0; n < NEEDED; n++) {
      if (!name_is(name, length, needed[n].name)) continue;
      found[n] = true;
      holds(all_i32(type, needed[n].parameters), "export");
    }
  }
  for (unsigned n = 0; n < NEEDED; n++) holds(found[n], "export");
}

// The code: the algorithm of the specification's appendix, with stacks of a fixed size.

typedef struct frame {
  uint8_t op;
  uint8_t result;
  bool unreachable;
  uint8_t height;
} frame;

static struct {
  frame frames[MODULE_NESTING_MAX];
  uint32_t depth;
  uint8_t operands[MODULE_OPERANDS_MAX];
  uint32_t height;
  uint8_t locals[MODULE_LOCALS_MAX];
  uint32_t local_count;
  uint32_t function;
} body;

static void push(uint8_t type) {
  if (!holds(body.height < MODULE_OPERANDS_MAX, "operands")) return;
  body.operands[body.height++] = type;
}

static uint8_t pop(void) {
  const frame *top = &body.frames[body.depth - 1];
  if (body.height == top->height) {
    holds(top->unreachable, "stack");
    return ANY;
  }
  return body.operands[--body.height];
}

static void expect(uint8_t type) {
  const uint8_t found = pop();
  holds(found == type || found == ANY, "stack");
}

static void open(uint8_t op, uint8_t result) {
  if (!holds(body.depth < MODULE_NESTING_MAX, "nesting")) return;
  body.frames[body.depth++] = (frame){op, result, false, (uint8_t)body.height};
}

static void mark_unreachable(void) {
  frame *top = &body.frames[body.depth - 1];
  top->unreachable = true;
  body.height = top->height;
}

/** Pops what the innermost block gives, and nothing else may be left of it. */
static frame close(void) {
  const frame top = body.frames[body.depth - 1];
  if (top.result != NO_RESULT) expect(top.result);
  holds(body.height == top.height, "stack");
  body.height = top.height;
  body.depth--;
  return top;
}

/** What a branch to a label hands over; to a loop: nothing. */
static uint8_t label(uint32_t depth) {
  if (!holds(depth < body.depth, "label")) return NO_RESULT;
  const frame *target = &body.frames[body.depth - 1 - depth];
  return target->op == OP_LOOP ? NO_RESULT : target->result;
}

static void branch_table(void) {
  expect(I32);
  const uint32_t count = u32();
  // Each label takes a byte at least; the default label decides what all of them take.
  if (!holds(count < (uint32_t)(in.end - in.at), "label")) return;
  const uint8_t first = label(u32());
  for (uint32_t i = 0; i < count && in.why == NULL; i++) holds(label(u32()) == first, "label");
  if (first != NO_RESULT) expect(first);
  mark_unreachable();
}

static void call(void) {
  const uint32_t callee = u32();
  if (!holds(callee < module.function_count, "call")) return;
  const signature *type = &module.types[module.functions[callee]];
  for (uint32_t i = type->parameters; i > 0; i--) expect(type->types[i - 1]);
  if (type->result != NO_RESULT) push(type->result);
  module.calls[body.function][callee / 8] |= (uint8_t)(1u << callee % 8);
}

static void select_one(void) {
  expect(I32);
  const uint8_t a = pop();
  const uint8_t b = pop();
  holds(a == b || a == ANY || b == ANY, "stack");
  push(a == ANY ? b : a);
}

static void local(uint8_t op) {
  const uint32_t index = u32();
  if (!holds(index < body.local_count, "local")) return;
  if (op != OP_LOCAL_GET) expect(body.locals[index]);
  if (op != OP_LOCAL_SET) push(body.locals[index]);
}

static void global(uint8_t op) {
  const uint32_t index = u32();
  if (!holds(index < module.global_count, "global")) return;
  if (op == OP_GLOBAL_GET) {
    push(module.global_types[index]);
    return;
  }
  holds(module.global_mutable[index], "global");
  expect(module.global_types[index]);
}

/** Loads and stores: operand type and the log2 of the width, by opcode from 0x28 on; 0 where floats are. */
static const uint8_t accesses[] = {
    0x12, 0x23, 0, 0, 0x10, 0x10, 0x11, 0x11, 0x20, 0x20, 0x21, 0x21, 0x22, 0x22,  // loads
    0x12, 0x23, 0, 0, 0x10, 0x11, 0x20, 0x21, 0x22,                                // stores
};
#define FIRST_ACCESS 0x28u
#define FIRST_STORE 0x36u

static void access_memory(uint8_t op) {
  const uint8_t access = accesses[op - FIRST_ACCESS];
  if (!holds(access != 0, "opcode")) return;
  holds(module.has_memory, "memory");
  holds(u32() <= (access & 15u), "alignment");
  u32();
  const uint8_t type = access >> 4 == 1 ? I32 : I64;
  if (op >= FIRST_STORE) {
    expect(type);
    expect(I32);
  } else {
    expect(I32);
    push(type);
  }
}

static void operate(unsigned operands, uint8_t type, uint8_t result) {
  for (unsigned i = 0; i < operands; i++) expect(type);
  push(result);
}

/** Comparisons, arithmetic and conversions, §5.4.5: without floats and sign extension. */
static void number(uint8_t op) {
  if (op == 0x45) operate(1, I32, I32);
  else if (op >= 0x46 && op <= 0x4F) operate(2, I32, I32);
  else if (op == 0x50) operate(1, I64, I32);
  else if (op >= 0x51 && op <= 0x5A) operate(2, I64, I32);
  else if (op >= 0x67 && op <= 0x69) operate(1, I32, I32);
  else if (op >= 0x6A && op <= 0x78) operate(2, I32, I32);
  else if (op >= 0x79 && op <= 0x7B) operate(1, I64, I64);
  else if (op >= 0x7C && op <= 0x8A) operate(2, I64, I64);
  else if (op == 0xA7) operate(1, I64, I32);
  else if (op == 0xAC || op == 0xAD) operate(1, I32, I64);
  else fail("opcode");
}

static void open_block(uint8_t op) {
  if (op == OP_IF) expect(I32);
  const uint8_t result = byte();
  if (result != NO_RESULT) value_type(result);
  open(op, result);
}

static void other_branch(void) {
  const frame top = close();
  holds(top.op == OP_IF, "else");
  open(OP_ELSE, top.result);
}

static void end_block(void) {
  const frame top = close();
  // Without `else` the value would come from nowhere.
  holds(top.op != OP_IF || top.result == NO_RESULT, "else");
  if (top.result != NO_RESULT && body.depth > 0) push(top.result);
}

static void branch(uint8_t op) {
  const uint32_t depth = op == OP_RETURN ? body.depth - 1 : u32();
  if (op == OP_BR_IF) expect(I32);
  const uint8_t type = label(depth);
  if (type != NO_RESULT) expect(type);
  if (op != OP_BR_IF) mark_unreachable();
  else if (type != NO_RESULT) push(type);
}

static void constant_operand(uint8_t op) {
  skip_signed(op == OP_I32_CONST ? 32 : 64);
  push(op == OP_I32_CONST ? I32 : I64);
}

static void instruction(void) {
  const uint8_t op = byte();
  if (in.why != NULL) return;
  switch (op) {
    case OP_UNREACHABLE: mark_unreachable(); break;
    case OP_NOP: break;
    case OP_BLOCK:
    case OP_LOOP:
    case OP_IF: open_block(op); break;
    case OP_ELSE: other_branch(); break;
    case OP_END: end_block(); break;
    case OP_BR:
    case OP_BR_IF:
    case OP_RETURN: branch(op); break;
    case OP_BR_TABLE: branch_table(); break;
    case OP_CALL: call(); break;
    case OP_DROP: pop(); break;
    case OP_SELECT: select_one(); break;
    case OP_LOCAL_GET:
    case OP_LOCAL_SET:
    case OP_LOCAL_TEE: local(op); break;
    case OP_GLOBAL_GET:
    case OP_GLOBAL_SET: global(op); break;
    case OP_I32_CONST:
    case OP_I64_CONST: constant_operand(op); break;
    default:
      if (op >= FIRST_ACCESS && op < FIRST_ACCESS + sizeof accesses) access_memory(op);
      else number(op);
  }
}

static void read_locals(const signature *type) {
  body.local_count = type->parameters;
  memcpy(body.locals, type->types, type->parameters);
  for (uint32_t groups = u32(); groups > 0 && in.why == NULL; groups--) {
    const uint32_t count = u32();
    const uint8_t local_type = byte();
    if (!value_type(local_type)) return;
    if (!holds(count <= MODULE_LOCALS_MAX - body.local_count, "locals")) return;
    memset(body.locals + body.local_count, local_type, count);
    body.local_count += count;
  }
}

static void read_body(uint32_t function) {
  const uint32_t length = u32();
  if (!holds(length <= (uint32_t)(in.end - in.at), "truncated")) return;
  const uint8_t *outer_end = in.end;
  in.end = in.at + length;
  const signature *type = &module.types[module.functions[function]];
  read_locals(type);
  body.function = function;
  body.depth = 0;
  body.height = 0;
  open(OP_BLOCK, type->result);
  while (in.why == NULL && body.depth > 0) instruction();
  holds(in.at == in.end, "body");
  if (in.why == NULL) in.end = outer_end;
}

static void read_code(void) {
  module.body_count = u32();
  if (!holds(module.body_count == module.function_count - module.import_count, "bodies")) return;
  for (uint32_t i = 0; i < module.body_count && in.why == NULL; i++) {
    read_body(module.import_count + i);
  }
}

static void read_data(void) {
  for (uint32_t left = u32(); left > 0 && in.why == NULL; left--) {
    holds(u32() == 0 && module.has_memory, "data");
    const uint32_t offset = constant(I32);
    const uint32_t length = u32();
    take(length);
    holds(offset <= ISNKIT_PAGE_BYTES && length <= ISNKIT_PAGE_BYTES - offset, "data");
  }
}

/** Calls that come back to their caller could use up the stack of the interpreter. */
static void forbid_recursion(void) {
  static bool settled[MODULE_FUNCTIONS_MAX];
  memset(settled, 0, sizeof settled);
  uint32_t left = module.function_count;
  for (bool progress = true; progress && left > 0;) {
    progress = false;
    for (uint32_t f = 0; f < module.function_count; f++) {
      if (settled[f]) continue;
      bool leaf = true;
      for (uint32_t callee = 0; callee < module.function_count && leaf; callee++) {
        leaf = settled[callee] || (module.calls[f][callee / 8] >> callee % 8 & 1) == 0;
      }
      if (!leaf) continue;
      settled[f] = true;
      progress = true;
      left--;
    }
  }
  holds(left == 0, "recursion");
}

static void read_section(uint8_t id) {
  switch (id) {
    case SECTION_TYPE: read_types(); break;
    case SECTION_IMPORT: read_imports(); break;
    case SECTION_FUNCTION: read_functions(); break;
    case SECTION_MEMORY: read_memory(); break;
    case SECTION_GLOBAL: read_globals(); break;
    case SECTION_EXPORT: read_exports(); break;
    case SECTION_CODE: read_code(); break;
    case SECTION_DATA: read_data(); break;
    default: fail("section");
  }
}

/** A name, then anything; the name of valid modules is UTF-8, so more than ASCII is refused. */
static void read_custom(void) {
  const uint32_t length = u32();
  const uint8_t *name = take(length);
  for (uint32_t i = 0; i < length && in.why == NULL; i++) holds(name[i] < 0x80, "section");
  in.at = in.end;
}

const char *module_check(const uint8_t *bytes, uint32_t length) {
  static const uint8_t preamble[8] = {0, 'a', 's', 'm', 1, 0, 0, 0};
  memset(&module, 0, sizeof module);
  in.why = NULL;
  if (length < sizeof preamble || memcmp(bytes, preamble, sizeof preamble) != 0) return "no-module";
  in.at = bytes + sizeof preamble;
  const uint8_t *end = in.end = bytes + length;
  bool exported = false;
  for (uint8_t last = SECTION_CUSTOM; in.why == NULL && in.at < end;) {
    const uint8_t id = byte();
    const uint32_t section_bytes = u32();
    if (!holds(section_bytes <= (uint32_t)(in.end - in.at), "truncated")) break;
    in.end = in.at + section_bytes;
    if (id == SECTION_CUSTOM) {
      read_custom();
    } else {
      holds(id > last, "section");
      last = id;
      exported = exported || id == SECTION_EXPORT;
      if (in.why == NULL) read_section(id);
    }
    holds(in.at == in.end, "section");
    in.end = end;
  }
  if (in.why == NULL) holds(module.has_memory, "memory");
  if (in.why == NULL) holds(exported, "export");
  if (in.why == NULL) {
    holds(module.body_count == module.function_count - module.import_count, "bodies");
  }
  if (in.why == NULL) forbid_recursion();
  return in.why;
}
