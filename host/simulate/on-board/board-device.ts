/**
 * An emulated board with the conformance application as the device of a life: the same calls, made
 * over the console, with the counter standing where the life's time puts it.
 */

import type { Address } from "../../core/address.ts";
import { BenchError } from "../../core/errors.ts";
import { COUNTER, PROVISION, STATE } from "../../module/abi.ts";
import type { Board } from "../../module/board.ts";
import { reasonName } from "../../sources/console-samples.ts";
import type { BoardSettings, Destination, Device, DeviceStatus } from "../../virtual/device.ts";
import type { EntropyKind } from "../../virtual/entropy.ts";
import { PowerCut, type PowerCutPlan } from "../../virtual/nvm.ts";
import { BoardMemory } from "./board-memory.ts";
import type { AskBoard, BoardAnswer, ConsoleFields } from "./board-request.ts";

/** `do=fault kind=`: boards/apps/nvm_fault.h. */
const FAULT = { programFails: 1, torn: 3 } as const;
/** The error code of writes that fail on command (boards/apps/nvm_fault.c). */
const MADE_ERROR = 0xfa;
/** More than any program: all of it is written, and then the power fails. */
const WHOLE_PROGRAM = 0xffff;

/** The board over a whole life: its power, its memory, and how the last boot ended. */
export class BoardOnBench {
  readonly memory: BoardMemory;
  readonly ask: AskBoard;
  #powered = false;
  #device: BoardDevice | undefined;

  constructor(settings: BoardSettings, ask: AskBoard) {
    this.ask = ask;
    this.memory = new BoardMemory(settings.storage, () => this.powerOff());
  }

  /** The device of one power cycle. */
  device(board: Board, settings: BoardSettings, entropy: EntropyKind): Device {
    this.#device = new BoardDevice(this, board, settings, entropy);
    return this.#device;
  }

  /** The life has come to the end of a boot, which the board may not have noticed yet. */
  ended(end: string): void {
    this.#device?.lastWords();
    if (end !== "reset") this.powerOff();
  }

