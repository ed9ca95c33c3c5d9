/**
 * A Raspberry Pi Pico in this process, by the rp2040js emulator: Cortex-M0+, console, timer, watchdog, and a
 * flash whose last sectors keep their contents over power cuts. It runs the image of the chip, which starts
 * and programs its flash through a model of the boot ROM (rp2040-bootrom.ts).
 */
import { readFile } from "node:fs/promises";
import type { Console, PoweredBoard } from "../boards/powered-board.ts";
import { BenchError } from "../core/errors.ts";
import { loadableSegments } from "./elf-image.ts";
import { type BootromMachine, Rp2040Bootrom } from "./rp2040-bootrom.ts";

const FLASH_START = 0x1000_0000;
const FLASH_BYTES = 2 * 1024 * 1024;
/** The chip's usual clock; the emulator counts one cycle for most instructions. */
const CYCLE_NANOS = 8;
/** Instructions between two looks at the console and at the event loop: under a millisecond. */
const SLICE = 20_000;
/** RP2040 data sheet §4.7.6. */
const WATCHDOG = 0x4005_8000;
/** UARTFR: the receive FIFO is full (RP2040 data sheet §4.2.8). */
const RX_FULL = 1 << 6;

export interface Rp2040BoardOptions {
  readonly name: string;
  /** Path of the firmware, an ELF file. */
  readonly firmware: string;
  /** Bytes at the end of the flash that are the journal's. */
  readonly journalBytes: number;
  readonly journalContents?: Uint8Array;
}

/** The part of rp2040js that is used here. */
interface Emulator {
  readonly clock: { tick(nanos: number): void; readonly nanosToNextAlarm: number };
  readonly rp2040: BootromMachine & {
    readonly core: BootromMachine["core"] & { executeInstruction(): number };
    findPeripheral(address: number): unknown;
    readonly uart: readonly {
      onByte?: ((byte: number) => void) | undefined;
      readonly flags: number;
      feedByte(byte: number): void;
    }[];
    logger: unknown;
    onBreak: (code: number) => void;
  };
}

export class Rp2040Board implements PoweredBoard {
  readonly name: string;
  readonly #options: Rp2040BoardOptions;
  #journal: Uint8Array;
  #cycle: PowerCycle | undefined;

  constructor(options: Rp2040BoardOptions) {
    this.name = options.name;
    this.#options = options;
    this.#journal =
      options.journalContents?.slice() ?? new Uint8Array(options.journalBytes).fill(0xff);
  }

  async powerOn(): Promise<Console> {
    await this.powerOff();
    const { firmware } = this.#options;
    const segments = loadableSegments(await readFile(firmware), firmware);
    const emulator = await createEmulator();
    const { flash } = emulator.rp2040;
    flash.fill(0xff);
    for (const { address, bytes } of segments) flash.set(bytes, address - FLASH_START);
    const journal = flash.subarray(FLASH_BYTES - this.#journal.length, FLASH_BYTES);
    journal.set(this.#journal);
    // What is programmed is durable at once: the board's memory is the emulator's from here on.
    this.#journal = journal;
    const cycle = new PowerCycle(emulator);
    this.#cycle = cycle;
    cycle.start();
    return cycle;
  }

  async powerOff(): Promise<void> {
    this.#cycle?.stop();
    this.#cycle = undefined;
    this.#journal = this.#journal.slice();
  }

  async readStorage(): Promise<Uint8Array> {
    return this.#journal.slice();
  }

  async replaceStorage(contents: Uint8Array): Promise<void> {
    this.#journal = contents.slice();
  }

  async dispose(): Promise<void> {
    await this.powerOff();
  }
}

async function createEmulator(): Promise<Emulator> {
  let module: typeof import("rp2040js");
  try {
    module = await import("rp2040js");
  } catch {
    throw new BenchError(
      "emulator-missing",
      "the emulator rp2040js is not installed",
      "run npm install rp2040js@1.4.1",
    );
  }
  const { Simulator, ConsoleLogger, LogLevel } = module;
  const simulator = new Simulator();
  // Its warnings about registers that it does not model would mix with the results.
  simulator.rp2040.logger = new ConsoleLogger(LogLevel.Error);
  return simulator;
}

/** From power-on to power-off. The device runs in slices, between which the event loop turns. */
class PowerCycle implements Console {
  readonly #emulator: Emulator;
  readonly #bootrom: Rp2040Bootrom;
  readonly #toDevice: number[] = [];
  #fromDevice: number[] = [];
  #wake: (() => void) | undefined;
  #on = true;
  #resetDue = false;
  /** Why the emulation ended by itself. */
  #failure: unknown;

  constructor(emulator: Emulator) {
    this.#emulator = emulator;
    this.#bootrom = new Rp2040Bootrom(emulator.rp2040);
  }

  start(): void {
    const { rp2040 } = this.#emulator;
    const [uart] = rp2040.uart;
    if (uart !== undefined) uart.onByte = (byte) => this.#fromDevice.push(byte);
    rp2040.onBreak = (code) => {
      if (!this.#bootrom.serve(code)) throw unexpectedBreak(code);
    };
    // Not inside the instruction: it would go on after the reset.
    const watchdog = rp2040.findPeripheral(WATCHDOG) as { onWatchdogTrigger: () => void };
    watchdog.onWatchdogTrigger = () => {
      this.#resetDue = true;
    };
    this.#bootrom.start();
    setImmediate(() => this.#run());
  }

  stop(): void {
    this.#on = false;
    this.#wake?.();
  }

  write(text: string): void {
    for (const byte of Buffer.from(text, "latin1")) this.#toDevice.push(byte);
  }

  get output(): AsyncIterable<Uint8Array> {
    return this.#output();
  }

  async *#output(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const bytes = this.#fromDevice;
      if (bytes.length > 0) {
        this.#fromDevice = [];
        yield Uint8Array.from(bytes);
      } else if (this.#failure !== undefined) {
        throw this.#failure;
      } else if (!this.#on) {
        return;
      } else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }

  #run(): void {
    if (!this.#on) return;
    this.#feed();
    try {
      this.#runSlice();
    } catch (error) {
      this.#failure = error;
      this.stop();
      return;
    }
    if (this.#fromDevice.length > 0) this.#wake?.();
    setImmediate(() => this.#run());
  }

  #runSlice(): void {
    const { clock, rp2040 } = this.#emulator;
    for (let i = 0; i < SLICE && this.#on; i++) {
      if (!this.#bootrom.xip) this.#bootrom.beforeInstruction();
      if (rp2040.core.waiting) clock.tick(clock.nanosToNextAlarm);
      else clock.tick(rp2040.core.executeInstruction() * CYCLE_NANOS);
      if (this.#resetDue) {
        this.#resetDue = false;
        this.#bootrom.start();
      }
    }
  }

  /** No more than the device's FIFO takes: the emulator would lose the rest. */
  #feed(): void {
    const [uart] = this.#emulator.rp2040.uart;
    while (uart !== undefined && (uart.flags & RX_FULL) === 0) {
      const byte = this.#toDevice.shift();
      if (byte === undefined) return;
      uart.feedByte(byte);
    }
  }
}

function unexpectedBreak(code: number): BenchError {
  return new BenchError(
    "firmware-fault",
    `the firmware stopped at breakpoint ${code}, which is a fault on the chip without a debugger`,
    "look for __builtin_trap() or an assertion in it",
  );
}
