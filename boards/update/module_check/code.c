#include "module_check/code.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "module_check/binary.h"
#include "module_check/sections.h"
#include "wasm_format.h"

/** Not a type of the format: what an operand of unreachable code has. */
#define ANY 0u

/** A block that is open. */
typedef struct frame {
  uint8_t op;
  uint8_t result;
  bool unreachable;
  uint8_t height;
} frame;

/** The stacks of the specification's algorithm, of a fixed size. */
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
  if (!check_holds(body.height < MODULE_OPERANDS_MAX, "operands")) return;
  body.operands[body.height++] = type;
}

static uint8_t pop(void) {
  const frame *top = &body.frames[body.depth - 1];
  if (body.height == top->height) {
    check_holds(top->unreachable, "stack");
    return ANY;
  }
  return body.operands[--body.height];
}

static void expect(uint8_t type) {
  const uint8_t found = pop();
  check_holds(found == type || found == ANY, "stack");
}

static void open(uint8_t op, uint8_t result) {
  if (!check_holds(body.depth < MODULE_NESTING_MAX, "nesting")) return;
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
  if (top.result != WASM_NO_RESULT) expect(top.result);
  check_holds(body.height == top.height, "stack");
  body.height = top.height;
  body.depth--;
  return top;
}

/** What a branch to a label hands over; to a loop: nothing. */
static uint8_t label(uint32_t depth) {
  if (!check_holds(depth < body.depth, "label")) return WASM_NO_RESULT;
  const frame *target = &body.frames[body.depth - 1 - depth];
  return target->op == WASM_OP_LOOP ? WASM_NO_RESULT : target->result;
}

static void branch_table(void) {
  expect(WASM_I32);
  const uint32_t count = next_u32();
  // Each label takes a byte at least; the default label decides what all of them take.
  if (!check_holds(count < (uint32_t)(binary.end - binary.at), "label")) return;
  const uint8_t first = label(next_u32());
  for (uint32_t i = 0; i < count && binary.why == NULL; i++) {
    check_holds(label(next_u32()) == first, "label");
  }
  if (first != WASM_NO_RESULT) expect(first);
  mark_unreachable();
}

static void call(void) {
  const uint32_t callee = next_u32();
  if (!check_holds(callee < checked.function_count, "call")) return;
  const signature *type = &checked.types[checked.functions[callee]];
  for (uint32_t i = type->parameters; i > 0; i--) expect(type->types[i - 1]);
  if (type->result != WASM_NO_RESULT) push(type->result);
  checked.calls[body.function][callee / 8] |= (uint8_t)(1u << callee % 8);
}

static void select_one(void) {
  expect(WASM_I32);
  const uint8_t a = pop();
  const uint8_t b = pop();
  check_holds(a == b || a == ANY || b == ANY, "stack");
  push(a == ANY ? b : a);
}

static void local(uint8_t op) {
  const uint32_t index = next_u32();
  if (!check_holds(index < body.local_count, "local")) return;
  if (op != WASM_OP_LOCAL_GET) expect(body.locals[index]);
  if (op != WASM_OP_LOCAL_SET) push(body.locals[index]);
}

static void global(uint8_t op) {
  const uint32_t index = next_u32();
  if (!check_holds(index < checked.global_count, "global")) return;
  if (op == WASM_OP_GLOBAL_GET) {
    push(checked.global_types[index]);
    return;
  }
  check_holds(checked.global_mutable[index], "global");
  expect(checked.global_types[index]);
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
  if (!check_holds(access != 0, "opcode")) return;
  check_holds(checked.has_memory, "memory");
  check_holds(next_u32() <= (access & 15u), "alignment");
  next_u32();
  const uint8_t type = access >> 4 == 1 ? WASM_I32 : WASM_I64;
  if (op >= FIRST_STORE) {
    expect(type);
    expect(WASM_I32);
  } else {
    expect(WASM_I32);
    push(type);
  }
}

static void operate(unsigned operands, uint8_t type, uint8_t result) {
  for (unsigned i = 0; i < operands; i++) expect(type);
  push(result);
}

/** Comparisons, arithmetic and conversions, §5.4.5: without floats and sign extension. */
static void number(uint8_t op) {
  if (op == 0x45) operate(1, WASM_I32, WASM_I32);
  else if (op >= 0x46 && op <= 0x4F) operate(2, WASM_I32, WASM_I32);
  else if (op == 0x50) operate(1, WASM_I64, WASM_I32);
  else if (op >= 0x51 && op <= 0x5A) operate(2, WASM_I64, WASM_I32);
  else if (op >= 0x67 && op <= 0x69) operate(1, WASM_I32, WASM_I32);
  else if (op >= 0x6A && op <= 0x78) operate(2, WASM_I32, WASM_I32);
  else if (op >= 0x79 && op <= 0x7B) operate(1, WASM_I64, WASM_I64);
  else if (op >= 0x7C && op <= 0x8A) operate(2, WASM_I64, WASM_I64);
  else if (op == 0xA7) operate(1, WASM_I64, WASM_I32);
  else if (op == 0xAC || op == 0xAD) operate(1, WASM_I32, WASM_I64);
  else check_fail("opcode");
}

