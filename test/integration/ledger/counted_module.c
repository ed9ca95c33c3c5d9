#include "counted_module.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "isnkit.h"

#define TABLE 32u
#define TUPLES 4096u

/** Addresses as in the packet; IPv4 ones take the first four bytes. */
typedef struct entry {
  uint8_t local[16], remote[16];
  uint16_t local_port, remote_port;
  bool open, has_isn, seen;
  uint32_t isn, used;
} entry;

counted module_counts;
bool module_refuses;
uint32_t module_slack;
bool module_sees_wire = true;
char module_refuses_call;
unsigned module_refuses_times;
uint16_t module_next_port = 40000;

static entry entries[TUPLES];
static unsigned count;
static unsigned open_now;

unsigned module_open(void) { return open_now; }

static void fault(const entry *e, const char *what) {
  printf("fault: port %u to %u: %s\n", e->local_port, e->remote_port, what);
}

/** Every caller holds the stack's lock. */
static atomic_flag called = ATOMIC_FLAG_INIT;

static bool refuses(char call) {
  if (atomic_flag_test_and_set(&called)) printf("fault: two calls at once\n");
  // Long enough for another thread to come in.
  for (volatile int i = 0; i < 100; i++) {
  }
  atomic_flag_clear(&called);
  bool refuse = module_refuses;
  if (module_refuses_times > 0 && module_refuses_call == call) {
    module_refuses_times--;
    refuse = true;
  }
  if (refuse) module_counts.refused++;
  return refuse;
}

static entry *find(const uint8_t local[16], uint16_t lp, const uint8_t remote[16], uint16_t rp) {
  for (unsigned i = 0; i < count; i++) {
    entry *const e = &entries[i];
    if (e->local_port == lp && e->remote_port == rp && memcmp(e->local, local, 16) == 0 &&
        memcmp(e->remote, remote, 16) == 0) {
      return e;
    }
  }
  if (count == TUPLES) {
    printf("fault: the ledger is full\n");
    return &entries[0];
  }
  entry *const e = &entries[count++];
  memcpy(e->local, local, 16);
  memcpy(e->remote, remote, 16);
  e->local_port = lp;
  e->remote_port = rp;
  return e;
}

static void mark_open(entry *e) {
  if (e->open) return;
  e->open = true;
  e->has_isn = e->seen = false;
  open_now++;
  module_counts.opened++;
}

static void mark_over(entry *e) {
  if (!e->open) fault(e, "ended, and was not open");
  else open_now--;
  e->open = false;
}

uint32_t isnkit_isn6(const uint8_t l[16], uint16_t lp, const uint8_t r[16], uint16_t rp) {
  static uint32_t next_isn = 0xfffff000u;
  if (refuses('i')) return 0;
  entry *const e = find(l, lp, r, rp);
  if (e->open && e->has_isn) fault(e, "a second ISN for one connection");
  mark_open(e);
  next_isn += 64021;
  if (next_isn == 0) next_isn = 1;
  e->has_isn = true;
  e->isn = e->used = next_isn;
  return next_isn;
}

uint16_t isnkit_port6(const uint8_t l[16], const uint8_t r[16], uint16_t rp) {
  if (refuses('p')) return 0;
  if (open_now >= TABLE) {
    module_counts.refused++;
    return 0;
  }
  entry *const e = find(l, module_next_port++, r, rp);
  if (e->open) fault(e, "an open port again");
  mark_open(e);
  return e->local_port;
}

uint32_t isnkit_advance6(const uint8_t l[16], uint16_t lp, const uint8_t r[16], uint16_t rp,
                         uint32_t next) {
  entry *const e = find(l, lp, r, rp);
  if (!e->open) fault(e, "advanced, and was not open");
  if ((int32_t)(e->used - next) > 0) fault(e, "advanced to less than the wire showed");
  return !refuses('a');
}

uint32_t isnkit_close6(const uint8_t l[16], uint16_t lp, const uint8_t r[16], uint16_t rp,
                       const isnkit_end *end) {
  entry *const e = find(l, lp, r, rp);
  if (!e->has_isn) fault(e, "closed without an ISN");
  if ((int32_t)(e->used - end->next) > 0) fault(e, "closed at less than the wire showed");
  if (!e->seen && module_sees_wire) fault(e, "closed, and the wire never showed it");
  if (end->next - e->used > module_slack) fault(e, "closed far past what it can have sent");
  if (refuses('c')) return 0;
  mark_over(e);
  module_counts.closed++;
  return 1;
}

uint32_t isnkit_abandon6(const uint8_t l[16], uint16_t lp, const uint8_t r[16], uint16_t rp) {
  entry *const e = find(l, lp, r, rp);
  if (e->has_isn && e->used - e->isn > 1) fault(e, "abandoned, and the wire showed more than a SYN");
  if (refuses('c')) return 0;
  mark_over(e);
  module_counts.abandoned++;
  return 1;
}

void module_watch(const void *local, uint16_t lp, const void *remote, uint16_t rp,
                  unsigned address_bytes, uint32_t next) {
  uint8_t l[16] = {0};
  uint8_t r[16] = {0};
  memcpy(l, local, address_bytes);
  memcpy(r, remote, address_bytes);
  entry *const e = find(l, lp, r, rp);
  if (!e->has_isn) return;
  e->seen = true;
  if ((int32_t)(next - e->used) > 0) e->used = next;
}

// IPv4: numbers in host order become the bytes of the packet.

typedef struct addresses {
  uint8_t local[16], remote[16];
} addresses;

static addresses of4(uint32_t local, uint32_t remote) {
  addresses of = {{0}, {0}};
  for (unsigned i = 0; i < 4; i++) {
    of.local[i] = (uint8_t)(local >> (24 - 8 * i));
    of.remote[i] = (uint8_t)(remote >> (24 - 8 * i));
  }
  return of;
}

uint32_t isnkit_isn4(uint32_t l, uint16_t lp, uint32_t r, uint16_t rp) {
  const addresses of = of4(l, r);
  return isnkit_isn6(of.local, lp, of.remote, rp);
}
uint16_t isnkit_port4(uint32_t l, uint32_t r, uint16_t rp) {
  const addresses of = of4(l, r);
  return isnkit_port6(of.local, of.remote, rp);
}
uint32_t isnkit_advance4(uint32_t l, uint16_t lp, uint32_t r, uint16_t rp, uint32_t next) {
  const addresses of = of4(l, r);
  return isnkit_advance6(of.local, lp, of.remote, rp, next);
}
uint32_t isnkit_close4(uint32_t l, uint16_t lp, uint32_t r, uint16_t rp, const isnkit_end *end) {
  const addresses of = of4(l, r);
  return isnkit_close6(of.local, lp, of.remote, rp, end);
}
uint32_t isnkit_abandon4(uint32_t l, uint16_t lp, uint32_t r, uint16_t rp) {
  const addresses of = of4(l, r);
  return isnkit_abandon6(of.local, lp, of.remote, rp);
}
