/** One WebAssembly instance that can be powered on again and again, each time as a fresh one. */
import type { Memory } from "./memory.ts";
import { exportGlobals } from "./wasm-globals.ts";

export const STATE = { off: 0, unprovisioned: 1, ready: 2, quiet: 3, failed: 4 } as const;
export const STATE_NAMES = ["OFF", "UNPROVISIONED", "READY", "QUIET", "FAILED"];

type Call = (...numbers: number[]) => number;

/** The functions of docs/abi.md that the fuzzer calls. */
export interface Exports {
  readonly memory: WebAssembly.Memory;
  readonly ioBuffer: Call;
  readonly configureStorage: Call;
  readonly configureClock: Call;
  readonly configurePorts: Call;
  readonly configureLeases: Call;
  readonly configurePolicy: Call;
  readonly boot: Call;
  readonly poll: Call;
  readonly state: Call;
  readonly reason: Call;
  readonly quietMs: Call;
  readonly provision: Call;
  readonly provisionFromEntropy: Call;
  readonly fingerprint: Call;
  readonly counter: Call;
  readonly isn4: Call;
  readonly isn6: Call;
  readonly port4: Call;
  readonly port6: Call;
  readonly timestamp4: Call;
  readonly timestamp6: Call;
  readonly advance4: Call;
  readonly advance6: Call;
  readonly close4: Call;
  readonly close6: Call;
  readonly syn4: Call;
  readonly syn6: Call;
  readonly abandon4?: Call;
  readonly abandon6?: Call;
}

/** What the instance is connected to. */
export interface Board {
  memory: Memory;
  ticks(): number;
  entropy(out: Uint8Array): number;
}

/** A compiled module with its globals exported beside its functions; its code is untouched. */
export class Binary {
  readonly module: WebAssembly.Module;

  constructor(bytes: Uint8Array) {
    this.module = new WebAssembly.Module(exportGlobals(bytes) as Uint8Array<ArrayBuffer>);
  }
}

export interface MachineOptions {
  /** A new instance for each boot, in place of a reset one. */
  readonly fresh?: boolean;
  /** Stands in for the module's exports: to make modules that are wrong. */
  readonly wrap?: (exports: Exports) => Exports;
}

/** The module uses the first 4 KiB at most (docs/abi.md). */
const MEMORY_LIMIT = 4096;

export class Machine {
  exports: Exports;
  private board: Board | undefined;
  private readonly binary: Binary;
  private readonly options: MachineOptions;
  private readonly image: Uint8Array;
  private readonly globals: [WebAssembly.Global, number | bigint][] = [];

  constructor(binary: Binary, options: MachineOptions = {}) {
    this.binary = binary;
    this.options = options;
    const instance = this.instantiate();
    this.exports = this.exportsOf(instance);
    this.image = new Uint8Array(this.exports.memory.buffer).slice(0, MEMORY_LIMIT);
    for (const value of Object.values(instance.exports)) {
      if (value instanceof WebAssembly.Global) {
        // The compiled module has no constants among its globals: a reset sets each of them, or throws.
        this.globals.push([value, value.value as number | bigint]);
      }
    }
  }

  private exportsOf(instance: WebAssembly.Instance): Exports {
    const exports = instance.exports as unknown as Exports;
    return this.options.wrap?.(exports) ?? exports;
  }

  private instantiate(): WebAssembly.Instance {
    const board = (): Board => {
      if (this.board === undefined) throw new Error("the machine has no board");
      return this.board;
    };
    const view = (at: number, bytes: number): Uint8Array =>
      new Uint8Array(this.exports.memory.buffer, at >>> 0, bytes >>> 0);
    return new WebAssembly.Instance(this.binary.module, {
      board: {
        read: (offset: number, to: number, bytes: number) =>
          board().memory.read(offset >>> 0, view(to, bytes)),
        program: (offset: number, from: number, bytes: number) =>
          board().memory.program(offset >>> 0, view(from, bytes)),
        erase: (sector: number) => board().memory.erase(sector >>> 0),
        entropy: (to: number, bytes: number) => board().entropy(view(to, bytes)),
        ticks: () => board().ticks() | 0,
      },
    });
  }

  /** The instance is as new: memory and globals as they were before any call. */
  reset(board: Board): void {
    this.board = board;
    if (this.options.fresh) {
      this.exports = this.exportsOf(this.instantiate());
      return;
    }
    const memory = new Uint8Array(this.exports.memory.buffer);
    memory.set(this.image);
    for (const [global, value] of this.globals) global.value = value;
  }

  /** Nothing is kept above the limit that docs/abi.md states, so resetting up to it is enough. */
  leaksAboveLimit(): boolean {
    return new Uint8Array(this.exports.memory.buffer, MEMORY_LIMIT).some((byte) => byte !== 0);
  }
}
