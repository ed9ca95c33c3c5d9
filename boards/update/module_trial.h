/**
 * What a new module has to show before the device starts from it. Both run it in the place of the running
 * one, which is gone afterwards: the device has to restart. Neither touches the journal.
 *
 * Both return NULL, or one word for what did not hold. They run code that may loop for ever: start the
 * watchdog first. `alive` is called between the steps.
 */
#ifndef ISNKIT_MODULE_TRIAL_H
#define ISNKIT_MODULE_TRIAL_H

#include "isnkit.h"
#include "module_image.h"

/** The largest journal that can be rehearsed on. */
#define MODULE_REHEARSAL_BYTES 16384u

/**
 * Known answers, on a blank memory with a known key: ABI version, fingerprint, differences of ISNs and
 * timestamps that follow from SipHash-2-4 alone, ports, TIME_WAIT, and a restart.
 */
const char *module_self_test(const isnkit_module *candidate, void (*alive)(void));

/**
 * A restart from one module to the next on a copy of the journal: from the running one (NULL: the built-in
 * one) to the new one and back. Each has to find the state, the key and the boot count that the one
 * before it left, and ISNs have to move forward. So a rollback is possible too.
 */
const char *module_rehearse(const isnkit_module *candidate, const isnkit_module *running,
                            const isnkit_nvm *journal, const isnkit_config *config,
                            void (*alive)(void));

#endif