static void open_block(uint8_t op) {
  if (op == WASM_OP_IF) expect(WASM_I32);
  const uint8_t result = next_byte();
  if (result != WASM_NO_RESULT) check_value_type(result);
  open(op, result);
}

static void other_branch(void) {
  const frame top = close();
  check_holds(top.op == WASM_OP_IF, "else");
  open(WASM_OP_ELSE, top.result);
}

static void end_block(void) {
  const frame top = close();
  // Without `else` the value would come from nowhere.
  check_holds(top.op != WASM_OP_IF || top.result == WASM_NO_RESULT, "else");
  if (top.result != WASM_NO_RESULT && body.depth > 0) push(top.result);
}

static void branch(uint8_t op) {
  const uint32_t depth = op == WASM_OP_RETURN ? body.depth - 1 : next_u32();
  if (op == WASM_OP_BR_IF) expect(WASM_I32);
  const uint8_t type = label(depth);
  if (type != WASM_NO_RESULT) expect(type);
  if (op != WASM_OP_BR_IF) mark_unreachable();
  else if (type != WASM_NO_RESULT) push(type);
}

static void constant_operand(uint8_t op) {
  skip_signed(op == WASM_OP_I32_CONST ? 32 : 64);
  push(op == WASM_OP_I32_CONST ? WASM_I32 : WASM_I64);
}

static void instruction(void) {
  const uint8_t op = next_byte();
  if (binary.why != NULL) return;
  switch (op) {
    case WASM_OP_UNREACHABLE: mark_unreachable(); break;
    case WASM_OP_NOP: break;
    case WASM_OP_BLOCK:
    case WASM_OP_LOOP:
    case WASM_OP_IF: open_block(op); break;
    case WASM_OP_ELSE: other_branch(); break;
    case WASM_OP_END: end_block(); break;
    case WASM_OP_BR:
    case WASM_OP_BR_IF:
    case WASM_OP_RETURN: branch(op); break;
    case WASM_OP_BR_TABLE: branch_table(); break;
    case WASM_OP_CALL: call(); break;
    case WASM_OP_DROP: pop(); break;
    case WASM_OP_SELECT: select_one(); break;
    case WASM_OP_LOCAL_GET:
    case WASM_OP_LOCAL_SET:
    case WASM_OP_LOCAL_TEE: local(op); break;
    case WASM_OP_GLOBAL_GET:
    case WASM_OP_GLOBAL_SET: global(op); break;
    case WASM_OP_I32_CONST:
    case WASM_OP_I64_CONST: constant_operand(op); break;
    default:
      if (op >= FIRST_ACCESS && op < FIRST_ACCESS + sizeof accesses) access_memory(op);
      else number(op);
  }
}

static void read_locals(const signature *type) {
  body.local_count = type->parameters;
  memcpy(body.locals, type->types, type->parameters);
  for (uint32_t groups = next_u32(); groups > 0 && binary.why == NULL; groups--) {
    const uint32_t count = next_u32();
    const uint8_t local_type = next_byte();
    if (!check_value_type(local_type)) return;
    if (!check_holds(count <= MODULE_LOCALS_MAX - body.local_count, "locals")) return;
    memset(body.locals + body.local_count, local_type, count);
    body.local_count += count;
  }
}

static void read_body(uint32_t function) {
  const uint32_t length = next_u32();
  if (!check_holds(length <= (uint32_t)(binary.end - binary.at), "truncated")) return;
  const uint8_t *outer_end = binary.end;
  binary.end = binary.at + length;
  const signature *type = &checked.types[checked.functions[function]];
  read_locals(type);
  body.function = function;
  body.depth = 0;
  body.height = 0;
  open(WASM_OP_BLOCK, type->result);
  while (binary.why == NULL && body.depth > 0) instruction();
  check_holds(binary.at == binary.end, "body");
  if (binary.why == NULL) binary.end = outer_end;
}

void read_code(void) {
  checked.body_count = next_u32();
  const uint32_t defined = checked.function_count - checked.import_count;
  if (!check_holds(checked.body_count == defined, "bodies")) return;
  for (uint32_t i = 0; i < checked.body_count && binary.why == NULL; i++) {
    read_body(checked.import_count + i);
  }
}

void forbid_recursion(void) {
  static bool settled[MODULE_FUNCTIONS_MAX];
  memset(settled, 0, sizeof settled);
  uint32_t left = checked.function_count;
  for (bool progress = true; progress && left > 0;) {
    progress = false;
    for (uint32_t f = 0; f < checked.function_count; f++) {
      if (settled[f]) continue;
      bool leaf = true;
      for (uint32_t callee = 0; callee < checked.function_count && leaf; callee++) {
        leaf = settled[callee] || (checked.calls[f][callee / 8] >> callee % 8 & 1) == 0;
      }
      if (!leaf) continue;
      settled[f] = true;
      progress = true;
      left--;
    }
  }
  check_holds(left == 0, "recursion");
}
