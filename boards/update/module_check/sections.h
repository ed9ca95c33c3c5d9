/** What the sections of a module under check have said, for the sections behind them. */
#ifndef ISNKIT_MODULE_CHECK_SECTIONS_H
#define ISNKIT_MODULE_CHECK_SECTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "module_check.h"

typedef struct signature {
  uint8_t parameters;
  uint8_t result;
  uint8_t types[MODULE_PARAMETERS_MAX];
} signature;

typedef struct checked_module {
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
} checked_module;
extern checked_module checked;

/** Each reads the contents of its section. */
void read_types(void);
void read_imports(void);
void read_functions(void);
void read_memory(void);
void read_globals(void);
void read_exports(void);
void read_data(void);

#endif
