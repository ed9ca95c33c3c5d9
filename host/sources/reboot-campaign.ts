/**
 * The main job on a board that runs the conformance application: power on, boot, open connections,
 * cut the power at a random or at a chosen instant (also inside a write, torn), again and again; and
 * yield what the device says as samples for the rules.
 *
 * Time on the stream is the bench's own clock plus the time that was skipped on both sides: power-off
 * pauses, and quiet time, which the firmware's counter can jump over.
 */

import type { BoardDescription } from "../boards/board-description.ts";
import {
  type DeviceState,
  deviceState,
  provisionDevice,
  skipTime,
  startCommand,
} from "../console/conformance-device.ts";
import { sendServers } from "../console/conformance-servers.ts";
import type { ConsoleRecord } from "../console/console-record.ts";
import { type ConsoleSession, SILENCE_MS } from "../console/console-session.ts";
import type { Life, LifeEnd, RebootableBoard } from "../console/rebootable-board.ts";
import { BenchError, UsageError } from "../core/errors.ts";
import { Random } from "../core/random.ts";
import type { Sample } from "../core/sample.ts";
import type { Workload } from "../core/workload.ts";
import { PROVISION } from "../module/abi.ts";
import { BootStream, type CampaignPosition } from "./boot-stream.ts";
import { type BootEnd, planBootEnd } from "./reboot-plan.ts";
import { gapUs, planRun, type RunPlan } from "./run-plan.ts";

export interface RebootCampaignOptions extends Workload {
  readonly board: RebootableBoard;
  readonly description: BoardDescription;
  /** u32: decides all plans. What the device does in between depends on the machine's speed. */
  readonly seed: number;
  /** Reboots after the first power-on: the boots are 0 … reboots. */
  readonly reboots: number;
  /** The bench's clock in microseconds, monotonic. */
  readonly nowUs: () => number;
  /** Waits, in milliseconds. */
  readonly sleep: (ms: number) => Promise<void>;
  /** The device's key, 16 random bytes from the host's own source; `random` hands them out. */
  readonly newKey: () => Uint8Array;
  /** Ends the campaign after the boot that runs, with the board switched off. */
  readonly signal?: AbortSignal;
  /** Told of lines that were damaged or lost on the console, and of restarts that nobody asked for. */
  readonly onNote?: (note: string) => void;
  /** Sees every record but the hellos, as it arrives. */
  readonly onRecord?: (record: ConsoleRecord) => void;
  /**
   * Told of the instants on the stream's clock that the device also marks on its network: each start, and
   * the end of each skip of time. Without it the device is not asked to mark anything.
   */
  readonly onMark?: (timeUs: number) => void;
  /**
   * How often in a row the campaign begins anew after a fault of the bench (a port that is gone, a
   * reboot that cannot be proved) before it gives up; default 0.
   */
  readonly retries?: number;
  /** Where an earlier run of this campaign ended. */
  readonly from?: CampaignPosition;
  /** Told how many boots of the plan are done, when all their samples have been taken. */
  readonly onDone?: (boots: number) => void;
  /** Told the fingerprint of the device's key when it is first seen, and when it has another. */
  readonly onDevice?: (fingerprint: number) => void;
}

/** The boot that finds its memory blank, as after the part was replaced. */
const STORAGE_LOST_BOOT = 5;
/** A boot that should be torn in a write is cut after this many records if it never writes. */
const RECORDS_WITHOUT_WRITE = 160;
/** Power stays off for up to this long, on the stream's clock only. */
const OFF_MS_MAX = 5_000;

/** How often a boot that only waits looks whether the run was interrupted. */
const LOOK_MS = 200;
/** Waits between two tries double from here. */
const RETRY_MS = 500;

/**
 * Runs the campaign. Throws BenchError when the board, its emulator or its console fails; what was
 * seen until then has been handed out before. The board is let go of in any case.
 */
export async function* rebootCampaign(options: RebootCampaignOptions): AsyncGenerator<Sample> {
  const { board, reboots, signal, sleep, from, retries = 0 } = options;
  const campaign = new Campaign(options);
  let failures = 0;
  try {
    for (let index = from?.done ?? 0; index <= reboots && !signal?.aborted; ) {
      try {
        await campaign.runBoot(index);
        index++;
        failures = 0;
      } catch (error) {
        yield* campaign.takeSamples();
        if (!(error instanceof BenchError) || ++failures > retries) throw error;
        campaign.note(`${error.message}; try ${failures} of ${retries}`);
        await campaign.abandon();
        await sleep(RETRY_MS * 2 ** (failures - 1));
      }
      yield* campaign.takeSamples();
      if (failures === 0) options.onDone?.(index);
    }
  } finally {
    await board.dispose();
  }
}

