/**
 * wasm3's compiler and its operations, with a few of their functions done otherwise for a small memory: code of a
 * function stands in one piece, calls go through the code cache, and nothing about callees and globals is kept but
 * what the module in flash says. wasm3_fit.cmake makes room for that in wasm3's sources.
 */
#define M3_COMPILE_OPCODES

#include "small_core.h"

#include "convention.h"

#include "m3_exec.h"

#include "code_cache.h"
#include "loaded_module.h"
#include "run_function.h"

/** The code of the caller as it is now: it may have made room for the callee's, and is then made anew. */
static M3_NOINLINE m3ret_t return_to(code_place place, pc_t *pc) {
  *pc = cache_find(place);
  if (*pc != NULL) return m3Err_none;
  const M3Result result = cache_fill(place & 0xFFFFu);
  if (result) return result;
  *pc = cache_find(place);
  return m3Err_none;
}

/** A call: function and first slot of its frame, then the place behind the call. */
d_m3Op(run) {
  const uint32_t callee = immediate(u32);
  const code_place behind = immediate(code_place);
  const uint32_t changes = cache_changes;
  m3ret_t result = run_function(callee & 0xFFFFu, _sp + (callee >> 16));
  if (M3_UNLIKELY(result)) return result;
  if (M3_UNLIKELY(changes != cache_changes)) {
    result = return_to(behind, &_pc);
    if (result) return result;
  }
  nextOp();
}

/** A call of the board: its function, and the first slot. */
d_m3Op(import) {
  board_function *const function = immediate(board_function *);
  const m3ret_t result = function((uint64_t *)(_sp + immediate(i32)));
  if (M3_UNLIKELY(result)) return result;
  nextOp();
}

/**
 * A loop: the place of its body. To repeat it, the code returns the body's address; when code has moved
 * meanwhile that is its new address.
 */
d_m3Op(repeat) {
  const code_place body = immediate(code_place);
  m3ret_t result;
  for (;;) {
    const uint32_t changes = cache_changes;
    d_m3ClearRegisters;
    result = nextOpImpl();
    if (M3_UNLIKELY(changes != cache_changes)) {
      const pc_t now = cache_find(body);
      if (now == NULL) break;
      _pc = now;
    }
    if (result != (m3ret_t)_pc) break;
  }
  return result;
}

// The table of wasm3 names these for its logs.
#define op_Loop op_repeat
#define op_Call op_run
#define op_CallIndirect op_Unreachable

static M3Result emit_loop(IM3Compilation o);
static M3Result CompileElseBlock(IM3Compilation o, pc_t *start, IM3FuncType type);
static M3Result Compile_Call(IM3Compilation o, m3opcode_t opcode);
static M3Result Compile_CallIndirect(IM3Compilation o, m3opcode_t opcode);
static M3Result Compile_GetSetGlobal(IM3Compilation o, m3opcode_t opcode);
static M3Result Compile_BranchTable(IM3Compilation o, m3opcode_t opcode);

#include "m3_compile.c"

#define TRY(expression)                      \
  do {                                       \
    const M3Result failed = (expression);    \
    if (failed != m3Err_none) return failed; \
  } while (0)

/** The place of the code behind the word that tells it. */
static void emit_place_behind(IM3Compilation o) {
  EmitConstant32(o, cache_emit_place() + CODE_PLACE(0, 1));
}

static M3Result emit_loop(IM3Compilation o) {
  TRY(EmitOp(o, op_repeat));
  emit_place_behind(o);
  return m3Err_none;
}

/** Behind the other block, which jumps over it. */
static M3Result CompileElseBlock(IM3Compilation o, pc_t *start, IM3FuncType type) {
  TRY(EmitOp(o, op_Branch));
  pc_t *const over = ReservePointer(o);
  *start = GetPC(o);
  TRY(CompileBlock(o, type, c_waOp_else));
  *over = GetPC(o);
  return m3Err_none;
}

