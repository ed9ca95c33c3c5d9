/**
 * In place of the module: 32 connections, and a ledger that holds its callers to docs/abi.md. Whatever it finds is
 * printed as a line that begins with "fault:".
 */
#ifndef COUNTED_MODULE_H
#define COUNTED_MODULE_H

#include <stdbool.h>
#include <stdint.h>

typedef struct counted {
  unsigned opened, closed, abandoned, refused;
} counted;

extern counted module_counts;

/** How far past what the wire showed a close may be. */
extern uint32_t module_slack;

/** Whether module_watch() is called: without it a close cannot be held against the wire. */
extern bool module_sees_wire;

/** Refuses every call while set. */
extern bool module_refuses;

/** Refuses the calls of one kind, this many times: 'i' an ISN, 'p' a port, 'c' a close or an abandoning. */
extern char module_refuses_call;
extern unsigned module_refuses_times;

/** They rise one by one. */
extern uint16_t module_next_port;

/** Connections that are open as the module sees it. */
unsigned module_open(void);

/** What the wire shows: a segment of the device used its numbers up to, not including, `next`. */
void module_watch(const void *local, uint16_t local_port, const void *remote, uint16_t remote_port,
                  unsigned address_bytes, uint32_t next);

#endif
