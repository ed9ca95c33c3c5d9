/** Tells a repeated SYN from a new attempt that happens to use the same number. */
import type { Connection } from "./connection.ts";
import type { Segment } from "./segment.ts";

/** The first repetition comes after 1 s (RFC 6298 §2), 3 s (RFC 1122), at most 6 s in lwIP. */
const FIRST_INTERVAL_MAX_US = 10_000_000;
/** Waits double (RFC 6298 §5.5); with one repetition lost to the capture 2 + 4 times the last. */
const INTERVAL_FACTOR_MAX = 7;

/**
 * True if this SYN (or SYN-ACK) of the device repeats the one that opened `connection`: the same
 * ISN, before the connection stands, in the same boot as far as it is known, and within the wait that
 * backing off explains. A RST that refused the SYN left nothing at the server (RFC 9293 §3.10.7.1), so
 * the SYN that follows it with the same number is the same attempt. A device that restarts sooner than that and
 * repeats an unanswered SYN cannot be told from one that retransmits.
 */
export function isSynRetransmission(
  connection: Connection,
  segment: Segment,
  timeUs: number,
  boot: number,
): boolean {
  if (connection.isn !== segment.sequence || connection.established) return false;
  if (connection.reset === "device" || (connection.passive && connection.closed)) return false;
  if (connection.boot !== boot) return false;
  const intervalMaxUs = Math.max(
    FIRST_INTERVAL_MAX_US,
    connection.synIntervalUs * INTERVAL_FACTOR_MAX,
  );
  return timeUs - connection.synUs <= intervalMaxUs;
}
