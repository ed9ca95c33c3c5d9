/**
 * `rebootBoard`: reboots a board on a serial port, and counts a reboot only when it is proved: the
 * device was seen to start, its cause fits the rung, and its persisted boot count grew by exactly one.
 */

import { cutsPower, type Rung, type RungName } from "../boards/rung.ts";
import { type DeviceState, deviceState } from "../console/conformance-device.ts";
import type { ConsoleEvent } from "../console/console-record.ts";
import type { SerialConnection } from "../console/serial-connection.ts";
import { BenchError } from "../core/errors.ts";
import { climb, type RungAttempt } from "../desk/ladder.ts";
import { judgeCounts } from "../desk/reboot-proof.ts";
import { NOT_STARTED, type Restart, restartBy } from "../desk/restart.ts";
import type { RunCommand } from "../desk/rung-action.ts";

export interface RebootOptions {
  readonly connection: SerialConnection;
  /** The ladder, or the rungs of it that may be used. */
  readonly rungs: readonly Rung[];
  /** Reboots to make; default 1. */
  readonly count?: number;
  readonly mslMs?: number;
  readonly run?: RunCommand;
  /** How long the device may take to start, in milliseconds. */
  readonly startMs?: number;
  /** How long it may take to answer at first, in milliseconds; default 5000. */
  readonly answerMs?: number;
  readonly signal?: AbortSignal;
  readonly onAttempt?: (attempt: RungAttempt) => void;
}

/** A boot that nobody asked for. */
export interface UnrequestedReboot {
  /** Boots that the count shows beyond those that were asked for. */
  readonly boots: number;
  /** The device's word for the last of them, where it was heard. */
  readonly cause?: string;
  /** Before, between or during the reboots that were asked for. */
  readonly when: "before" | "during";
}

export interface ProvenReboot {
  /** From 1. */
  readonly number: number;
  readonly rung: RungName;
  readonly cause: string;
  /** How the lack of power showed, for a rung that takes it away. */
  readonly absence?: "port" | "console";
  readonly bootCount: { readonly before: number; readonly after: number };
  /** What was tried, the rung that worked last. */
  readonly attempts: readonly RungAttempt[];
  readonly unrequested: readonly UnrequestedReboot[];
  readonly tookMs: number;
  /** Where the console is now: a port may come back under another name. */
  readonly port: string;
}

interface Counted extends Restart {
  readonly before: number;
  readonly after: number;
}

/** How long a device may take to answer at first. */
const ANSWER_MS = 5_000;

/**
 * Reboots, one after another, each proved before the next. BenchError when one cannot be proved; the
 * ones before have been handed out.
 */
export async function* rebootBoard(options: RebootOptions): AsyncGenerator<ProvenReboot> {
  const { count = 1, signal, connection } = options;
  const reboots = new Reboots(options);
  const forget = connection.listen((event) => reboots.take(event));
  try {
    for (let number = 1; number <= count && !signal?.aborted; number++) {
      yield await reboots.next(number);
    }
  } finally {
    forget();
  }
}

class Reboots {
  readonly #options: RebootOptions;
  /** The boot count as the device told it last. */
  #count: number | undefined;
  #unrequested: UnrequestedReboot[] = [];
  #lastCause: string | undefined;

  constructor(options: RebootOptions) {
    this.#options = options;
  }

  take(event: ConsoleEvent): void {
    if (event.kind !== "record" || event.record.type !== "hello") return;
    this.#lastCause = event.record.fields.get("cause");
  }

  async next(number: number): Promise<ProvenReboot> {
    const { connection, rungs, signal, onAttempt } = this.#options;
    const { nowMs, sleep } = connection.edges;
    const startMs = nowMs();
    this.#unrequested = [];
    const { result, rung, attempts } = await climb({
      name: connection.name,
      rungs,
      nowMs,
      sleep,
      attempt: (one) => this.#attempt(one),
      ...(signal === undefined ? {} : { signal }),
      ...(onAttempt === undefined ? {} : { onAttempt }),
    });
    const { cause, absence, before, after } = result;
    return {
      number,
      rung: rung.name,
      cause,
      ...(absence === undefined ? {} : { absence }),
      bootCount: { before, after },
      attempts,
      unrequested: this.#unrequested,
      tookMs: Math.round(nowMs() - startMs),
      port: connection.path ?? connection.name,
    };
  }

  async #attempt(rung: Rung): Promise<Counted> {
    const before = await this.#countBefore();
    const restart = await this.#restart(rung, before);
    const { boots: after } = await this.#startedState();
    const verdict = judgeCounts({ before, after });
    this.#count = after === 0 ? undefined : after;
    if (verdict.unrequested > 0) this.#noteUnrequested(verdict.unrequested, "during");
    if (!verdict.proven || before === undefined) {
      throw new BenchError(
        "reboot-unproven",
        `the device restarted (cause: ${restart.cause}), but ${verdict.why}`,
        "a device that has no key yet persists no count: `isnkit provision` gives it one",
      );
    }
    return { ...restart, before, after };
  }

  async #restart(rung: Rung, before: number | undefined): Promise<Restart> {
    try {
      return await restartBy(rung, {
        ...this.#options,
        ...(before === undefined ? {} : { bootsBefore: before }),
      });
    } catch (error) {
      if (error instanceof BenchError && error.code === "wrong-cause") {
        // It has restarted all the same, so the next count will be higher for that.
        this.#count = undefined;
        if (!cutsPower(rung)) this.#noteUnrequested(1, "during");
      }
      throw error;
    }
  }

  /** What the device has counted so far. Undefined when it does not answer: then a first reboot tells. */
  async #countBefore(): Promise<number | undefined> {
    const { connection } = this.#options;
    const known = this.#count;
    let state: DeviceState;
    try {
      state = await this.#startedState();
    } catch (error) {
      const silent = error instanceof BenchError && error.code === "device-silent";
      if (silent) return known;
      throw error;
    }
    if (state.boots === 0 && state.fingerprint === 0) throw noKey(connection.name);
    if (state.boots === 0) return undefined;
    if (known !== undefined && state.boots > known) {
      this.#noteUnrequested(state.boots - known, "before");
    }
    this.#count = state.boots;
    return state.boots;
  }

  /** The device's state with its module booted; the conformance application waits to be told. */
  async #startedState(): Promise<DeviceState> {
    const { connection, mslMs, answerMs = ANSWER_MS } = this.#options;
    const state = deviceState(await connection.ask({ do: "status" }, answerMs));
    if (state.reason !== NOT_STARTED) return state;
    const start = { do: "start", ...(mslMs === undefined ? {} : { "msl-ms": mslMs }) };
    return deviceState(await (await connection.connect()).command(start));
  }

  #noteUnrequested(boots: number, when: UnrequestedReboot["when"]): void {
    const cause = this.#lastCause;
    this.#unrequested.push({ boots, when, ...(cause === undefined ? {} : { cause }) });
  }
}

/** No rung can prove anything then, so none is tried. */
function noKey(name: string): BenchError {
  return new BenchError(
    "no-key",
    `${name} has no key yet, so it persists no boot count that could prove a reboot`,
    `give it one: isnkit provision --board ${name}`,
  );
}
