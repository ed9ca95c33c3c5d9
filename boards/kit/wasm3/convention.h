/**
 * How wasm3's operations are called on this kit, in place of wasm3's m3_exec_defs.h. An operation gets the next
 * word of code, the stack and the value register, which four registers of the core hold: nothing is passed in
 * memory. The page of the module stands at a fixed address instead of being passed too.
 */
#ifndef m3_exec_defs_h
#define m3_exec_defs_h

#include "m3_core.h"

/** The module's linear memory. */
extern uint8_t isnkit_wasm3_page[ISNKIT_PAGE_BYTES];
extern struct M3Runtime isnkit_wasm3_runtime;

#define m3MemData(unused) isnkit_wasm3_page
#define m3MemRuntime(unused) (&isnkit_wasm3_runtime)
#define m3MemInfo(unused) (&isnkit_wasm3_runtime.memory)
/** For operations of wasm3 that are compiled and not used: they pass it on. */
#define _mem (*(M3MemoryHeader *[]){NULL})

#define d_m3OpSig pc_t _pc, m3stack_t _sp, m3reg_t _r0
#define d_m3OpArgs _sp, _r0
#define d_m3OpAllArgs _pc, _sp, _r0
#define d_m3OpDefaultArgs 0
#define d_m3ClearRegisters _r0 = 0;

typedef m3ret_t (*IM3Operation)(d_m3OpSig);

#define d_m3RetSig static inline m3ret_t
#define d_m3Op(NAME) d_m3RetSig op_##NAME(d_m3OpSig)

#define nextOpImpl() ((IM3Operation)(*_pc))(_pc + 1, d_m3OpArgs)
#define jumpOpImpl(to) ((IM3Operation)(*(to)))((to) + 1, d_m3OpArgs)
#define nextOpDirect() return nextOpImpl()
#define jumpOpDirect(to) return jumpOpImpl((pc_t)(to))

#endif