  /** The next boot begins: after a reset the power is still on. */
  powerOn(): void {
    if (this.#powered) this.ask({ ask: "reset" });
    else this.ask({ ask: "power-on", contents: this.memory.takeContents() });
    this.#powered = true;
  }

  powerOff(): void {
    if (!this.#powered) return;
    this.#powered = false;
    const { contents } = this.ask({ ask: "power-off" });
    if (contents !== undefined) this.memory.readOut(contents);
  }

  get powered(): boolean {
    return this.#powered;
  }
}

class BoardDevice implements Device {
  readonly #bench: BoardOnBench;
  readonly #board: Board;
  readonly #settings: BoardSettings;
  readonly #entropy: EntropyKind;
  #ticks = 0;
  #cut: PowerCutPlan | undefined;
  #writes = 0;
  #over = false;
  /** Writes were told to fail, and the device has not met one yet. */
  #failing = false;

  constructor(bench: BoardOnBench, board: Board, settings: BoardSettings, entropy: EntropyKind) {
    this.#bench = bench;
    this.#board = board;
    this.#settings = settings;
    this.#entropy = entropy;
  }

  boot(): void {
    this.#bench.powerOn();
    this.#cut = this.#bench.memory.takeCut();
    this.#ticks = this.#board.ticks();
    this.#send(
      ...(this.#cut === undefined ? [] : [tear(this.#cut, this.#settings.storage.granule)]),
      ...this.#failures(),
      {
        do: "start",
        clock: this.#ticks,
        "msl-ms": this.#settings.mslMs,
        ...(this.#entropy === "stuck" ? { entropy: "stuck" } : {}),
        // Made up, and the same at each boot.
        ...(this.#entropy === "repeated" ? { entropy: "varied" } : {}),
      },
    );
  }

  status(): DeviceStatus {
    const { fields } = this.#do({ do: "status" });
    const number = (key: string) => Number(fields.get(key) ?? 0);
    this.#writes = number("writes");
    this.#noteFailure(number("nvm-error"));
    const reason = number("reason");
    const boots = number("boots");
    return {
      ready: number("state") === STATE.ready,
      refusing: reason === 0 ? undefined : reasonName(reason),
      bootCount: boots === 0 ? undefined : boots,
    };
  }

  poll(): void {
    this.#call("poll");
  }

  port(to: Destination): number {
    return isIpv4(to)
      ? this.#call("port4", numberOf(to.local), numberOf(to.remote), to.remotePort)
      : this.#call6(to, "port6", to.remotePort);
  }

  isn(to: Destination, port: number): number {
    return this.#tuple("isn", to, port);
  }

  timestamp(to: Destination, port: number): number {
    return this.#tuple("timestamp", to, port);
  }

  advance(to: Destination, port: number, next: number): boolean {
    return this.#tuple("advance", to, port, next) === 1;
  }

  close(to: Destination, port: number, next: number): boolean {
    // As host/virtual/isnkit-device.ts: the servers never reopen a connection, and no TSval is told.
    return this.#tuple("close", to, port, next, 0, 0, 0) === 1;
  }

  provision(key: Uint8Array, { newDevice }: { newDevice: boolean }): boolean {
    return this.#provision(Buffer.from(key).toString("hex"), newDevice);
  }

  provisionSelf({ newDevice }: { newDevice: boolean }): boolean {
    if (this.#entropy !== "good") return this.#provision("own", newDevice);
    // The board has no noise source that could be good: the host's stands in for it.
    const key = new Uint8Array(16);
    this.#board.entropy(key);
    return this.provision(key, { newDevice });
  }

  wear(): { writes: number; erasesMax: number } {
    return { writes: this.#writes, erasesMax: this.#bench.memory.wearMax };
  }

  /** Asks for what the device counts, for as long as it can answer. */
  lastWords(): void {
    if (this.#over || !this.#bench.powered) return;
    this.#cut = undefined;
    this.status();
    const programs = this.#call("counter", COUNTER.programs);
    this.#bench.memory.count(programs, this.#call("counter", COUNTER.wear), false);
    this.#over = true;
  }

  #provision(key: string, newDevice: boolean): boolean {
    const options = newDevice ? PROVISION.newDevice : PROVISION.replace;
    // A refusal is answered by ok=0, anything else by the device's state.
    return this.#do({ do: "provision", key, options }).fields.get("ok") !== "0";
  }

  #tuple(name: string, to: Destination, port: number, ...more: number[]): number {
    if (!isIpv4(to)) return this.#call6(to, `${name}6`, port, to.remotePort, ...more);
    const local = numberOf(to.local);
    return this.#call(`${name}4`, local, port, numberOf(to.remote), to.remotePort, ...more);
  }

  #call6(to: Destination, name: string, ...numbers: number[]): number {
    const hex = Buffer.concat([bytesOf(to.local), bytesOf(to.remote)]).toString("hex");
    return this.#value(this.#do({ do: "io", hex }, callOf(name, numbers)), name);
  }

  #call(name: string, ...numbers: number[]): number {
    return this.#value(this.#do(callOf(name, numbers)), name);
  }

  #value({ fields }: BoardAnswer, name: string): number {
    if ((fields.get("trap") ?? "0") !== "0") {
      throw new BenchError(
        "module-trapped",
        `the module trapped in ${name}() on the board (trap ${fields.get("trap")})`,
        "build the firmware again with scripts/build-firmware; if it traps again, it is a bug: please report it with the case",
      );
    }
    return Number.parseInt(fields.get("v") ?? "0", 16);
  }

  /** Commands at the life's time; with writes that fail also a look at whether one has. */
  #do(...commands: ConsoleFields[]): BoardAnswer {
    const ticks = this.#board.ticks();
    const clock = ticks === this.#ticks ? [] : [{ do: "clock", at: ticks }];
    this.#ticks = ticks;
    const answer = this.#send(...this.#failures(), ...clock, ...commands);
    if (this.#failing && commands[0]?.do !== "status") this.status();
    return answer;
  }

  #failures(): ConsoleFields[] {
    const count = this.#bench.memory.takeFailures();
    if (count === 0) return [];
    this.#failing = true;
    return [{ do: "fault", kind: FAULT.programFails, count }];
  }

  #noteFailure(error: number): void {
    if (!this.#failing || error !== MADE_ERROR) return;
    this.#failing = false;
    this.#bench.memory.count(0, 0, true);
  }

  #send(...commands: ConsoleFields[]): BoardAnswer {
    const answer = this.#bench.ask({ ask: "commands", commands });
    if (!answer.torn) return answer;
    const { memory } = this.#bench;
    // At least the one that was cut; the device cannot be asked any more.
    memory.count((this.#cut?.after ?? 0) + 1, 0, false);
    this.#over = true;
    this.#bench.powerOff();
    throw new PowerCut(memory.operations, this.#cut?.phase ?? "torn", "program");
  }
}

/** The order to stop inside a program, for the power to fail there. */
function tear(cut: PowerCutPlan, granule: number): ConsoleFields {
  const { after, phase, wholeGranules = 0 } = cut;
  // Half of a granule is as torn as it gets: records hold their check at the end.
  const torn = wholeGranules * granule + (granule >> 1);
  const bytes = phase === "before" ? 0 : phase === "after" ? WHOLE_PROGRAM : torn;
  return { do: "fault", kind: FAULT.torn, after, bytes };
}

function callOf(name: string, numbers: readonly number[]): ConsoleFields {
  const a = numbers.length === 0 ? {} : { a: numbers.join(",") };
  return { do: "call", fn: name, ...a };
}

function isIpv4(to: Destination): boolean {
  return to.local.family === 4;
}

function numberOf(address: Address): number {
  return address.family === 4 ? address.value : 0;
}

function bytesOf(address: Address): Uint8Array {
  return address.family === 6 ? address.bytes : new Uint8Array(16);
}
