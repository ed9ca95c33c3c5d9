/**
 * Operations of the module's code where plain C would be slow or large on a Cortex-M: the way to its
 * globals, memory accesses and 64-bit rotations. Included by the translated module behind its types.
 */
#ifndef MODULE_OPERATIONS_H
#define MODULE_OPERATIONS_H

static Z_isnkit_instance_t only_instance;

/**
 * Nearly every function of the module needs the instance's address. On ARM a register holds it while the
 * module runs, which runtime_wasm2c.c sets and gives back: else each function would load it from a word of
 * its own. The register is one that other code saves, so the board's functions may be called in between.
 */
#ifdef __arm__
register Z_isnkit_instance_t *instance_register __asm__("r6");
#define instance (*instance_register)
#define ENTER_INSTANCE                                                \
  Z_isnkit_instance_t *const instance_outside = instance_register;    \
  instance_register = &only_instance
#define LEAVE_INSTANCE instance_register = instance_outside
#else
#define instance only_instance
#define ENTER_INSTANCE (void)0
#define LEAVE_INSTANCE (void)0
#endif

/** For the hash: -O2, and with it those of the passes that kit.cmake turns off which make it faster. */
#define FOR_SPEED                                                                              \
  __attribute__((optimize("O2", "expensive-optimizations", "caller-saves",                      \
                          "move-loop-invariants", "if-conversion", "guess-branch-probability",  \
                          "tree-dominator-opts", "tree-loop-im")))

#define ALWAYS_INLINE static inline __attribute__((always_inline))

/**
 * The place of `base` in the page; the access traps when there is none. One function, for the comparison, the
 * jump and the addition of every access are more than a call. It gives the same for the same base and changes
 * nothing, so it is const: accesses over one base share a call, and one whose value nobody uses has none.
 */
static __attribute__((noinline, const)) uint8_t *page_at(u32 base) {
  if (UNLIKELY(base >= ISNKIT_PAGE_BYTES)) TRAP(OOB);
  return instance.w2c_memory.data + base;
}

/**
 * The place of an access at `base + offset`, which lies inside the page, or traps, as WebAssembly has it: the
 * sum does not wrap. `offset` is a constant. Nothing is compared when `base` is one too, or when the compiler
 * sees that it lies inside the page. A small offset is not compared: it may reach into the page's margin, where
 * nothing lies.
 */
ALWAYS_INLINE uint8_t *place_of(u32 base, u32 offset, u32 bytes) {
  if (__builtin_constant_p(base) || offset > MARGIN_BYTES - bytes) {
    if (offset > ISNKIT_PAGE_BYTES - bytes || base > ISNKIT_PAGE_BYTES - bytes - offset) TRAP(OOB);
    return instance.w2c_memory.data + base + offset;
  }
  const bool outside = base >= ISNKIT_PAGE_BYTES;
  if (__builtin_constant_p(outside) && !outside) return instance.w2c_memory.data + base + offset;
  return page_at(base) + offset;
}

/** The same for the hash, without a call. */
ALWAYS_INLINE uint8_t *place_for_speed(u32 base, u32 offset) {
  if (UNLIKELY(base >= ISNKIT_PAGE_BYTES) || offset > MARGIN_BYTES - 8) TRAP(OOB);
#ifdef __thumb2__
  // Of the register that has a name of its own the compiler would make a copy, and put it on the stack.
  Z_isnkit_instance_t *moved;
  __asm__("add %0, %1, %2" : "=r"(moved) : "r"(instance_register), "r"(base));
  return moved->w2c_memory.data + offset;
#else
  return instance.w2c_memory.data + base + offset;
#endif
}

#define DEFINE_LOAD(name, stored, value)                                                \
  ALWAYS_INLINE value name(const wasm_rt_memory_t *memory, u32 base, u32 offset) {      \
    stored result;                                                                      \
    __builtin_memcpy(&result, place_of(base, offset, sizeof result), sizeof result);    \
    return (value)result;                                                               \
  }

