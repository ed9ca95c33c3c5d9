/**
 * A board of the desk for other test suites: its console, reboots that are proved, its key, a check.
 * docs/library.md shows it at work.
 */

import { randomBytes } from "node:crypto";
import { readBench } from "./boards/bench-file.ts";
import { isDeskSelector, parseBoardSelector } from "./boards/board-selector.ts";
import { pickRungs, type RungName } from "./boards/rung.ts";
import { type CheckResult, checkSamples } from "./check/engine.ts";
import type { RuleId } from "./check/rule.ts";
import { RULES, ruleById } from "./check/rules/index.ts";
import { ByteLine } from "./console/byte-line.ts";
import { type DeviceState, deviceState } from "./console/conformance-device.ts";
import type { ConsoleEvent, ConsoleRecord } from "./console/console-record.ts";
import { openSerialLink } from "./console/serial-link.ts";
import { UsageError } from "./core/errors.ts";
import type { Sample } from "./core/sample.ts";
import type { Workload } from "./core/workload.ts";
import { type Desk, type DeskBoard, findDeskBoard, openDesk } from "./desk/desk-board.ts";
import { type SerialBoard, serialBoard } from "./desk/serial-board.ts";
import { FlashDevice } from "./flash/flash-device.ts";
import { flashModule, type ModuleFlash } from "./flash/flash-module.ts";
import { expectModule } from "./flash/module-image.ts";
import { ConsoleMonitor } from "./monitor/console-monitor.ts";
import { deskSource } from "./monitor/console-source.ts";
import type { MonitorEvent } from "./monitor/monitor-event.ts";
import { type Provisioned, provisionBoard } from "./provision/provision-board.ts";
import { type ProvenReboot, rebootBoard } from "./reboot/reboot-board.ts";
import { openDeskSource } from "./sources/desk-source.ts";
import { nowUs } from "./system/clock.ts";

export interface OpenBoardOptions {
  /** The bench file; default `bench.json` of the current folder, if there is one. */
  readonly bench?: string;
}

export interface BoardRebootOptions {
  /** One way, or those that may be tried; default: the ladder of the board. */
  readonly rungs?: readonly (RungName | "shell")[];
  readonly signal?: AbortSignal;
}

export interface BoardProvisionOptions {
  /** Replaces a key that is there; the device then keeps quiet for 2 × MSL. */
  readonly replace?: boolean;
  /** The device never spoke TCP: no quiet time, provided that its journal is blank. */
  readonly newDevice?: boolean;
}

export interface BoardCheckOptions extends Omit<Workload, "offUs"> {
  /** Reboots after the one that the check begins with; default 20. */
  readonly reboots?: number;
  /** u32, decides the plan; default: a random one. */
  readonly seed?: number;
  /** Rules to judge; default: all that a board on the desk can settle. */
  readonly rules?: readonly RuleId[];
  readonly rungs?: readonly string[];
  readonly signal?: AbortSignal;
  /** Sees each sample as it comes. */
  readonly onSample?: (sample: Sample) => void;
}

/**
 * Finds a board. `selector`: a serial port, `usb:<vid>:<pid>[:<serial>]`, or a name of the bench file.
 * UsageError for what is none, BenchError when it is not attached or several answer to it. The port is
 * opened when it is first needed.
 */
export async function openBoard(
  selector: string,
  options: OpenBoardOptions = {},
): Promise<OpenBoard> {
  const bench = await readBench(options.bench);
  const names = { generators: [], bench: [...bench.boards.keys()] };
  const parsed = parseBoardSelector(selector, "openBoard", names);
  if (!isDeskSelector(parsed)) {
    throw new UsageError(
      "no-desk-board",
      `${JSON.stringify(selector)} is no board on a desk`,
      "name a serial port, usb:<vid>:<pid> or a board of bench.json; openEmulatedSource() opens emulated ones",
    );
  }
  const desk = await openDesk(bench);
  const board = await findDeskBoard(parsed, desk);
  return new OpenBoard(board, desk);
}

export class OpenBoard {
  readonly #board: DeskBoard;
  readonly #desk: Desk;
  readonly #serial: SerialBoard;

  /** By `openBoard`. */
  constructor(board: DeskBoard, desk: Desk) {
    this.#board = board;
    this.#desk = desk;
    this.#serial = serialBoard(board, desk);
  }

  get name(): string {
    return this.#board.name;
  }

  /** Where the port is, while it is open; it may come back under another name. */
  get port(): string | undefined {
    return this.#serial.connection.path;
  }

  /** The ways to restart it, the gentlest first. */
  get rungs(): readonly RungName[] {
    return this.#serial.rungs.map(({ name }) => name);
  }

