/**
 * The console of a board on a serial port, through unplug and re-enumeration: finds the port, opens it,
 * and gives one session after another. A port that stays away is a BenchError.
 */
import { BenchError } from "../core/errors.ts";
import type { ConsoleEvent, ConsoleRecord } from "./console-record.ts";
import { ConsoleSession } from "./console-session.ts";
import { openSerialLink, type SerialLink } from "./serial-link.ts";

/** The edges of this machine, so that tests can stand in for them. */
export interface SerialEdges {
  readonly open: (options: { path: string; baud: number }) => Promise<SerialLink>;
  /** Waits, in milliseconds. */
  readonly sleep: (ms: number) => Promise<void>;
  /** A clock that does not go back, in milliseconds. */
  readonly nowMs: () => number;
}

export const MACHINE_EDGES: SerialEdges = {
  open: openSerialLink,
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  nowMs: () => performance.now(),
};

export interface SerialConnectionOptions {
  /** As it was selected, for people. */
  readonly name: string;
  readonly baud: number;
  /** Path of the port now; undefined while the board is not attached. */
  readonly locate: () => Promise<string | undefined>;
  readonly edges?: SerialEdges;
  /** How long the port may stay away, in milliseconds. */
  readonly appearMs?: number;
  /** How long a session waits for a record, in milliseconds. */
  readonly silenceMs?: number;
}

/** A board that restarts needs a second or two on USB; a hub's port takes longer. */
const APPEAR_MS = 10_000;
const SILENCE_MS = 5_000;
/** Between two looks for the port. */
const LOOK_MS = 25;
/** What opening a port fails with while it comes or goes. */
const PASSING = new Set([
  "port-missing",
  "port-failed",
  "port-forbidden",
  "not-a-port",
  "port-lost",
]);

export class SerialConnection {
  readonly name: string;
  readonly edges: SerialEdges;
  readonly #options: SerialConnectionOptions;
  #link: SerialLink | undefined;
  #session: ConsoleSession | undefined;
  readonly #listeners = new Set<(event: ConsoleEvent) => void>();
  /** Sessions so far: a new one means that the port was away. */
  #opened = 0;
  #lines = 0;
  #damaged: string | undefined;

  constructor(options: SerialConnectionOptions) {
    this.name = options.name;
    this.edges = options.edges ?? MACHINE_EDGES;
    this.#options = options;
  }

  /** Calls back with what the device sends, in whatever session, until the returned function is called. */
  listen(listener: (event: ConsoleEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  get opened(): number {
    return this.#opened;
  }

  /** Path of the open port. */
  get path(): string | undefined {
    return this.#link?.path;
  }

  /** The link of the session, for its lines; undefined while the port is away. */
  get link(): SerialLink | undefined {
    return this.#link;
  }

  /** Path of the board's port now, open or not. */
  locate(): Promise<string | undefined> {
    return this.#options.locate();
  }

  get baud(): number {
    return this.#options.baud;
  }

  /**
   * The session of the open port, or of the port when it is back. BenchError when it stays away, or
   * another program has it.
   */
  async connect(appearMs = this.#options.appearMs ?? APPEAR_MS): Promise<ConsoleSession> {
    if (this.#session !== undefined && !this.#session.ended) return this.#session;
    await this.disconnect();
    const { nowMs, sleep } = this.edges;
    const deadlineMs = nowMs() + appearMs;
    for (;;) {
      const failure = await this.#tryOpen();
      if (this.#session !== undefined) return this.#session;
      if (nowMs() >= deadlineMs) throw failure ?? notAttached(this.name, appearMs);
      await sleep(LOOK_MS);
    }
  }

  /** Closes the port; a later `connect` opens it again. Idempotent. */
  async disconnect(): Promise<void> {
    const link = this.#link;
    const session = this.#session;
    this.#link = undefined;
    this.#session = undefined;
    await link?.close();
    await session?.over;
  }

  /**
   * Asks until the device answers, for at most `withinMs`; each question waits `eachMs`. BenchError
   * `device-silent`, or `not-isnkit` when something else speaks on the port.
   */
  async ask(
    fields: Readonly<Record<string, string | number>>,
    withinMs: number,
    eachMs = 500,
  ): Promise<ConsoleRecord> {
    const { nowMs } = this.edges;
    const deadlineMs = nowMs() + withinMs;
    this.#lines = 0;
    this.#damaged = undefined;
    for (;;) {
      const session = await this.connect();
      try {
        return await session.command(fields, () => false, eachMs);
      } catch (error) {
        if (!(error instanceof BenchError)) throw error;
        const passing = error.code === "device-silent" || error.code === "port-lost";
        if (!passing) throw error;
        if (nowMs() >= deadlineMs) throw this.#unanswered(error);
      }
    }
  }

  async #tryOpen(): Promise<BenchError | undefined> {
    const path = await this.#options.locate();
    if (path === undefined) return undefined;
    try {
      const link = await this.edges.open({ path, baud: this.#options.baud });
      this.#opened++;
      this.#link = link;
      this.#session = new ConsoleSession(
        {
          // A port that is lost tells it to the reader; each wait then ends with that.
          write: (text) => void link.write(new TextEncoder().encode(text)).catch(() => undefined),
          output: link.input,
        },
        {
          joinsMidway: true,
          silenceMs: this.#options.silenceMs ?? SILENCE_MS,
          onEvent: (event) => this.#take(event),
        },
      );
      // What somebody typed before, without its end, must not spoil the first command.
      this.#session.sendRaw("\n");
      return undefined;
    } catch (error) {
      if (!(error instanceof BenchError)) throw error;
      // Programs that look for modems take a new port for a moment; at first it is a person's program.
      const passing = error.code === "port-busy" ? this.#opened > 0 : PASSING.has(error.code);
      if (passing) return error;
      throw error;
    }
  }

  #take(event: ConsoleEvent): void {
    if (event.kind === "record") this.#lines++;
    if (event.kind === "damaged") this.#damaged ??= event.text;
    for (const listener of this.#listeners) listener(event);
  }

  #unanswered(error: BenchError): BenchError {
    if (error.code === "port-lost" || this.#lines > 0 || this.#damaged === undefined) return error;
    return new BenchError(
      "not-isnkit",
      `what ${this.name} sends is not isnkit's console protocol`,
      "check the baud rate and the firmware: `isnkit monitor` shows what arrives",
    );
  }
}

function notAttached(name: string, appearMs: number): BenchError {
  return new BenchError(
    "port-missing",
    `${name} is not attached: no port appeared within ${appearMs / 1000} s`,
    "plug it in, or switch its power on; `isnkit boards` lists what is attached",
  );
}
