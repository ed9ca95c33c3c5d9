/** The compiled module on a scripted part: power, time, and all its calls as they are exported. */
import { STATE, STORAGE } from "../../host/module/abi.ts";
import { KEY } from "./lab.ts";
import type { ScriptedPart } from "./scripted-part.ts";

type Call = (...words: number[]) => number;

/** Every export that is a function, with a u32 for what it returns. */
export type Calls = Readonly<Record<string, Call>> & {
  readonly [name in
    | "configureStorage"
    | "configureClock"
    | "configurePorts"
    | "configureLeases"
    | "configurePolicy"
    | "boot"
    | "poll"
    | "state"
    | "reason"
    | "quietMs"
    | "fingerprint"
    | "counter"
    | "isn4"
    | "port4"
    | "timestamp4"
    | "advance4"
    | "close4"
    | "abandon4"
    | "syn4"]: Call;
};

/** Reasons and counters of ABI 1.1. */
export const WEAR = 13;
export const BOUND = { guard: 14, lease: 15, window: 16, clock: 17 } as const;
export const OPEN_CONNECTIONS = 12;
export const TIME_WAIT_ENTRIES = 13;

const COUNTER_HZ = 1_000_000;
const SAMPLE_SEED = 99;

export interface ScriptedLabOptions {
  readonly wasm: WebAssembly.Module;
  readonly part: ScriptedPart;
  /** Called before each boot, after the standard configuration. */
  readonly configure?: (calls: Calls) => void;
}

export class ScriptedLab {
  readonly part: ScriptedPart;
  readonly #options: ScriptedLabOptions;
  #calls: Calls | undefined;
  #memory = new Uint8Array(0);
  #io = 0;
  #us = 0;
  #noise = SAMPLE_SEED;

  constructor(options: ScriptedLabOptions) {
    this.#options = options;
    this.part = options.part;
  }

  /** The instance of this power cycle. */
  get calls(): Calls {
    if (this.#calls === undefined) throw new Error("the power is off");
    return this.#calls;
  }

  /** A fresh instance, not configured. */
  instantiate(): Calls {
    const view = (at: number, bytes: number) => this.#memory.subarray(at >>> 0, (at + bytes) >>> 0);
    const { exports } = new WebAssembly.Instance(this.#options.wasm, {
      board: {
        read: (offset: number, to: number, bytes: number) =>
          this.part.read(offset >>> 0, view(to, bytes)),
        program: (offset: number, from: number, bytes: number) =>
          this.part.program(offset >>> 0, view(from, bytes)),
        erase: (sector: number) => this.part.erase(sector),
        entropy: (to: number, bytes: number) => this.#fill(view(to, bytes)),
        ticks: () => this.#us | 0,
      },
    });
    this.#memory = new Uint8Array((exports.memory as WebAssembly.Memory).buffer);
    const functions = Object.entries(exports).filter(([, value]) => typeof value === "function");
    const calls = functions.map(([name, value]) => [
      name,
      (...words: number[]) => (value as Call)(...words) >>> 0,
    ]);
    this.#calls = Object.fromEntries(calls) as Calls;
    this.#io = this.#calls.ioBuffer?.() ?? 0;
    return this.#calls;
  }

  /** A fresh instance, configured. */
  configured(): Calls {
    const calls = this.instantiate();
    const { kind, sectorBytes, sectors, granule } = this.part.shape;
    if (calls.configureStorage(STORAGE[kind], sectorBytes, sectors, granule) !== 1) {
      throw new Error("the module refuses this geometry");
    }
    if (calls.configureClock(COUNTER_HZ) !== 1) throw new Error("the module refuses this rate");
    this.#options.configure?.(calls);
    return calls;
  }

  powerOn(): Calls {
    const calls = this.configured();
    calls.boot();
    return calls;
  }

  /** Time passes, and nobody polls. */
  pass(ms: number): void {
    this.#us += ms * 1_000;
  }

  /** Time passes with a poll a second. */
  wait(ms: number): void {
    for (let left = ms; left > 0; left -= 1_000) {
      this.pass(Math.min(left, 1_000));
      this.calls.poll();
    }
  }

  provision(key: Uint8Array, options: number): number {
    this.#memory.set(key, this.#io);
    return this.calls.provision?.(options) ?? 0;
  }

  /** A new device: boots, gets its key, is ready. */
  commission(): Calls {
    const calls = this.powerOn();
    if (this.provision(KEY, 2) !== 1 || calls.state() !== STATE.ready) {
      throw new Error(`provisioning failed, reason ${calls.reason()}`);
    }
    return calls;
  }

  #fill(bytes: Uint8Array): number {
    for (let i = 0; i < bytes.length; i++) {
      this.#noise = (Math.imul(this.#noise, 1_664_525) + 1_013_904_223) >>> 0;
      bytes[i] = this.#noise >>> 24;
    }
    return bytes.length;
  }
}
