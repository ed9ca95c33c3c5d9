/** Carriers of the compiled module: Node itself, and firmware that is driven over its console. */
import { readFileSync } from "node:fs";
import type { PoweredBoard } from "../../../host/boards/powered-board.ts";
import { waitForHello } from "../../../host/console/conformance-device.ts";
import { decimalField, hexField } from "../../../host/console/console-record.ts";
import { ConsoleSession } from "../../../host/console/console-session.ts";
import { type EmulatorSettings, openEmulatedBoard } from "../../../host/emulated/emulated-board.ts";
import { STORAGE } from "../../../host/module/abi.ts";

export interface ModuleCarrier {
  /** Power on, configuration as the kit does it, and `boot`. The counter stands at `ticks`. */
  start(ticks: number): Promise<void>;
  call(name: string, ...args: number[]): Promise<number>;
  fillIo(bytes: Uint8Array): Promise<void>;
  setClock(ticks: number): Promise<void>;
  cutPower(): Promise<void>;
  storage(): Promise<Uint8Array>;
  dispose(): Promise<void>;
}

export const GEOMETRY = { sectorBytes: 2048, sectors: 4, granule: 32 } as const;
export const COUNTER_HZ = 12_500_000;
const MSL_MS = 120_000;

type Export = (...args: number[]) => number;

export class NodeCarrier implements ModuleCarrier {
  readonly #wasm: WebAssembly.Module;
  readonly #cells: Uint8Array;
  readonly #geometry: { kind: number; sectorBytes: number; sectors: number; granule: number };
  readonly #counterHz: number;
  #instance: WebAssembly.Instance | undefined;
  #ticks = 0;

  constructor(
    geometry: { kind?: number; sectorBytes: number; sectors: number; granule: number } = GEOMETRY,
    counterHz: number = COUNTER_HZ,
    wasm: string | URL = new URL("../../../build/isnkit.wasm", import.meta.url),
  ) {
    this.#wasm = new WebAssembly.Module(readFileSync(wasm));
    this.#geometry = { kind: STORAGE.eeprom, ...geometry };
    this.#counterHz = counterHz;
    this.#cells = new Uint8Array(geometry.sectorBytes * geometry.sectors).fill(0xff);
  }

  async start(ticks: number): Promise<void> {
    this.#ticks = ticks;
    const { kind, sectorBytes, sectors, granule } = this.#geometry;
    const bytes = (at: number, count: number) => this.#memory.subarray(at, at + count);
    this.#instance = new WebAssembly.Instance(this.#wasm, {
      board: {
        read: (offset: number, to: number, count: number) => {
          bytes(to, count).set(this.#cells.subarray(offset, offset + count));
          return 0;
        },
        program: (offset: number, from: number, count: number) => {
          this.#program(offset, bytes(from, count));
          return 0;
        },
        erase: (sector: number) => {
          this.#cells.fill(0xff, sector * sectorBytes, (sector + 1) * sectorBytes);
          return 0;
        },
        entropy: () => 0,
        ticks: () => this.#ticks,
      },
    });
    await this.call("configureStorage", kind, sectorBytes, sectors, granule);
    await this.call("configureClock", this.#counterHz);
    await this.call("configurePorts", 1024, 65535);
    await this.call("reservePorts", 5000, 5003);
    await this.call("configurePolicy", 0, MSL_MS);
    await this.call("boot");
  }

  async call(name: string, ...args: number[]): Promise<number> {
    const found = this.#instance?.exports[name] as Export | undefined;
    if (found === undefined) throw new Error(`no export ${name}`);
    return found(...args) >>> 0;
  }

  async fillIo(bytes: Uint8Array): Promise<void> {
    this.#memory.set(bytes, await this.call("ioBuffer"));
  }

  async setClock(ticks: number): Promise<void> {
    this.#ticks = ticks;
  }

  async cutPower(): Promise<void> {
    this.#instance = undefined;
  }

  async storage(): Promise<Uint8Array> {
    return this.#cells;
  }

  async dispose(): Promise<void> {}

  get #memory(): Uint8Array {
    const memory = this.#instance?.exports.memory as WebAssembly.Memory;
    return new Uint8Array(memory.buffer);
  }

  #program(offset: number, bytes: Uint8Array): void {
    const nor = this.#geometry.kind === STORAGE.nor;
    bytes.forEach((byte, i) => {
      const before = this.#cells[offset + i] ?? 0;
      this.#cells[offset + i] = nor ? before & byte : byte;
    });
  }
}

export class FirmwareCarrier implements ModuleCarrier {
  readonly #board: PoweredBoard;
  readonly #resets: boolean;
  #session: ConsoleSession | undefined;

  private constructor(board: PoweredBoard, resets: boolean) {
    this.#board = board;
    this.#resets = resets;
  }

  /** `resets`: a reset stands in for the power cut, for a board whose journal survives no more. */
  static async open(
    selector: string,
    settings: EmulatorSettings & { resets?: boolean } = {},
  ): Promise<FirmwareCarrier> {
    const { resets = false, ...rest } = settings;
    return new FirmwareCarrier((await openEmulatedBoard(selector, rest)).board, resets);
  }

  get board(): PoweredBoard {
    return this.#board;
  }

  /** The running session. Throws without power. */
  get session(): ConsoleSession {
    if (this.#session === undefined) throw new Error("the board has no power");
    return this.#session;
  }

  async powerOn(): Promise<ConsoleSession> {
    const session = new ConsoleSession(await this.#board.powerOn());
    await waitForHello(session);
    this.#session = session;
    return session;
  }

  async start(ticks: number): Promise<void> {
    const session = this.#session ?? (await this.powerOn());
    await session.command({ do: "start", clock: ticks });
  }

  async call(name: string, ...args: number[]): Promise<number> {
    const answer = await this.session.command({
      do: "call",
      fn: name,
      ...(args.length === 0 ? {} : { a: args.map((arg) => arg >>> 0).join(",") }),
    });
    const value = hexField(answer, "v");
    if (value === undefined || decimalField(answer, "trap") !== 0) {
      throw new Error(`${name}: ${JSON.stringify([...answer.fields])}`);
    }
    return value;
  }

  async fillIo(bytes: Uint8Array): Promise<void> {
    await this.session.command({ do: "io", hex: Buffer.from(bytes).toString("hex") });
  }

  async setClock(ticks: number): Promise<void> {
    await this.session.command({ do: "clock", at: ticks });
  }

  async cutPower(): Promise<void> {
    if (this.#resets) return this.#reset();
    this.#session = undefined;
    await this.#board.powerOff();
  }

  async #reset(): Promise<void> {
    const hello = waitForHello(this.session);
    this.session.send({ do: "reset" });
    await hello;
  }

  async storage(): Promise<Uint8Array> {
    return this.#board.readStorage();
  }

  async dispose(): Promise<void> {
    await this.#board.dispose();
  }
}
