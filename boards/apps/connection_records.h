/** Records that the applications tell of connections, whether these are made up or on a network. */
#ifndef CONNECTION_RECORDS_H
#define CONNECTION_RECORDS_H

#include <stdint.h>

/** The tuple's four fields, addresses as text; inside an open record. */
void connection_tuple(const char *local, uint16_t local_port, const char *remote,
                      uint16_t remote_port);

/** `t=refused`: a call that the module refused, and why. */
void connection_refused(const char *call);

/** `t=nvm`: what the journal has written since this boot. */
void connection_memory(void);

#endif
