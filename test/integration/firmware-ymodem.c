/**
 * ymodem.c on this machine. Without arguments: cases on stdin, each behind its length (4 bytes,
 * little-endian): the bytes that a sender says, whatever is answered. Prints for each the result, the
 * bytes that were written, and what was answered, in hexadecimal.
 *
 * With a room in bytes: one live transfer over stdin and stdout; the result and the file go to stderr.
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "ymodem.h"

#define ROOM 4096u
/** Live transfers are as patient as a real one, in a tenth of the time. */
#define HURRY 10

static uint8_t file[65536];
static uint32_t file_bytes;
static uint32_t opened;

static const uint8_t *script;
static uint32_t script_left;
static uint8_t answered[1 << 16];
static uint32_t answers;

static int get_scripted(void *context, uint32_t ms) {
  (void)context;
  (void)ms;
  if (script_left == 0) return -1;
  script_left--;
  return *script++;
}

static void put_scripted(void *context, uint8_t byte) {
  (void)context;
  if (answers < sizeof answered) answered[answers++] = byte;
}

static int get_live(void *context, uint32_t ms) {
  (void)context;
  struct pollfd line = {.fd = 0, .events = POLLIN};
  uint8_t byte;
  if (poll(&line, 1, (int)(ms / HURRY) + 1) <= 0 || read(0, &byte, 1) != 1) return -1;
  return byte;
}

static void put_live(void *context, uint8_t byte) {
  (void)context;
  // A sender that is gone needs no answer.
  (void)!write(1, &byte, 1);
}

static bool open_file(void *context, uint32_t length) {
  (void)context;
  opened = length;
  file_bytes = 0;
  return true;
}

static bool write_file(void *context, const uint8_t *from, uint32_t bytes) {
  (void)context;
  if (file_bytes + bytes > opened) abort();
  for (uint32_t i = 0; i < bytes; i++) file[file_bytes++] = from[i];
  return true;
}

static void tell(FILE *to, const uint8_t *bytes, uint32_t count) {
  fputc(' ', to);
  for (uint32_t i = 0; i < count; i++) fprintf(to, "%02x", bytes[i]);
}

static void run_scripts(void) {
  static const ymodem_patience patience = {1, 4, 1, 1, 10};
  static const ymodem_line line = {get_scripted, put_scripted, NULL};
  static const ymodem_sink sink = {ROOM, open_file, write_file, NULL};
  unsigned char head[4];
  while (fread(head, 1, 4, stdin) == 4) {
    const uint32_t length = head[0] | (uint32_t)head[1] << 8 | (uint32_t)head[2] << 16;
    uint8_t *bytes = malloc(length + 1);
    if (bytes == NULL || fread(bytes, 1, length, stdin) != length) exit(2);
    script = bytes;
    script_left = length;
    file_bytes = answers = 0;
    fputs(ymodem_result_name(ymodem_receive(&line, &sink, &patience)), stdout);
    tell(stdout, file, file_bytes);
    tell(stdout, answered, answers);
    fputc('\n', stdout);
    free(bytes);
  }
}

int main(int argc, char **argv) {
  if (argc == 1) {
    run_scripts();
    return 0;
  }
  signal(SIGPIPE, SIG_IGN);
  const ymodem_line line = {get_live, put_live, NULL};
  const ymodem_sink sink = {(uint32_t)atoi(argv[1]), open_file, write_file, NULL};
  const ymodem_result result = ymodem_receive(&line, &sink, &ymodem_patience_usual);
  fputs(ymodem_result_name(result), stderr);
  tell(stderr, file, file_bytes);
  return 0;
}
