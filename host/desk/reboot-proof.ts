/**
 * What a reboot is proved by: the boot count that the device persists went up by exactly one. Pure.
 */

export interface BootCounts {
  /** The count before; undefined when the device did not tell it. */
  readonly before: number | undefined;
  readonly after: number;
}

export interface CountVerdict {
  readonly proven: boolean;
  /** Why not. */
  readonly why?: string;
  /** Boots that nobody asked for. */
  readonly unrequested: number;
}

/** A device without a key persists no count: 0 proves nothing. */
export function judgeCounts({ before, after }: BootCounts): CountVerdict {
  if (before === undefined) {
    return { proven: false, why: "its boot count before is not known", unrequested: 0 };
  }
  if (after === 0) {
    return {
      proven: false,
      why: "it persists no boot count (no key, or no journal)",
      unrequested: 0,
    };
  }
  if (after === before + 1) return { proven: true, unrequested: 0 };
  if (after > before) {
    const unrequested = after - before - 1;
    const why = `its boot count went from ${before} to ${after}: it restarted ${unrequested} more ${unrequested === 1 ? "time" : "times"} by itself`;
    return { proven: false, why, unrequested };
  }
  const why = `its boot count did not grow: ${before} before, ${after} after`;
  return { proven: false, why, unrequested: 0 };
}
