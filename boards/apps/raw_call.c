#include "raw_call.h"

#include <string.h>

#include "runtime.h"

typedef struct entry {
  const char *name;
  isnkit_export *function;
} entry;

#define ENTRY(name, arguments) {#name, isnkit_export_##name},
static const entry entries[] = {ISNKIT_EXPORTS(ENTRY)};

bool isnkit_raw_call(const char *name, const uint32_t arguments[ISNKIT_ARGUMENTS_MAX],
                     uint32_t *value) {
  for (unsigned i = 0; i < sizeof entries / sizeof *entries; i++) {
    const size_t length = strlen(entries[i].name);
    if (strncmp(name, entries[i].name, length) != 0) continue;
    if (name[length] != ' ' && name[length] != '\0') continue;
    *value = isnkit_runtime_call(entries[i].function, arguments);
    return true;
  }
  return false;
}