static M3Result Compile_Call(IM3Compilation o, m3opcode_t opcode) {
  u32 callee;
  wasm_type type;
  board_function *import;
  u16 frame;
  TRY(ReadLEB_u32(&callee, &o->wasm, o->wasmEnd));
  TRY(loaded_callee(callee, &type, &import));
  TRY(CompileCallArgsAndReturn(o, &frame, &type.type, false));
  TRY(EmitOp(o, import ? op_import : op_run));
  if (import) {
    EmitPointer(o, import);
    EmitSlotOffset(o, frame);
  } else {
    EmitConstant32(o, callee | (u32)frame << 16);
    emit_place_behind(o);
  }
  return m3Err_none;
}

/** A module of this kit has no table. */
static M3Result Compile_CallIndirect(IM3Compilation o, m3opcode_t opcode) {
  return m3Err_unknownOpcode;
}

static M3Result Compile_GetSetGlobal(IM3Compilation o, m3opcode_t opcode) {
  u32 index;
  wasm_global global;
  void *value;
  TRY(ReadLEB_u32(&index, &o->wasm, o->wasmEnd));
  TRY(loaded_global(index, &global, &value));
  const bool wide = Is64BitType(global.type);
  if (opcode == c_waOp_getGlobal) {
    TRY(EmitOp(o, wide ? op_GetGlobal_s64 : op_GetGlobal_s32));
    EmitPointer(o, value);
    return PushAllocatedSlotAndEmit(o, global.type);
  }
  if (!global.variable) return m3Err_settingImmutableGlobal;
  if (!IsStackPolymorphic(o) && GetStackTopType(o) != global.type) return m3Err_typeMismatch;
  if (IsStackTopInRegister(o)) {
    TRY(EmitOp(o, wide ? op_SetGlobal_i64 : op_SetGlobal_i32));
    EmitPointer(o, value);
  } else {
    TRY(EmitOp(o, wide ? op_SetGlobal_s64 : op_SetGlobal_s32));
    EmitPointer(o, value);
    EmitSlotOffset(o, GetStackTopSlotNumber(o));
  }
  return Pop(o);
}

/** What the code at one target of a table does: results to their places, and away. */
static M3Result branch_to(IM3Compilation o, u32 depth) {
  IM3CompilationScope scope;
  TRY(GetBlockScope(o, &scope, depth));
  if (scope->opcode == c_waOp_loop) {
    TRY(ResolveBlockResults(o, scope, true));
    TRY(EmitOp(o, op_ContinueLoop));
    EmitPointer(o, scope->pc);
    return m3Err_none;
  }
  if (IsStackPolymorphic(o)) return m3Err_none;
  if (scope->depth == 0) {
    TRY(ReturnValues(o, scope, true));
    return EmitOp(o, op_Return);
  }
  TRY(ResolveBlockResults(o, scope, true));
  return EmitPatchingBranch(o, scope);
}

/** The targets' code follows the table; nothing runs past a table. */
static M3Result Compile_BranchTable(IM3Compilation o, m3opcode_t opcode) {
  u32 targets;
  TRY(ReadLEB_u32(&targets, &o->wasm, o->wasmEnd));
  // Each target is at least a byte of the module.
  if (targets > (u32)(o->wasmEnd - o->wasm)) return m3Err_wasmUnderrun;
  TRY(PreserveRegisterIfOccupied(o, c_m3Type_i64));
  const u16 slot = GetStackTopSlotNumber(o);
  TRY(Pop(o));
  TRY(EnsureCodePageNumLines(o, targets + 4));
  TRY(EmitOp(o, op_BranchTable));
  EmitSlotOffset(o, slot);
  EmitConstant32(o, targets);
  pc_t *const table = (pc_t *)GetPC(o);
  // With the default target.
  for (u32 i = 0; i <= targets; i++) EmitPointer(o, NULL);
  for (u32 i = 0; i <= targets; i++) {
    u32 depth;
    TRY(ReadLEB_u32(&depth, &o->wasm, o->wasmEnd));
    table[i] = GetPC(o);
    TRY(branch_to(o, depth));
  }
  return SetStackPolymorphic(o);
}
