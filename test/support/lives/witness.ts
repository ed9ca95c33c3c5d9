/** Sees what a device hands out, from boot to boot: no number twice, none back, no quiet time cut short. */
import { serialDistance } from "../../../host/core/serial.ts";
import { REASON, STATE } from "../../../host/module/abi.ts";
import { PowerCut } from "../../../host/virtual/nvm.ts";
import { LOCAL, REMOTE } from "../lab.ts";
import { Breach } from "../oracle.ts";
import { ScriptedLab } from "../scripted-lab.ts";
import type { PartShape } from "../scripted-part.ts";
import { ScriptedPart } from "../scripted-part.ts";

export const PORT = 40_000;
export const PEER_PORT = 25;
/** Good storage has the device READY within this time (docs/fault-model.md). */
export const READY_MS = 20_000;
export const QUIET_MS = 240_000;

export function demand(holds: boolean, law: string): asserts holds {
  if (!holds) throw new Breach(law);
}

/** A device with its key on a blank part. */
export function newDevice(wasm: WebAssembly.Module, shape: Partial<PartShape> = {}): ScriptedLab {
  const part = new ScriptedPart({
    kind: "nor",
    sectorBytes: 512,
    sectors: 4,
    granule: 8,
    ...shape,
  });
  const lab = new ScriptedLab({ wasm, part });
  lab.commission();
  return lab;
}

export function isn(lab: ScriptedLab, port = PORT): number {
  return lab.calls.isn4(LOCAL, port, REMOTE, PEER_PORT);
}

interface Seen {
  readonly isn: number;
  readonly tsval: number;
  readonly fingerprint: number;
}

export class Witness {
  readonly name: string;
  /** Quiet time may be due: something struck that can hide acknowledged records. */
  quietAllowed = false;
  /** The device may be out of service: no sector is good. */
  outAllowed = false;
  /** No copy of any record is left. */
  keyLossAllowed = false;
  #last: Seen | undefined;
  readonly #ports: Set<number>;

  constructor(name: string, before?: Witness) {
    this.name = name;
    this.#last = before?.last;
    this.#ports = new Set(before?.ports);
    this.quietAllowed = before?.quietAllowed ?? false;
    this.outAllowed = before?.outAllowed ?? false;
  }

  get last(): Seen | undefined {
    return this.#last;
  }

  get ports(): ReadonlySet<number> {
    return this.#ports;
  }

  /** Switches on and takes numbers. False when the power failed on the way. */
  boot(lab: ScriptedLab): boolean {
    try {
      lab.powerOn();
      this.use(lab);
      return true;
    } catch (error) {
      if (error instanceof PowerCut) return false;
      throw error;
    }
  }

  /** Takes numbers, after quiet time where that is due and allowed. */
  use(lab: ScriptedLab): void {
    const lost = [REASON.unprovisioned, REASON.storageCorrupt] as const;
    const gone = lost.some((reason) => reason === lab.calls.reason());
    this.demand(!gone || this.keyLossAllowed, "the key is lost");
    if (lab.calls.state() === STATE.failed && !this.outAllowed) lab.wait(READY_MS);
    if (lab.calls.state() === STATE.quiet) this.#keepQuiet(lab);
    const { state, isn4, timestamp4, port4, fingerprint } = lab.calls;
    const isn = isn4(LOCAL, PORT, REMOTE, PEER_PORT);
    if (isn === 0) {
      this.demand(state() !== STATE.ready, "READY, and no number");
      this.demand(this.outAllowed, `out of service, reason ${lab.calls.reason()}`);
      return;
    }
    const tsval = timestamp4(LOCAL, PORT, REMOTE, PEER_PORT);
    this.#compare({ isn, tsval, fingerprint: fingerprint() });
    const port = port4(LOCAL, REMOTE, PEER_PORT);
    this.demand(!this.#ports.has(port), `port ${port} a second time`);
    if (port !== 0) this.#ports.add(port);
  }

  demand(holds: boolean, law: string): void {
    demand(holds, `${this.name}: ${law}`);
  }

  #keepQuiet(lab: ScriptedLab): void {
    this.demand(this.quietAllowed, "quiet time that nothing called for");
    lab.wait(QUIET_MS - 1_000);
    this.demand(isn(lab) === 0, "a number in quiet time");
    lab.wait(2_000);
    // What was in use has died out.
    this.#last = undefined;
    this.#ports.clear();
  }

  #compare(now: Seen): void {
    if (this.#last !== undefined) {
      const { isn, tsval, fingerprint } = this.#last;
      this.demand(now.fingerprint === fingerprint, "another key, without quiet time");
      const moved = serialDistance(isn, now.isn);
      this.demand(moved > 0, `the next ISN is ${moved} from the last one`);
      this.demand(serialDistance(tsval, now.tsval) >= 0, "the timestamp went back");
    }
    this.#last = now;
  }
}
