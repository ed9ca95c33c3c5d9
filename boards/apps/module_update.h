/**
 * A new module over the console (docs/flash.md), in five commands that a person can type as well:
 *
 *   do=receive                    takes one file by YMODEM into the slot that does not run
 *   do=try sha=<64 hex digits>    checks it, and restarts into it on trial
 *   do=confirm sha=<64 digits>    the trial holds: it stays
 *   do=rollback                   back to the old module, by a restart
 *   do=wipe-journal sure=yes      clears the journal, key included, and restarts
 *
 * A trial ends with the next restart, whatever caused it, unless it was confirmed before.
 */
#ifndef ISNKIT_MODULE_UPDATE_H
#define ISNKIT_MODULE_UPDATE_H

#include <stdbool.h>
#include <stdint.h>

#include "about.h"
#include "console.h"
#include "isnkit.h"

/** At the start of the device: chooses the module that isnkit_start() will run. */
void module_update_boot(void);
/** The module that was chosen. */
const about_module *module_update_running(void);
/** Adds trial, outcome of the last update and the journal's fate to the open record. */
void module_update_fields(void);

/** True when the command was one of these. */
bool module_update_obey(const console_command *command, uint32_t id, const isnkit_config *config);
/** From the main loop: feeds the watchdog, and ends a trial in which the module trapped. */
void module_update_continue(void);

/** False once the journal was wiped: the device has spoken TCP, so it owes quiet time. */
bool module_update_may_be_new(void);

#endif
