/**
 * The mail device (field case 1): at each boot it sends two mails with lwIP's SMTP client, and then
 * waits for its power to be cut. Built twice: with isnkit (ISNKIT defined), and with lwIP's own numbers.
 *
 *   do=provision key=… options=N    (isnkit only) hands over the device's key
 *   do=mail count=N [retry-s=N]     sends more mails; tries one again that failed, after so many seconds
 *   do=speed times=N                lets the counter and lwIP's clock run N times as fast
 *   do=status
 */
#include <stddef.h>
#include <string.h>

#include "board.h"
#include "console.h"
#include "lwip/apps/smtp.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/sys.h"
#include "lwip/tcp.h"
#include "lwip_device.h"
#include "mail_connect.h"
#include "scaled_clock.h"

#ifdef ISNKIT
#include "isnkit.h"
#include "isnkit_lwip.h"
#include "runtime.h"
#define MAILER isnkit_runtime_name
#else
#define MAILER "lwip-default"
#endif

#define MAILS_PER_BOOT 2u

/** The bench's server is its gateway too. */
#define SERVER_ADDRESS LWIP_DEVICE_GATEWAY

// One mail after another.

static uint32_t mails_left;
/** How long to wait before a mail that failed is sent again; 0: it is given up. */
static uint32_t retry_ms;
static uint32_t due_ms;
static uint32_t mail;
static bool mail_open;
static uint32_t opened_ms;
static tcp_connected_fn smtp_connected;

static err_t connected(void *argument, struct tcp_pcb *pcb, err_t error) {
  console_begin("connected");
  console_decimal("mail", mail);
  console_decimal("ms", sys_now() - opened_ms);
  // How often the SYN was sent again before it was answered.
  console_decimal("repeats", pcb->nrtx);
  console_end();
  return smtp_connected(argument, pcb, error);
}

#ifdef ISNKIT
static void tell_refusal(const char *call) {
  const uint32_t reason = isnkit_reason();
  console_begin("refused");
  console_text("call", call);
  console_decimal("reason", reason);
  console_end();
}
#endif

err_t mail_connect(struct tcp_pcb *pcb, const ip_addr_t *address, u16_t port,
                   tcp_connected_fn on_connected) {
  smtp_connected = on_connected;
  opened_ms = sys_now();
#ifdef ISNKIT
  const err_t result = isnkit_lwip_connect(pcb, address, port, connected);
  if (result == ERR_USE || result == ERR_VAL) tell_refusal(result == ERR_USE ? "port" : "isn");
#else
  const err_t result = tcp_connect(pcb, address, port, connected);
#endif
  if (result != ERR_OK) return result;
  console_begin("open");
  console_text("la", LWIP_DEVICE_ADDRESS);
  console_decimal("lp", pcb->local_port);
  console_text("ra", SERVER_ADDRESS);
  console_decimal("rp", port);
  // The SYN took one number, so the wire showed the one before (RFC 9293 §3.4).
  console_hex("isn", pcb->snd_lbb - 1);
#ifdef ISNKIT
  console_hex("given", isnkit_lwip_given);
#endif
  console_end();
  return result;
}

static void tell_mail(uint32_t result, uint32_t server_code, err_t error) {
  console_begin("mail");
  console_decimal("mail", mail);
  console_decimal("ok", result == SMTP_RESULT_OK && error == ERR_OK);
  console_decimal("result", result);
  console_decimal("server", server_code);
  console_decimal("error", (uint32_t)-error);
  console_decimal("ms", sys_now() - opened_ms);
  console_end();
}

static void finish(uint32_t result, uint32_t server_code, err_t error) {
  tell_mail(result, server_code, error);
  mail_open = false;
  if (retry_ms == 0 || (result == SMTP_RESULT_OK && error == ERR_OK)) return;
  mails_left++;
  due_ms = sys_now() + retry_ms;
}

static void finished(void *argument, u8_t result, u16_t server_code, err_t error) {
  (void)argument;
  finish(result, server_code, error);
}

