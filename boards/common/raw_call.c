#include "raw_call.h"

#include <string.h>

#include "runtime.h"

#define GIVEN_0
#define GIVEN_1 a[0]
#define GIVEN_2 GIVEN_1, a[1]
#define GIVEN_3 GIVEN_2, a[2]
#define GIVEN_4 GIVEN_3, a[3]
#define GIVEN_5 GIVEN_4, a[4]
#define GIVEN_6 GIVEN_5, a[5]
#define GIVEN_7 GIVEN_6, a[6]
#define GIVEN_8 GIVEN_7, a[7]

#define WRAP(name, arguments)                      \
  static uint32_t wrap_##name(const uint32_t *a) { \
    (void)a;                                       \
    return isnkit_rt_##name(GIVEN_##arguments);    \
  }
ISNKIT_EXPORTS(WRAP)

typedef struct entry {
  const char *name;
  uint32_t (*call)(const uint32_t *arguments);
} entry;

#define ENTRY(name, arguments) {#name, wrap_##name},
static const entry entries[] = {ISNKIT_EXPORTS(ENTRY)};

bool isnkit_raw_call(const char *name, const uint32_t arguments[ISNKIT_ARGUMENTS_MAX],
                     uint32_t *value) {
  for (unsigned i = 0; i < sizeof entries / sizeof *entries; i++) {
    const size_t length = strlen(entries[i].name);
    if (strncmp(name, entries[i].name, length) != 0) continue;
    if (name[length] != ' ' && name[length] != '\0') continue;
    *value = entries[i].call(arguments);
    return true;
  }
  return false;
}
