/**
 * The servers that the conformance application calls in turn, on a network or without one: a table of its
 * own, or one that the bench writes over the console before a run.
 *
 *   do=server i=N ra=ADDRESS rp=PORT [lp=PORT]   fills in row N, from 0: the server's IPv4 or IPv6 address
 *                  and port; `lp`: the local port that the application binds, one of those that are
 *                  reserved (CONNECTIONS_RESERVED_PORTS)
 *   do=servers count=N   calls rows 0 … N-1 from now on, all of which have to be filled in; 0: the
 *                  firmware's own table again
 */
#ifndef SERVER_TABLE_H
#define SERVER_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "console.h"

#define SERVER_TABLE_ROWS 16u
/** Eight groups of four hexadecimal digits, seven colons, and the end. */
#define SERVER_TEXT_BYTES 40u

typedef struct server {
  bool ipv6;
  union {
    uint32_t address;
    /** In network order. */
    uint8_t address6[16];
  };
  uint16_t port;
  /** Not 0: the application binds this local port, so the same tuple comes back at every turn. */
  uint16_t bound;
  /** On a network: the device closes first, where the bench does not say who does. */
  bool device_closes;
  char text[SERVER_TEXT_BYTES];
} server;

/** The application's own, in conformance_connections.c or campaign_connections.c. */
extern const server server_table_own[];
extern const uint32_t server_table_own_rows;

/** The server of a turn, counted from 0. */
const server *server_of_turn(uint32_t turn);
/** Obeys `do=server`. Why not, or NULL when it was done; a refused row keeps what it had. */
const char *server_fill_in(const console_command *command);
/** Obeys `do=servers`. Why not, or NULL. */
const char *server_use_rows(const console_command *command);

#endif
