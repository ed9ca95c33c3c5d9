/**
 * The exports of the module, ABI 1 (docs/abi.md), each with the number of its u32 arguments. The
 * calling code of both runtimes is generated from this list; a name that the module does not export
 * fails to link with wasm2c, and fails at start with wasm3.
 */
#ifndef ISNKIT_EXPORTS_H
#define ISNKIT_EXPORTS_H

#define ISNKIT_EXPORTS(X) \
  X(version, 0)           \
  X(ioBuffer, 0)          \
  X(ioBytes, 0)           \
  X(configureStorage, 4)  \
  X(configureClock, 1)    \
  X(configurePorts, 2)    \
  X(reservePorts, 2)      \
  X(configureLeases, 4)   \
  X(configurePolicy, 2)   \
  X(boot, 0)              \
  X(poll, 0)              \
  X(state, 0)             \
  X(reason, 0)            \
  X(quietMs, 0)           \
  X(provision, 1)         \
  X(provisionFromEntropy, 1) \
  X(fingerprint, 0)       \
  X(counter, 1)           \
  X(isn4, 4)              \
  X(isn6, 2)              \
  X(port4, 3)             \
  X(port6, 1)             \
  X(timestamp4, 4)        \
  X(timestamp6, 2)        \
  X(advance4, 5)          \
  X(advance6, 3)          \
  X(close4, 8)            \
  X(close6, 6)            \
  X(abandon4, 4)          \
  X(abandon6, 2)          \
  X(syn4, 7)              \
  X(syn6, 5)

/** Parameter lists by number of arguments. */
#define ISNKIT_PARAMETERS_0 void
#define ISNKIT_PARAMETERS_1 uint32_t a0
#define ISNKIT_PARAMETERS_2 ISNKIT_PARAMETERS_1, uint32_t a1
#define ISNKIT_PARAMETERS_3 ISNKIT_PARAMETERS_2, uint32_t a2
#define ISNKIT_PARAMETERS_4 ISNKIT_PARAMETERS_3, uint32_t a3
#define ISNKIT_PARAMETERS_5 ISNKIT_PARAMETERS_4, uint32_t a4
#define ISNKIT_PARAMETERS_6 ISNKIT_PARAMETERS_5, uint32_t a5
#define ISNKIT_PARAMETERS_7 ISNKIT_PARAMETERS_6, uint32_t a6
#define ISNKIT_PARAMETERS_8 ISNKIT_PARAMETERS_7, uint32_t a7

/** The arguments themselves. */
#define ISNKIT_ARGUMENTS_0 0
#define ISNKIT_ARGUMENTS_1 a0
#define ISNKIT_ARGUMENTS_2 ISNKIT_ARGUMENTS_1, a1
#define ISNKIT_ARGUMENTS_3 ISNKIT_ARGUMENTS_2, a2
#define ISNKIT_ARGUMENTS_4 ISNKIT_ARGUMENTS_3, a3
#define ISNKIT_ARGUMENTS_5 ISNKIT_ARGUMENTS_4, a4
#define ISNKIT_ARGUMENTS_6 ISNKIT_ARGUMENTS_5, a5
#define ISNKIT_ARGUMENTS_7 ISNKIT_ARGUMENTS_6, a6
#define ISNKIT_ARGUMENTS_8 ISNKIT_ARGUMENTS_7, a7

/** The most arguments that an export has. */
#define ISNKIT_ARGUMENTS_MAX 8

#endif
