/**
 * The connections that the conformance application opens by itself, each told in its records: made up
 * (conformance_connections.c) or on a network (campaign_connections.c).
 */
#ifndef CONFORMANCE_CONNECTIONS_H
#define CONFORMANCE_CONNECTIONS_H

#include "console.h"

/** The device's address, 10.77.0.2. */
#define CONNECTIONS_LOCAL 0x0A4D0002u
/** Ports that the application binds are not the module's to allocate. */
#define CONNECTIONS_RESERVED_PORTS {5000, 5003}

/** What carries them: "none", or the stack's name. */
extern const char connections_network[];

/** Starts the network; once, before the device says hello. */
void connections_begin(void);
/** Marks this instant in a recording of the network. */
void connections_mark(void);

/** The table of servers, as server_table.h has it. Why it was not done, or NULL. */
const char *connections_server(const console_command *command);
const char *connections_servers(const console_command *command);
/**
 * `count`: how many (0: for ever); `gap-us`: time from one to the next, less than a half wrap of the
 * counter; `bytes`, as `least,most` or one number of bytes that each sends; `from`, the turn to begin
 * with. On a network also `limit-ms`: how long one may take; and `closes`: who closes first, `device`,
 * `server` or `either`, which the first byte then tells the server (`d` or `s`); `aborts`: the device gives each up,
 * once `opened`, once `connected`, or while `sending`; `stack=handler`: lwIP runs in an exception handler. Why it
 * does not run, or NULL.
 */
const char *connections_run(const console_command *command);
void connections_stop(void);
/** Serves connections from outside too (campaign_server.h). */
const char *connections_listen(const console_command *command);
/** Serves them, and opens the next one when it is due; called from the main loop. */
void connections_continue(void);

#endif
