/** lwIP as a server (`do=listen port=N`): it reads what comes, and closes when its client does. */
#ifndef CAMPAIGN_SERVER_H
#define CAMPAIGN_SERVER_H

#include <stdint.h>

#include "console.h"

/** NULL when it listens, or why not. */
const char *campaign_server_listen(const console_command *command);

#endif
