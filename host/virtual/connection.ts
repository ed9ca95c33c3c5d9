/** One connection of the simulated client: how far it has got, and how far it may get. */
import { serialAdd } from "../core/serial.ts";
import type { Tuple } from "../core/tuple.ts";
import type { Destination } from "./device.ts";
import type { Transfer } from "./transfer.ts";

/** How far a connection may run ahead of the sequence clock without a report (design: GUARD). */
const GUARD_BYTES = 2 ** 18;
/** Margin for the rounding between simulated time and the device's own clock, in numbers. */
const ROUNDING = 64;

export interface ConnectionPlan {
  readonly to: Destination;
  readonly tuple: Tuple;
  readonly isn: number;
  readonly openedUs: number;
  readonly transfer: Transfer;
}

export class Connection {
  readonly plan: ConnectionPlan;
  /** Highest TSval sent; undefined without timestamps. */
  tsval: number | undefined;
  /** Numbers used from the ISN on, the SYN included, as of the last look. */
  #used = 1;
  /** Numbers that the device has accepted a report for. */
  #reported = 0;

  constructor(plan: ConnectionPlan, tsval: number | undefined) {
    this.plan = plan;
    this.tsval = tsval;
  }

  /** Numbers that the application would have used by now: SYN and data; the FIN comes with close. */
  wantedAt(nowUs: number): number {
    const { openedUs, transfer } = this.plan;
    const flowed = Math.floor(((nowUs - openedUs) / 1_000_000) * transfer.bytesPerSecond);
    return 1 + Math.min(transfer.bytes, transfer.burstBytes + flowed);
  }

  /** Numbers that may be used by now without a report: the clock has passed them, but for GUARD. */
  static unreportedAt(elapsedUs: number): number {
    return Math.floor(elapsedUs / 4) + GUARD_BYTES - ROUNDING;
  }

  /** Numbers used by now; data beyond what was reported or is covered by the clock waits. */
  usedAt(nowUs: number): number {
    const covered = Connection.unreportedAt(nowUs - this.plan.openedUs);
    const may = Math.max(covered, this.#reported - 1);
    this.#used = Math.max(this.#used, Math.min(this.wantedAt(nowUs), may));
    return this.#used;
  }

  /** One past the highest number used by now, u32. */
  nextAt(nowUs: number): number {
    return serialAdd(this.plan.isn, this.usedAt(nowUs));
  }

  /** The report that has to precede the data that is due, or 0. Room for the FIN is included. */
  reportDueAt(nowUs: number): number {
    const wanted = this.wantedAt(nowUs) + 1;
    const covered = Connection.unreportedAt(nowUs - this.plan.openedUs);
    return wanted > covered && wanted > this.#reported ? wanted : 0;
  }

  reportAccepted(numbers: number): void {
    this.#reported = numbers;
  }
}
