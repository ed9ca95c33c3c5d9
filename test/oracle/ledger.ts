/**
 * What was used, and what may come next. Numbers are kept unwrapped: `position` counts ticks of 4 µs from the tuple's
 * first ISN under its key, and follows the device's clock by its timestamps, which do not wrap in a life.
 */

/** A broken promise. */
export class Breach extends Error {
  readonly kind: string;
  constructor(kind: string, detail: string) {
    super(detail);
    this.kind = kind;
  }
}

const TICKS_PER_MS = 250;

export interface Entry {
  /** The last ISN as it was given, and where it lies. */
  isn: number;
  position: number;
  /** One past the highest number that any connection of the tuple used. */
  end: number;
  /** The last TSval, unwrapped; undefined while none was asked for. */
  stamp: { value: number; total: number; at: number; boot: number } | undefined;
  /** `stamp.total` when the last ISN was given. */
  isnTotal: number;
  /** A bound of how far the clock may have gone since, where no timestamps tell. */
  travelled: number;
}

export class Ledger {
  private readonly keys = new Map<number, Map<number, Entry>>();

  entry(key: number, tuple: number): Entry | undefined {
    return this.keys.get(key)?.get(tuple);
  }

  /** Old segments have died in a quiet time: what went before binds no longer. */
  forget(): void {
    this.keys.clear();
  }

  use(key: number, tuple: number, end: number): void {
    const entry = this.entry(key, tuple);
    if (entry !== undefined && end > entry.end) entry.end = end;
  }

  /** The clock may have gone this much further without a timestamp telling. */
  travel(ticks: number): void {
    for (const tuples of this.keys.values()) {
      for (const entry of tuples.values()) entry.travelled += ticks;
    }
  }

  /** Judges an ISN and takes it down. Returns its position. */
  gaveIsn(key: number, tuple: number, isn: number): number {
    const entry = this.entry(key, tuple);
    if (entry === undefined) {
      const tuples = this.keys.get(key) ?? new Map<number, Entry>();
      this.keys.set(key, tuples);
      const fresh: Entry = {
        isn,
        position: 0,
        end: 1,
        stamp: undefined,
        isnTotal: 0,
        travelled: 0,
      };
      tuples.set(tuple, fresh);
      return 0;
    }
    const position = positionOf(entry, isn);
    if (position === undefined) {
      // The clock may have gone round: begin anew.
      entry.end += 2 ** 33;
      entry.position = entry.end;
    } else {
      judgeIsn(entry, position, "");
      entry.position = position;
    }
    entry.isn = isn;
    entry.end = Math.max(entry.end, entry.position + 1);
    entry.isnTotal = entry.stamp?.total ?? 0;
    entry.travelled = 0;
    return entry.position;
  }

  /** Judges a TSval and takes it down. `slack`: how far the device's clock may be behind, seconds. */
  gaveStamp(
    key: number,
    tuple: number,
    value: number,
    { now, boot, slack }: { now: number; boot: number; slack: number },
  ): void {
    const entry = this.entry(key, tuple);
    if (entry === undefined) return;
    const last = entry.stamp;
    if (last === undefined) {
      entry.stamp = { value, total: 0, at: now, boot };
      return;
    }
    const moved = (value - last.value) | 0;
    if (moved < 0) throw new Breach("tsval-back", `TSval moved ${moved} ms`);
    const due = Math.floor((now - last.at - slack) * 1000) - 2;
    if (boot === last.boot && moved < due) {
      throw new Breach("tsval-stuck", `TSval moved ${moved} ms where ${due} ms have passed`);
    }
    entry.stamp = { value, total: last.total + moved, at: now, boot };
  }
}

/** Where an ISN lies; undefined where that cannot be told. */
export function positionOf(entry: Entry, isn: number): number | undefined {
  if (entry.stamp === undefined) {
    if (entry.travelled >= 2 ** 31 - 2 ** 24) return undefined;
    return entry.position + ((isn - entry.isn) | 0);
  }
  const moved = (entry.stamp.total - entry.isnTotal) * TICKS_PER_MS;
  const expected = entry.isn + moved;
  return entry.position + moved + ((isn - (expected % 2 ** 32)) | 0);
}

export function judgeIsn(entry: Entry, position: number, where: string): void {
  if (position >= entry.end) return;
  const gap = position - entry.end;
  if (position === entry.position) throw new Breach("isn-again", `${where}the same ISN again`);
  if (position > entry.position) {
    throw new Breach("isn-inside", `${where}an ISN ${-gap} inside the numbers used before`);
  }
  throw new Breach("isn-back", `${where}an ISN ${entry.position - position} behind the last one`);
}