static void send_next(void) {
  if (mail_open || mails_left == 0 || (int32_t)(sys_now() - due_ms) < 0) return;
  mails_left--;
  mail++;
  mail_open = true;
  opened_ms = sys_now();
  const err_t error = smtp_send_mail("device@example.org", "desk@example.org", "a report",
                                     "All is well.", finished, NULL);
  if (error != ERR_OK) finish(SMTP_RESULT_ERR_CONNECT, 0, error);
}

// isnkit's part, empty in the other build.

#ifdef ISNKIT
static uint32_t ticks(void *context) {
  (void)context;
  return scaled_clock_ticks();
}

static bool start_numbers(void) {
  static isnkit_platform platform;
  platform = (isnkit_platform){.nvm = board_nvm,
                               .ticks = ticks,
                               .ticks_hz = board_ticks_hz,
                               .entropy = board_entropy};
  return isnkit_start(&platform, NULL) == ISNKIT_READY;
}

static bool poll_numbers(void) {
  isnkit_lwip_poll();
  return isnkit_poll() == ISNKIT_READY;
}

static void tell_numbers(const char *type, uint32_t id) {
  const uint32_t state = (uint32_t)isnkit_current_state();
  const uint32_t reason = isnkit_reason();
  const uint32_t boots = isnkit_counter(ISNKIT_COUNTER_BOOTS);
  const uint32_t writes = isnkit_counter(ISNKIT_COUNTER_WRITES);
  const uint32_t wear = isnkit_counter(ISNKIT_COUNTER_WEAR);
  console_begin(type);
  console_decimal("re", id);
  console_decimal("state", state);
  console_decimal("reason", reason);
  console_decimal("boots", boots);
  console_text("cause", board_reset_cause());
  console_decimal("writes", writes);
  console_decimal("erases", wear);
  console_decimal("nvm-error", isnkit_nvm_error());
  console_end();
}

static void provision(const console_command *command) {
  uint8_t key[16];
  uint32_t options = 0;
  if (!console_number(command, "options", &options)) return console_complain(CONSOLE_NOT_A_NUMBER);
  if (!console_octets(command, "key", key, sizeof key)) return console_complain("key-of-16-bytes");
  isnkit_provision(key, options);
  memset(key, 0, sizeof key);
}
#else
static bool start_numbers(void) { return true; }
static bool poll_numbers(void) { return true; }
static void tell_numbers(const char *type, uint32_t id) {
  console_begin(type);
  console_decimal("re", id);
  console_decimal("state", 2);
  console_end();
}
static void provision(const console_command *command) { (void)command; }
#endif

static void obey(const console_command *command) {
  uint32_t id = 0;
  uint32_t count = 1;
  uint32_t retry_s = 0;
  uint32_t times = 1;
  if (!console_number(command, "id", &id) || !console_number(command, "count", &count) ||
      !console_number(command, "retry-s", &retry_s) || !console_number(command, "times", &times)) {
    return console_complain(CONSOLE_NOT_A_NUMBER);
  }
  if (console_is(command, "do", "provision")) provision(command);
  if (console_is(command, "do", "mail")) {
    mails_left += count;
    retry_ms = retry_s * 1000u;
    due_ms = sys_now();
  }
  if (console_is(command, "do", "speed")) {
    if (times < 1 || times > SCALED_CLOCK_MOST) return console_complain("times-1-to-100");
    scaled_clock_run(times);
  }
  tell_numbers("status", id);
}

int main(void) {
  static console_command command;
  board_init();
  console_begin("hello");
  console_text("board", board_name);
  console_text("app", "mail");
  console_text("runtime", MAILER);
  console_text("cause", board_reset_cause());
  console_end();

  start_numbers();
  tell_numbers("boot", 0);
  lwip_device_start();
  smtp_set_server_addr(SERVER_ADDRESS);
  smtp_set_server_port(25);

  mails_left = MAILS_PER_BOOT;
  bool told = false;
  for (;;) {
    if (console_poll(&command)) obey(&command);
    lwip_device_poll();
    if (poll_numbers()) send_next();
    // Told once more whenever all mails are sent and their connections closed: the server, which closes
    // first, is then in TIME_WAIT for each, and not half open.
    const bool idle = mails_left == 0 && !mail_open && tcp_active_pcbs == NULL;
    if (idle && !told) tell_numbers("mails-over", 0);
    told = idle;
  }
}
