/** module_check.c over many modules: each on stdin behind its length (4 bytes, little-endian). */
#include <stdio.h>
#include <stdlib.h>

#include "module_check.h"

int main(void) {
  unsigned char head[4];
  while (fread(head, 1, 4, stdin) == 4) {
    const uint32_t length = head[0] | (uint32_t)head[1] << 8 | (uint32_t)head[2] << 16;
    // A buffer of its own, so that a read beyond its end is seen.
    unsigned char *bytes = malloc(length == 0 ? 1 : length);
    if (bytes == NULL || fread(bytes, 1, length, stdin) != length) return 2;
    const char *why = module_check(bytes, length);
    puts(why == NULL ? "ok" : why);
    free(bytes);
  }
  return 0;
}
