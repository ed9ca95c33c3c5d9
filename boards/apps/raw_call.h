/** Calls an export of the module by its name: for conformance tests only. */
#ifndef ISNKIT_RAW_CALL_H
#define ISNKIT_RAW_CALL_H

#include <stdbool.h>
#include <stdint.h>

#include "exports.h"

/** `name` ends at a space or at the end of the text. False when there is no such export. */
bool isnkit_raw_call(const char *name, const uint32_t arguments[ISNKIT_ARGUMENTS_MAX],
                     uint32_t *value);

#endif
