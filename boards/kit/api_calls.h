/**
 * How the functions of isnkit.h hand their arguments on to call_with(): as words, in the order in which they
 * came. On Thumb-2 they lie like that once the registers are pushed, for what came on the stack is right above
 * (AAPCS §6.4, which also has the caller widen what is shorter than a word): three instructions and the
 * address of the export, half of what the compiler makes of filling an array. Elsewhere it is plain C.
 *
 * Included by isnkit.c only. The arguments behind the export's name are those of the C code.
 */
#ifndef ISNKIT_API_CALLS_H
#define ISNKIT_API_CALLS_H

#if defined(__GNUC__) && defined(__thumb2__)

#define ISNKIT_NAKED __attribute__((naked, noinline))

/** Behind a push of r0 to r3, the export in r1. */
static ISNKIT_NAKED void call_words(void) {
  __asm__(
      "movs r0, #0\n\t"
      "mov r3, sp\n\t"
      "push {r2, lr}\n\t"
      "bl %c0\n\t"
      "pop {r2, r3}\n\t"
      "add sp, #16\n\t"
      "bx r3"
      :
      : "i"(call_with));
}

/** Behind a push of two registers, the export in r1, what goes to the I/O buffer in r0 and r2. */
static ISNKIT_NAKED void call_words_and_io(void) {
  __asm__(
      "mov r3, sp\n\t"
      "push {r2, lr}\n\t"
      "bl %c0\n\t"
      "pop {r2, r3}\n\t"
      "add sp, #8\n\t"
      "bx r3"
      :
      : "i"(call_with));
}

#define ISNKIT_HAND_ON(type, name, parameters, export, push, common)       \
  ISNKIT_NAKED type isnkit_##name parameters {                             \
    __asm__(push "\n\tldr r1, =%c0\n\tb.w %c1"                             \
            :                                                              \
            : "i"(isnkit_export_##export), "i"(common));                   \
  }

/** Every parameter is an argument. */
#define ISNKIT_CALL(type, name, parameters, export, ...) \
  ISNKIT_HAND_ON(type, name, parameters, export, "push {r0-r3}", call_words)

/** Local address, local port, remote address, remote port, and more. */
#define ISNKIT_CALL_TUPLE6(type, name, parameters, export, ...) \
  ISNKIT_HAND_ON(type, name, parameters, export, "push {r1, r3}", call_words_and_io)

/** Local address, remote address, remote port. */
#define ISNKIT_CALL_DESTINATION6(type, name, parameters, export, ...)                 \
  ISNKIT_HAND_ON(type, name, parameters, export, "push {r2, r3}\n\tmov r2, r1",       \
                 call_words_and_io)

/** Key, options. */
#define ISNKIT_CALL_KEY(type, name, parameters, export, ...)                          \
  ISNKIT_HAND_ON(type, name, parameters, export, "push {r1, r3}\n\tmovs r2, #0",      \
                 call_words_and_io)

// The end of a connection has the form of its four arguments, but for the three bytes behind the last.
_Static_assert(offsetof(isnkit_end, next) == 0 && offsetof(isnkit_end, peer_next) == 4 &&
                   offsetof(isnkit_end, peer_tsval) == 8 && offsetof(isnkit_end, timestamps) == 12 &&
                   sizeof(isnkit_end) == 16 && ISNKIT_SEGMENT_TIMESTAMPS == 1,
               "how the end of a connection lies in memory");
#define ISNKIT_HAND_END_ON(name, parameters, export, words, first, bytes)  \
  ISNKIT_NAKED uint32_t isnkit_##name parameters {                         \
    __asm__(                                                               \
        "push {r3-r7, lr}\n\t"                                             \
        "ldr r7, [sp, #24]\n\t"                                            \
        "ldmia r7, {r4-r7}\n\t"                                            \
        "uxtb r7, r7\n\t"                                                  \
        "push {" words "}\n\t" first "ldr r1, =%c0\n\t"                    \
        "mov r3, sp\n\t"                                                   \
        "bl %c1\n\t"                                                       \
        "add sp, #" bytes "\n\t"                                           \
        "pop {r3-r7, pc}"                                                  \
        :                                                                  \
        : "i"(isnkit_export_##export), "i"(call_with));                    \
  }

/** Local address, local port, remote address, remote port, `end`. */
#define ISNKIT_CALL_END4(name, parameters, export, ...) \
  ISNKIT_HAND_END_ON(name, parameters, export, "r0-r7", "movs r0, #0\n\t", "32")
#define ISNKIT_CALL_END6(name, parameters, export, ...) \
  ISNKIT_HAND_END_ON(name, parameters, export, "r1, r3-r7", "", "24")

#else

#define ISNKIT_WORDS(...) ((const uint32_t[]){__VA_ARGS__})
#define ISNKIT_END_WORDS end->next, end->peer_next, end->peer_tsval, \
    end->timestamps ? ISNKIT_SEGMENT_TIMESTAMPS : 0

#define ISNKIT_CALL(type, name, parameters, export, ...)                                 \
  type isnkit_##name parameters {                                                        \
    return (type)call_with(NULL, isnkit_export_##export, NULL, ISNKIT_WORDS(__VA_ARGS__)); \
  }

#define ISNKIT_CALL_TUPLE6(type, name, parameters, export, ...)                              \
  type isnkit_##name parameters {                                                            \
    return (type)call_with(local, isnkit_export_##export, remote, ISNKIT_WORDS(__VA_ARGS__)); \
  }
#define ISNKIT_CALL_DESTINATION6 ISNKIT_CALL_TUPLE6

#define ISNKIT_CALL_KEY(type, name, parameters, export, ...)                               \
  type isnkit_##name parameters {                                                          \
    return (type)call_with(key, isnkit_export_##export, NULL, ISNKIT_WORDS(__VA_ARGS__));  \
  }

#define ISNKIT_CALL_END4(name, parameters, export, ...) \
  ISNKIT_CALL(uint32_t, name, parameters, export, __VA_ARGS__, ISNKIT_END_WORDS)
#define ISNKIT_CALL_END6(name, parameters, export, ...) \
  ISNKIT_CALL_TUPLE6(uint32_t, name, parameters, export, __VA_ARGS__, ISNKIT_END_WORDS)

#endif

#endif
