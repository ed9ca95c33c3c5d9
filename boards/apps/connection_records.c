#include "connection_records.h"

#include "console.h"
#include "isnkit.h"

void connection_tuple(const char *local, uint16_t local_port, const char *remote,
                      uint16_t remote_port) {
  console_text("la", local);
  console_decimal("lp", local_port);
  console_text("ra", remote);
  console_decimal("rp", remote_port);
}

void connection_refused(const char *call) {
  const uint32_t reason = isnkit_reason();
  console_begin("refused");
  console_text("call", call);
  console_decimal("reason", reason);
  console_decimal("trap", isnkit_trap_code());
  console_decimal("nvm-error", isnkit_nvm_error());
  console_end();
}

void connection_memory(void) {
  const uint32_t writes = isnkit_counter(ISNKIT_COUNTER_WRITES);
  const uint32_t wear = isnkit_counter(ISNKIT_COUNTER_WEAR);
  console_begin("nvm");
  console_decimal("writes", writes);
  console_decimal("erases", wear);
  console_end();
}