class Campaign {
  readonly #options: RebootCampaignOptions;
  readonly #random: Random;
  readonly #stream: BootStream;
  /** The end of one life was the start of the next. */
  #nextRuns = false;
  /** Another memory is due: the one of an emulator is gone with it. */
  #memoryGone: boolean;
  #fingerprint: number | undefined;

  constructor(options: RebootCampaignOptions) {
    const { seed, description, from, nowUs, board, onNote, onRecord, onMark } = options;
    this.#options = options;
    this.#random = new Random(seed);
    const { enduranceCycles } = description.nvm;
    this.#stream = new BootStream({ nowUs, enduranceCycles, from, onNote, onRecord, onMark });
    this.#fingerprint = from?.fingerprint;
    this.#memoryGone = from !== undefined && board.abilities.storage;
  }

  /** What has been seen since this was asked last. */
  takeSamples(): Sample[] {
    return this.#stream.out.splice(0);
  }

  async runBoot(index: number): Promise<void> {
    const { board, description } = this.#options;
    const random = this.#random.split("boot", index);
    const lost = this.#memoryGone || (index === STORAGE_LOST_BOOT && board.abilities.storage);
    const end = lost
      ? ({ kind: "power-cut", records: 40 } as const)
      : planBootEnd(random, index, description.nvm.granule, board.abilities.cut !== "none");
    this.#stream.next();
    if (lost) await this.#loseStorage();
    const { session, cause } = await this.#begin(random);
    this.#stream.cause = cause;
    const state = await this.#bootDevice(session, end);
    if (state !== undefined) await this.#work(session, end, state, random);
    await this.#end(end.kind === "reset" && state !== undefined ? "console" : "cut");
  }

  note(text: string): void {
    this.#stream.note(text);
  }

  /** After a fault of the bench. */
  async abandon(): Promise<void> {
    this.#nextRuns = false;
    await this.#options.board.abandon();
  }

  async #begin(random: Random): Promise<Life> {
    const { board } = this.#options;
    if (!this.#nextRuns) {
      if (board.abilities.cut === "power") this.#stream.skip(this.#offUs(random));
      this.#stream.starting();
    }
    const life = await board.begin((event) => this.#stream.take(event));
    this.#stream.helloCame(this.#stream.bootUs);
    this.#nextRuns = false;
    return life;
  }

