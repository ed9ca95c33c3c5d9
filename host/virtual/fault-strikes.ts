/**
 * Strikes a simulated device with the faults of its script: at rest, when power comes on, and at their times
 * while it runs. Counts those that have really happened.
 */

import type { Random } from "../core/random.ts";
import type { VirtualBoard } from "./board.ts";
import { FAULT_KINDS, type FaultKind } from "./fault-kinds.ts";
import type { BootScript, FaultScript } from "./life-script.ts";
import { type NvmPart, PowerCut, type PowerCutPlan } from "./nvm.ts";
import type { ServiceDesk } from "./service-desk.ts";
import type { Session, TimedEvent } from "./session.ts";
import type { SimulatedTime } from "./time.ts";

export type FaultTally = Record<FaultKind, number>;

export interface FaultStrikesSetting {
  readonly board: VirtualBoard;
  readonly nvm: NvmPart;
  readonly time: SimulatedTime;
  readonly desk: ServiceDesk;
  /** Told of a fault that has really struck. */
  readonly onStruck: (kind: FaultKind, boot: number) => void;
  /** Told that the storage is gone. */
  readonly onLost: () => void;
}

export class FaultStrikes {
  readonly tally: FaultTally;
  readonly #setting: FaultStrikesSetting;
  /** Writes that have failed up to the last boot. */
  #failed = 0;
  /** The last boot was ready, and nothing has struck the memory since its power came on. */
  #whole = false;

  constructor(setting: FaultStrikesSetting) {
    this.#setting = setting;
    this.tally = Object.fromEntries(FAULT_KINDS.map((kind) => [kind, 0])) as FaultTally;
  }

  struck(kind: FaultKind, boot: number): void {
    this.tally[kind]++;
    this.#setting.onStruck(kind, boot);
  }

  /** While power is off. A device that stores nothing has nothing to lose. */
  atRest({ faults, index }: BootScript, random: Random): void {
    const { nvm, desk, onLost } = this.#setting;
    for (const fault of faults) {
      if (fault.kind === "boot-loop") this.struck("boot-loop", index);
      if (desk.isNew || nvm.operations === 0) continue;
      if (fault.kind === "bit-rot") {
        // What it takes beside another fault may be all that there is: FM-B1 promises nothing then.
        if (!this.#whole) continue;
        nvm.rot(fault.bits, random);
        desk.storageRotted();
        this.struck("bit-rot", index);
      } else if (fault.kind === "lost-storage") {
        if (fault.leaves === "noise") nvm.fillNoise(random);
        else nvm.wipe(fault.leaves === "blank" ? 0xff : 0x00);
        desk.quietOwed = true;
        this.#whole = false;
        onLost();
        this.struck("lost-storage", index);
      }
    }
  }

  /** A start got through: from here on it counts whether the memory is struck. */
  booted(ready: boolean): void {
    this.#whole = ready;
  }

  /** Before power comes on: what is in wait for the memory. */
  arm({ faults }: BootScript): void {
    const { nvm, desk } = this.#setting;
    desk.writesFail = faults.some(({ kind }) => kind === "write-failure");
    for (const fault of faults) {
      if (fault.kind === "partial-erase") nvm.armEraseCut({ phase: "torn" });
      // At its very start: recovery itself has to cope.
      if (fault.kind === "write-failure" && fault.atUs === 0) nvm.failWrites(fault.count);
    }
  }

  /** Faults of the boot that have a time of their own, soonest first. */
  timed(boot: BootScript): TimedEvent[] {
    const { nvm, desk } = this.#setting;
    const events: TimedEvent[] = [];
    for (const fault of boot.faults) {
      if (fault.kind === "write-failure" && fault.atUs > 0) {
        const strike = () => nvm.failWrites(fault.count);
        events.push({ atUs: fault.atUs, strike });
      } else if (fault.kind === "clock-jump" && !desk.quietOwed) {
        const strike = (session: Session) => this.#jumpClock(boot, fault.us, session);
        events.push({ atUs: fault.atUs, strike });
      } else if (fault.kind === "clock-stop") {
        const strike = (session: Session) => this.#stopClock(boot, fault.us, session);
        events.push({ atUs: fault.atUs, strike });
      }
    }
    return events.length < 2 ? events : events.sort((a, b) => a.atUs - b.atUs);
  }

  #jumpClock(boot: BootScript, us: number, session: Session): void {
    const { counter } = this.#setting.board;
    const steps = Math.trunc((us / 1_000_000) * counter.hz);
    if (steps === 0) return;
    // Forward by half a wrap and more is taken for backwards, which counts no time.
    counter.jump(steps % 2 ** 31);
    if (steps < 0) session.lagSincePoll();
    else session.hurried();
    this.struck("clock-jump", boot.index);
  }

  /** The counter is gated while the processor sleeps: nothing is sent and nothing is asked. */
  #stopClock(boot: BootScript, us: number, session: Session): void {
    const { board, time } = this.#setting;
    board.counter.stop();
    time.advance(us);
    board.counter.resume();
    session.lag(us);
    this.struck("clock-stop", boot.index);
  }

  /** Counts a power cut that came out of the device; anything else goes on up. */
  cut(error: unknown, boot: number): void {
    if (!(error instanceof PowerCut)) throw error;
    this.#whole = false;
    if (error.phase !== "torn") this.struck("power-cut-in-write", boot);
    else this.struck(error.kind === "erase" ? "partial-erase" : "torn-write", boot);
  }

  /** The boot is over: notes writes that failed in it, and what did not strike is called off. */
  disarm(boot: number): void {
    const { nvm } = this.#setting;
    if (nvm.failed > this.#failed) {
      this.#failed = nvm.failed;
      this.#whole = false;
      this.struck("write-failure", boot);
    }
    nvm.disarm();
  }
}

/** The memory operations to cut, one for each power-on of the boot. */
export function cutsOf(faults: readonly FaultScript[]): PowerCutPlan[] {
  return faults.flatMap((fault) =>
    fault.kind === "power-cut-in-write" || fault.kind === "torn-write" ? [fault.cut] : [],
  );
}

/** How far the boot's clock jumps forward, which spends the promise as if time had passed. */
export function jumpUsOf({ faults }: BootScript): number {
  let us = 0;
  for (const fault of faults) if (fault.kind === "clock-jump") us += Math.max(0, fault.us);
  return us;
}