#define DEFINE_STORE(name, stored, value)                                                  \
  ALWAYS_INLINE void name(wasm_rt_memory_t *memory, u32 base, u32 offset, value given) {   \
    const stored result = (stored)given;                                                   \
    __builtin_memcpy(place_of(base, offset, sizeof result), &result, sizeof result);       \
  }

ALWAYS_INLINE u64 i64_load_for_speed(const wasm_rt_memory_t *memory, u32 base, u32 offset) {
  u64 result;
  __builtin_memcpy(&result, place_for_speed(base, offset), sizeof result);
  return result;
}

DEFINE_LOAD(i32_load, u32, u32)
DEFINE_LOAD(i32_load8_u, u8, u32)
DEFINE_LOAD(i32_load8_s, s8, u32)
DEFINE_LOAD(i32_load16_u, u16, u32)
DEFINE_LOAD(i32_load16_s, s16, u32)
DEFINE_LOAD(i64_load, u64, u64)
DEFINE_LOAD(i64_load8_u, u8, u64)
DEFINE_LOAD(i64_load8_s, s8, u64)
DEFINE_LOAD(i64_load16_u, u16, u64)
DEFINE_LOAD(i64_load16_s, s16, u64)
DEFINE_LOAD(i64_load32_u, u32, u64)
DEFINE_LOAD(i64_load32_s, s32, u64)
DEFINE_STORE(i32_store, u32, u32)
DEFINE_STORE(i32_store8, u8, u32)
DEFINE_STORE(i32_store16, u16, u32)
DEFINE_STORE(i64_store, u64, u64)
DEFINE_STORE(i64_store8, u8, u64)
DEFINE_STORE(i64_store16, u16, u64)
DEFINE_STORE(i64_store32, u32, u64)

#define I32_CLZ(x) ((x) ? (u32)__builtin_clz(x) : 32u)
#define I64_CLZ(x) ((x) ? (u64)__builtin_clzll(x) : 64u)
#define I32_CTZ(x) ((x) ? (u32)__builtin_ctz(x) : 32u)
#define I64_CTZ(x) ((x) ? (u64)__builtin_ctzll(x) : 64u)
#define I32_POPCNT(x) ((u32)__builtin_popcount(x))
#define I64_POPCNT(x) ((u64)__builtin_popcountll(x))

/**
 * rotl(x, bits) ^ y for a constant `bits` below 32, each half as two exclusive ors with a shifted operand,
 * which is what the core has. The empty statements keep the compiler from joining the parts of x back into
 * a rotation, which takes it three instructions a half. SipHash spends a third of its time here.
 */
ALWAYS_INLINE u64 i64_rotl_xor(u64 x, u32 bits, u64 y) {
  if (!__builtin_constant_p(bits) || bits == 0 || bits > 31) {
    bits &= 63;
    return ((x << bits) | (x >> (-bits & 63))) ^ y;
  }
  const u32 low = (u32)x;
  const u32 high = (u32)(x >> 32);
  u32 result_low = (u32)y ^ low << bits;
  u32 result_high = (u32)(y >> 32) ^ high << bits;
  __asm__("" : "+r"(result_low));
  __asm__("" : "+r"(result_high));
  result_low ^= high >> (32 - bits);
  result_high ^= low >> (32 - bits);
  return (u64)result_high << 32 | result_low;
}

/**
 * A kit for one kind of memory (isnkit_nvm_kind) carries no code for the others: the kind is a constant
 * wherever the module reads it, and one that no module knows where another is configured, so that the module
 * refuses it as it refuses every kind that it does not know.
 */
#ifdef ISNKIT_ONLY_KIND
#define STORAGE_KIND(stored) ((void)(stored), (u32)(ISNKIT_ONLY_KIND))
#define STORAGE_KIND_GIVEN(kind) ((kind) == (ISNKIT_ONLY_KIND) ? (u32)(ISNKIT_ONLY_KIND) : 0xffffffffu)
#else
#define STORAGE_KIND(stored) (stored)
#define STORAGE_KIND_GIVEN(kind) (kind)
#endif

#endif
