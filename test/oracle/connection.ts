/** A connection of the caller: what it may use, and what it has used (docs/fault-model.md, "What the caller does"). */

/** What may be used past the last report, and each second. */
export const UNREPORTED = 2 ** 18;
export const BYTES_PER_SECOND = 250_000;

export interface Connection {
  readonly tuple: number;
  readonly to: number;
  readonly port: number;
  /** Fingerprint of the key that its numbers are made with. */
  readonly key: number;
  /** Position of its ISN in the ledger; undefined while none was asked for. */
  readonly isn: number | undefined;
  readonly isnNumber: number;
  readonly opened: number;
  /** One past what the last accepted report said. */
  reported: number;
  /** It uses all that it may. */
  readonly greedy: boolean;
  /** While it may not use numbers: one past the last that it had used by then. */
  stopped: number | undefined;
  /** Why: the device is not READY, a report was refused, it has ended. */
  stoppedFor: "state" | "report" | "close";
  /** It used numbers past its ISN, or said so. */
  connected: boolean;
}

/** One past the highest number that the connection has used. */
export function usedEnd(one: Connection, now: number): number {
  if (one.isn === undefined) return 0;
  if (one.stopped !== undefined) return one.stopped;
  if (!one.greedy) return Math.max(one.isn + 1, one.reported);
  const byTime = one.isn + Math.floor((now - one.opened) * BYTES_PER_SECOND);
  return Math.max(one.reported, byTime) + UNREPORTED;
}

export function stop(one: Connection, now: number, why: Connection["stoppedFor"]): void {
  one.stopped = usedEnd(one, now);
  one.stoppedFor = why;
}

/** The number on the wire. */
export function numberAt(one: Connection, position: number): number {
  return (one.isnNumber + ((position - (one.isn ?? 0)) % 2 ** 32)) >>> 0;
}
