#include "about.h"

#include <stddef.h>

#include "console.h"
#include "isnkit.h"
#include "module_image.h"
#include "runtime.h"

#ifndef ISNKIT_VERSION
#define ISNKIT_VERSION "unknown"
#endif

#define SHORT_DIGEST_BYTES 8u

extern const uint8_t link_vectors_start[], link_vectors_end[];
extern const uint8_t link_text_start[], link_image_end[];

const about_module about_built_in = {"built-in", isnkit_module_digest, 0};

void about_fields(const about_module *module, uint32_t digest_bytes) {
  const uint32_t bytes = module->bytes == 0 ? isnkit_module_image_bytes : module->bytes;
  console_text("firmware", ISNKIT_VERSION);
  console_bytes("module", module->digest, digest_bytes);
  console_decimal("module-bytes", bytes);
  console_text("slot", module->slot);
}

/** The console writes no more than one value a field, so the pieces are written digit by digit. */
static void hex_digits(char *to, uint32_t value) {
  for (unsigned i = 0; i < 8; i++) to[i] = "0123456789abcdef"[value >> (28 - 4 * i) & 15];
}

#define PIECE_CHARACTERS (8u + 1u + 8u + 1u + 2u * SHORT_DIGEST_BYTES)

/** Returns the characters written. */
static uint32_t describe_piece(char *to, const uint8_t *from, const uint8_t *end) {
  const uint32_t bytes = (uint32_t)(end - from);
  uint8_t digest[ISNKIT_SHA256_BYTES];
  isnkit_sha256(from, bytes, digest);
  hex_digits(to, (uint32_t)(uintptr_t)from);
  to[8] = '+';
  hex_digits(to + 9, bytes);
  to[17] = ':';
  for (unsigned i = 0; i < SHORT_DIGEST_BYTES; i += 4) {
    hex_digits(to + 18 + 2 * i, (uint32_t)digest[i] << 24 | (uint32_t)digest[i + 1] << 16 |
                                    (uint32_t)digest[i + 2] << 8 | digest[i + 3]);
  }
  return PIECE_CHARACTERS;
}

void about_image(void) {
  char text[2 * PIECE_CHARACTERS + 2];
  uint32_t at = describe_piece(text, link_vectors_start, link_vectors_end);
  text[at++] = ',';
  at += describe_piece(text + at, link_text_start, link_image_end);
  text[at] = '\0';
  console_text("image", text);
}