  /** Calls back with what the device sends while the port is open, until the returned function is called. */
  listen(listener: (event: ConsoleEvent) => void): () => void {
    return this.#serial.connection.listen(listener);
  }

  /**
   * Sends a console command and waits for its answer, at most `withinMs` (default 5 s). BenchError when the
   * device stays silent, or something else speaks.
   */
  command(
    fields: Readonly<Record<string, string | number>>,
    withinMs = 5_000,
  ): Promise<ConsoleRecord> {
    return this.#serial.connection.ask(fields, withinMs, withinMs);
  }

  /** The next record that fits, from now on. BenchError when it does not come within `withinMs`. */
  async record(
    fits: (record: ConsoleRecord) => boolean,
    what: string,
    withinMs?: number,
  ): Promise<ConsoleRecord> {
    const session = await this.#serial.connection.connect();
    return session.record(fits, what, withinMs);
  }

  /** What the device says of itself. */
  async status(): Promise<DeviceState> {
    return deviceState(await this.command({ do: "status" }));
  }

  /** Reboots once, and proves it. BenchError when no rung can be proved. */
  async reboot(options: BoardRebootOptions = {}): Promise<ProvenReboot> {
    const { connection, rungs } = this.#serial;
    const { signal } = options;
    const picked = options.rungs?.flatMap((name) => pickRungs(rungs, name, "rungs")) ?? rungs;
    const reboots = rebootBoard({
      connection,
      rungs: picked,
      ...this.#mslMs,
      ...(signal === undefined ? {} : { signal }),
    });
    for await (const reboot of reboots) return reboot;
    throw new UsageError("interrupted", "the reboot was interrupted", "call it again");
  }

  /** Gives the device its key. UsageError `already-provisioned` when it has one and `replace` is not set. */
  provision(options: BoardProvisionOptions = {}): Promise<Provisioned> {
    const { connection } = this.#serial;
    return provisionBoard({
      ...options,
      ...this.#mslMs,
      connection,
      newKey: () => randomBytes(16),
    });
  }

  /**
   * Puts a new module into a slot, tries it, and confirms it when the device has told its hash; whatever
   * fails, the device runs its old module. BenchError as by flashModule(); UsageError for bytes that are no
   * module.
   */
  async flashModule(bytes: Uint8Array, name = "isnkit.wasm"): Promise<ModuleFlash> {
    const image = expectModule(bytes, name);
    await this.close();
    const link = await openSerialLink({ path: this.#board.path, baud: this.#board.baud });
    try {
      return await flashModule({ device: new FlashDevice(new ByteLine(link)), image, name });
    } finally {
      await link.close();
    }
  }

  /** Runs the reboot campaign and judges it. BenchError for faults of the bench, never a verdict on them. */
  async check(options: BoardCheckOptions = {}): Promise<CheckResult & { readonly seed: number }> {
    const { reboots = 20, rules, onSample, ...more } = options;
    const seed = options.seed ?? randomBytes(4).readUInt32LE();
    await this.close();
    const source = openDeskSource({
      ...more,
      board: this.#board,
      desk: this.#desk,
      reboots,
      seed,
      nowUs,
      sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    });
    const asked = rules ?? source.asked;
    const result = await checkSamples(
      seen(source.samples, onSample),
      {
        rules: rules?.map(ruleById) ?? RULES,
        ...(asked === undefined ? {} : { asked }),
        context: source.context,
      },
      () => source.ending(),
    );
    return { ...result, seed };
  }

  /**
   * The console as `isnkit monitor` shows it, through unplugs: gaps, bad checksums, restarts and losses
   * among the records. The port is its own meanwhile: end the loop before the next command.
   */
  async *monitor(): AsyncGenerator<MonitorEvent> {
    await this.close();
    const monitor = new ConsoleMonitor({
      source: deskSource(this.#board, this.#desk),
      nowUs,
    });
    try {
      for await (const events of monitor.events()) yield* events;
    } finally {
      monitor.stop();
    }
  }

  /** Lets go of the port; it is opened again when it is needed. Idempotent. */
  async close(): Promise<void> {
    await this.#serial.connection.disconnect();
  }

  /** For `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  get #mslMs(): { mslMs?: number } {
    const { description } = this.#board;
    return description === undefined ? {} : { mslMs: description.mslMs };
  }
}

async function* seen(
  samples: AsyncIterable<Sample>,
  onSample: ((sample: Sample) => void) | undefined,
): AsyncGenerator<Sample> {
  for await (const sample of samples) {
    onSample?.(sample);
    yield sample;
  }
}
