/**
 * Device time from records: `at=` is the device's 32-bit counter, which runs at `hz` of its `hello` and
 * wraps (docs/bench-arm.md).
 */
import { type ConsoleRecord, decimalField } from "../console/console-record.ts";

const WRAP = 2 ** 32;
/** Clocks of devices and hosts differ; by less than this. */
const SURE = 0.8;

export class DeviceClock {
  #hz: number | undefined;
  #last: { ticks: number; total: number; hostUs: number } | undefined;

  constructor(hz?: number) {
    this.#hz = hz;
  }

  restart(): void {
    this.#last = undefined;
  }

  /**
   * True when the counter stands lower than before, and cannot have wrapped in the time that passed: the
   * device was started anew, whatever its records' numbers say.
   */
  wentBack(record: ConsoleRecord, hostUs: number): boolean {
    const ticks = decimalField(record, "at");
    const last = this.#last;
    if (ticks === undefined || last === undefined || this.#hz === undefined) return false;
    const passed = ((hostUs - last.hostUs) / 1e6) * this.#hz;
    return ticks < last.ticks && passed < SURE * (WRAP - last.ticks + ticks);
  }

  /**
   * Microseconds since the device started; undefined when the record has no `at`, or nothing has told
   * the rate. Whoever joins late counts from the last wrap before that. `hostUs`: when it arrived; it
   * tells how often the counter wrapped between two records.
   */
  read(record: ConsoleRecord, hostUs: number): number | undefined {
    this.#hz = decimalField(record, "hz") || this.#hz;
    const ticks = decimalField(record, "at");
    if (ticks === undefined || ticks >= WRAP || this.#hz === undefined) return undefined;
    const last = this.#last;
    let total = ticks;
    if (last !== undefined) {
      const step = (ticks - last.ticks + WRAP) % WRAP;
      const passed = ((hostUs - last.hostUs) / 1e6) * this.#hz;
      total = last.total + step + WRAP * Math.max(0, Math.round((passed - step) / WRAP));
    }
    this.#last = { ticks, total, hostUs };
    return Math.round((total / this.#hz) * 1e6);
  }
}
