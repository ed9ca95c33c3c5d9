/** What would come next if power failed now: tried on a copy of the memory, boot after boot. */
import type { Calls } from "./calls.ts";
import { Breach, type Entry, judgeIsn, positionOf } from "./ledger.ts";

export interface Target {
  readonly to: number;
  readonly port: number;
  /** A copy of what the ledger holds, with what is used up to now. */
  readonly entry: Entry;
}

/** Asks for the numbers of each target, and judges them against what was used. `jump`: what a boot may move the clock. */
export function judgeNextNumbers(
  calls: Calls,
  targets: readonly Target[],
  stamps: boolean,
  jump: number,
  where: string,
): void {
  for (const { to, port, entry } of targets) {
    const isn = calls.isn(to, port);
    if (isn === 0) continue;
    if (stamps && entry.stamp !== undefined) {
      const value = calls.timestamp(to, port);
      const moved = (value - entry.stamp.value) | 0;
      if (moved < 0) {
        const ahead = (isn - entry.isn) | 0;
        if (ahead <= 0) judgeIsn(entry, entry.position + ahead, where);
        throw new Breach("tsval-back", `${where}TSval moved ${moved} ms`);
      }
      entry.stamp = { ...entry.stamp, value, total: entry.stamp.total + moved };
    } else {
      entry.travelled += jump;
    }
    const position = positionOf(entry, isn);
    if (position === undefined) continue;
    judgeIsn(entry, position, where);
    entry.isn = isn;
    entry.position = position;
    entry.end = position + 1;
    entry.isnTotal = entry.stamp?.total ?? 0;
    entry.travelled = 0;
  }
}
