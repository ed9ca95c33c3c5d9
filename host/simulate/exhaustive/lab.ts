/**
 * A bench for the module alone: simulated time, counter, memory and entropy, and power that goes
 * off and on. Each `powerOn` is a fresh instance; memory is what survives.
 */

import { Random } from "../../core/random.ts";
import { STATE, STORAGE } from "../../module/abi.ts";
import type { Board } from "../../module/board.ts";
import { IsnModule } from "../../module/isn-module.ts";
import { VirtualBoard } from "../../virtual/board.ts";
import { type EntropySource, goodEntropy } from "../../virtual/entropy.ts";
import { createNvm, type NvmGeometry, type NvmOptions, type NvmPart } from "../../virtual/nvm.ts";
import { SimulatedTime } from "../../virtual/time.ts";

export const LOCAL = 0x0a4d_0002;
export const REMOTE = 0x0a4d_0001;
export const KEY = Uint8Array.from({ length: 16 }, (_, i) => 0x10 + i);
export const KEY_2 = Uint8Array.from({ length: 16 }, (_, i) => 0xa0 + i);

export const NOR: NvmGeometry = {
  kind: "nor",
  sectorBytes: 2048,
  sectors: 2,
  granule: 8,
  enduranceCycles: 1e9,
};

/** The calls that the workloads of exhaustive mode make: the module has them, and bad devices do. */
export type ModuleCalls = Pick<
  IsnModule,
  | "configureStorage"
  | "configureClock"
  | "boot"
  | "poll"
  | "state"
  | "reason"
  | "fingerprint"
  | "provision"
  | "isn4"
  | "port4"
  | "timestamp4"
  | "advance4"
  | "close4"
>;

/** `M`: what runs in the lab. */
export interface PowerLabOptions<M extends ModuleCalls> {
  /** Makes what runs, at each power-on: a fresh instance, or one that is rewound. */
  readonly instantiate: (board: Board, geometry: NvmGeometry) => M;
  readonly geometry?: NvmGeometry;
  readonly nvmOptions?: NvmOptions;
  readonly seed?: number;
  readonly hz?: number;
  readonly entropy?: (random: Random) => EntropySource;
  /** Called after the standard configuration, before boot. */
  configure?(module: M): void;
}

export class PowerLab<M extends ModuleCalls> {
  readonly time = new SimulatedTime();
  readonly nvm: NvmPart;
  readonly board: VirtualBoard;
  readonly random: Random;
  readonly #options: PowerLabOptions<M>;
  /** Power-ons so far. */
  powerOns = 0;
  #module: M | undefined;

  constructor(options: PowerLabOptions<M>) {
    this.#options = options;
    this.random = new Random(options.seed ?? 1);
    this.nvm = createNvm(
      options.geometry ?? NOR,
      this.random.split("nvm"),
      options.nvmOptions ?? {},
    );
    this.board = new VirtualBoard({
      time: this.time,
      nvm: this.nvm,
      entropy: (options.entropy ?? goodEntropy)(this.random.split("entropy")),
      counterHz: options.hz ?? 1_000_000,
    });
  }

  /** The instance of this power cycle. */
  get module(): M {
    if (this.#module === undefined) throw new Error("the power is off");
    return this.#module;
  }

  /** Fresh instance, configuration, boot. A power cut armed on the memory may throw out of it. */
  powerOn(counterStart = 0): M {
    this.powerOff();
    this.powerOns++;
    this.board.powerOn(counterStart);
    const module = this.configured();
    this.#module = module;
    module.boot();
    return module;
  }

  /** A configured instance that has not booted. */
  configured(): M {
    const { geometry = NOR, hz = 1_000_000, instantiate } = this.#options;
    const module = instantiate(this.board, geometry);
    const { kind, sectorBytes, sectors, granule } = geometry;
    if (!module.configureStorage(STORAGE[kind], sectorBytes, sectors, granule)) {
      throw new Error("the module refuses this geometry");
    }
    if (!module.configureClock(hz)) throw new Error("the module refuses this counter rate");
    this.#options.configure?.(module);
    return module;
  }

  powerOff(): void {
    this.#module = undefined;
  }

  /** Lets time pass and polls, at least every second. */
  wait(ms: number): void {
    for (let left = ms; left > 0; left -= 1_000) {
      this.time.advance(Math.min(left, 1_000) * 1_000);
      this.module.poll();
    }
  }

  /** A new device from the production line: boots, gets its key, is ready. */
  commission(key: Uint8Array = KEY): M {
    const module = this.powerOn();
    if (module.provision(key, 2) !== 1 || module.state() !== STATE.ready) {
      throw new Error(`provisioning failed, reason ${module.reason()}`);
    }
    return module;
  }
}

export interface LabOptions extends Omit<PowerLabOptions<IsnModule>, "instantiate"> {
  /** A fresh instance at each power-on; or another way to get one, such as a rewound instance. */
  readonly wasm?: WebAssembly.Module;
  readonly instantiate?: (board: Board) => IsnModule;
}

/** The lab with the module itself in it. */
export class Lab extends PowerLab<IsnModule> {
  constructor(options: LabOptions) {
    super({ ...options, instantiate: instantiateOf(options) });
  }
}

/** What makes the instances: the one given, or fresh ones of the module given. */
export function instantiateOf<M extends ModuleCalls>({
  wasm,
  instantiate,
}: {
  readonly wasm?: WebAssembly.Module;
  readonly instantiate?: PowerLabOptions<M>["instantiate"];
}): PowerLabOptions<M | IsnModule>["instantiate"] {
  if (instantiate !== undefined) return instantiate;
  if (wasm === undefined) throw new Error("the lab was given no module");
  return (board) => IsnModule.instantiate(wasm, board);
}