  #offUs(random: Random): number {
    const { offUs } = this.#options;
    return offUs === undefined
      ? random.int(0, OFF_MS_MAX) * 1000
      : random.int(offUs.min, offUs.max);
  }

  async #end(how: LifeEnd): Promise<void> {
    this.#stream.ending();
    this.#nextRuns = await this.#options.board.end(how);
    if (this.#nextRuns) this.#stream.helloCame(this.#stream.nowUs);
  }

  /** Boots the module. Undefined when the power was cut in the middle of it. */
  async #bootDevice(session: ConsoleSession, end: BootEnd): Promise<DeviceState | undefined> {
    const { servers, board } = this.#options;
    if (servers !== undefined) await sendServers(session, servers, board.name);
    const command = startCommand({ mslMs: this.#options.description.mslMs });
    if (end.kind === "torn-boot") await this.#setTear(session, end);
    if (end.kind === "cut-while-booting") {
      session.send(command);
      await this.#options.sleep(end.delayMs);
      this.#stream.booted(undefined);
      return undefined;
    }
    const answer = await session.command(command, (record) => record.type === "torn");
    if (answer.type === "torn") {
      this.#stream.booted(undefined);
      return undefined;
    }
    const state = deviceState(answer);
    this.#expectSameDevice(state);
    this.#stream.booted(state.boots);
    return state;
  }

  /** Samples of two devices would be judged as those of one. */
  #expectSameDevice({ fingerprint = 0 }: DeviceState): void {
    if (fingerprint === 0 || fingerprint === this.#fingerprint) return;
    const { board, onDevice } = this.#options;
    if (this.#fingerprint !== undefined && !board.abilities.storage) {
      throw new UsageError(
        "other-device",
        `${board.name} has another key than the device of this campaign (its fingerprint is another one)`,
        "attach the device that it began with, or begin anew",
      );
    }
    this.#fingerprint = fingerprint;
    onDevice?.(fingerprint);
  }

  async #work(
    session: ConsoleSession,
    end: BootEnd,
    state: DeviceState,
    random: Random,
  ): Promise<void> {
    if (state.state === "unprovisioned") await this.#provision(session);
    else if (state.state === "quiet") await this.#waitQuiet(session);
    else if (state.state !== "ready") this.#stream.refused(state);
    // Quiet time was skipped: the boot's time begins behind it.
    const sinceUs = state.state === "ready" ? this.#stream.bootUs : this.#stream.nowUs;
    if (end.kind === "torn-run") await this.#setTear(session, end);
    // With a number of connections the device tells when it has made them.
    const planned =
      end.kind === "power-cut" || end.kind === "reset" ? end.records : RECORDS_WITHOUT_WRITE;
    const plan = planRun(random, this.#options, planned);
    const last = plan.connections === undefined ? planned : Number.POSITIVE_INFINITY;
    const ended =
      plan.connections === 0
        ? undefined
        : await this.#openConnections(session, plan, last, sinceUs);
    if (ended?.type !== "torn") await this.#stayUp(plan, sinceUs);
  }

  /** Returns the record with which the boot, or its connections, are over. */
  #openConnections(
    session: ConsoleSession,
    plan: RunPlan,
    last: number,
    sinceUs: number,
  ): Promise<ConsoleRecord> {
    let seen = 0;
    const isLast = ({ type }: ConsoleRecord) =>
      type === "torn" || type === "hello" || type === "run-over" || ++seen >= last;
    const gap = gapUs(plan, this.#stream.nowUs - sinceUs);
    const whileUs = plan.uptimeUs === undefined ? 0 : gap * (plan.connections ?? 0);
    const over = session.record(
      isLast,
      "the records of the device at work",
      whileUs === 0 ? undefined : SILENCE_MS + whileUs / 1000,
    );
    session.send({ do: "run", "gap-us": gap, ...plan.fields });
    return over;
  }

  /** The boot lasts as long as the campaign file says, on the bench's own clock. */
  async #stayUp({ uptimeUs }: RunPlan, sinceUs: number): Promise<void> {
    if (uptimeUs === undefined) return;
    const { signal, sleep } = this.#options;
    for (;;) {
      const leftMs = (sinceUs + uptimeUs - this.#stream.nowUs) / 1000;
      if (leftMs <= 0 || signal?.aborted) return;
      await sleep(Math.min(leftMs, LOOK_MS));
    }
  }

  async #setTear(session: ConsoleSession, end: { program: number; bytes: number }): Promise<void> {
    await session.command({ do: "fault", kind: 3, after: end.program, bytes: end.bytes });
  }

  /** The production line at the first boot; the service desk after a loss, with quiet time owed. */
  async #provision(session: ConsoleSession): Promise<void> {
    const { board } = this.#options;
    if (!board.abilities.storage) throw noKey(board.name);
    const first = this.#stream.boot === 0;
    const options = first ? PROVISION.newDevice : 0;
    const answer = await provisionDevice(session, this.#options.newKey(), options);
    const state = deviceState(answer);
    if (!first && state.state === "quiet") await this.#waitQuiet(session);
  }

  async #waitQuiet(session: ConsoleSession): Promise<void> {
    const { mslMs } = this.#options.description;
    // What the device is asked during quiet time it has to refuse.
    this.#stream.expectedRefusal = "quiet";
    const over = session.record(({ type }) => type === "run-over", "the end of a refused run");
    await session.command({ do: "run", count: 1 });
    await over;
    await skipTime(session, 2 * mslMs);
    this.#stream.skip(2 * mslMs * 1000);
    this.#stream.expectedRefusal = undefined;
    const { onMark } = this.#options;
    if (onMark === undefined) return;
    onMark(this.#stream.nowUs);
    await session.command({ do: "mark" });
  }

  async #loseStorage(): Promise<void> {
    const { board, description } = this.#options;
    if (this.#nextRuns) await this.#end("cut");
    const { sectorBytes, sectors } = description.nvm;
    await board.replaceStorage(new Uint8Array(sectorBytes * sectors).fill(0xff));
    this.#memoryGone = false;
    this.#stream.storageLost();
  }
}

/** A device on a desk gets its key from a person, who keeps the record of it. */
function noKey(name: string): BenchError {
  return new BenchError(
    "unprovisioned",
    `${name} has no key yet, so it gives out no numbers`,
    `give it one: isnkit provision --board ${name}`,
  );
}
