/** The connections that the conformance application opens by itself, each told in its records. */
#ifndef CONFORMANCE_CONNECTIONS_H
#define CONFORMANCE_CONNECTIONS_H

#include "console.h"

/** The device's address, 10.77.0.2. */
#define CONNECTIONS_LOCAL 0x0A4D0002u
/** Ports that the application binds are not the module's to allocate. */
#define CONNECTIONS_RESERVED_PORTS {5000, 5003}

/** `count`: how many (0: for ever); `gap-us`: time from one to the next. */
void connections_run(const console_command *command);
void connections_stop(void);
/** Opens the next one when it is due; called from the main loop. */
void connections_continue(void);

/** The record of a call that the module refused. */
void connections_tell_refusal(const char *call);

#endif
