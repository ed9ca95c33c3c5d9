/** Watches a console through unplug and re-enumeration, and sends what a person types. */
import { BenchError } from "../core/errors.ts";
import type { ConsoleLink, ConsoleSource } from "./console-source.ts";
import { ConsoleWatch } from "./console-watch.ts";
import type { ConsoleSighting, LinkSighting, MonitorEvent } from "./monitor-event.ts";

export interface ConsoleMonitorOptions {
  readonly source: ConsoleSource;
  /** Microseconds since 1970, and never back. */
  readonly nowUs: () => number;
  /** Ends with the loss of the port instead of waiting for it. */
  readonly once?: boolean;
  /** A line without end is shown after this pause, in milliseconds. */
  readonly pauseMs?: number;
}

const PAUSE_MS = 200;

export class ConsoleMonitor {
  readonly #options: ConsoleMonitorOptions;
  readonly #watch: ConsoleWatch;
  #link: ConsoleLink | undefined;
  #isOver = false;
  #wake: (() => void) | undefined;

  constructor(options: ConsoleMonitorOptions) {
    this.#options = options;
    this.#watch = new ConsoleWatch(options.source.counterHz);
  }

  /**
   * What is seen, in order, as many events at a time as came together; until stop(). The console waits
   * while the caller does. Throws BenchError when the port cannot be opened at first, or is lost and
   * `once` is set.
   */
  async *events(): AsyncGenerator<readonly MonitorEvent[]> {
    const { source, once = false } = this.#options;
    try {
      let link: ConsoleLink | undefined = await source.open();
      for (let again = false; link !== undefined; again = true) {
        this.#link = link;
        yield this.#told([{ kind: "open", path: link.path, again }]);
        const lost = yield* this.#follow(link);
        if (lost === undefined || this.#isOver) break;
        const reason = lost.message;
        const half = this.#watch.lose(this.#options.nowUs());
        yield this.#told([...half, { kind: "lost", path: link.path, reason }]);
        if (once) throw lost;
        link = yield* this.#comeback();
      }
      yield this.#told([{ kind: "end", reason: this.#isOver ? "stopped" : "the console closed" }]);
    } finally {
      await this.#drop();
    }
  }

  /** Sends bytes as they are. False when there is no port now, or it was lost on the way. */
  async send(bytes: Uint8Array): Promise<boolean> {
    const link = this.#link;
    if (link === undefined) return false;
    try {
      await link.write(bytes);
      return true;
    } catch (error) {
      // The loss itself is told by events().
      if (error instanceof BenchError) return false;
      throw error;
    }
  }

  /** Ends events(), which gives what had come until then. Idempotent. */
  stop(): void {
    this.#isOver = true;
    this.#wake?.();
    void this.#drop();
  }

  async #drop(): Promise<void> {
    const link = this.#link;
    this.#link = undefined;
    await link?.close();
  }

  /** Everything up to the loss of the link, which it returns; undefined when the link was closed. */
  async *#follow(
    link: ConsoleLink,
  ): AsyncGenerator<readonly MonitorEvent[], BenchError | undefined> {
    const { nowUs, pauseMs = PAUSE_MS } = this.#options;
    const chunks = link.input[Symbol.asyncIterator]();
    try {
      for (;;) {
        const next = chunks.next();
        const shown = await orPause(next, pauseMs);
        if (shown === "pause") yield* this.#some(this.#watch.pause(nowUs()));
        const { value, done } = await next;
        if (done) return undefined;
        yield* this.#some(this.#watch.push(value, nowUs()));
      }
    } catch (error) {
      if (error instanceof BenchError) return error;
      throw error;
    } finally {
      await this.#drop();
    }
  }

  /** Waits until the port is there again. Undefined after stop(). */
  async *#comeback(): AsyncGenerator<readonly MonitorEvent[], ConsoleLink | undefined> {
    const { source } = this.#options;
    const signal = source.signal();
    this.#wake = () => signal.close();
    try {
      let told = "";
      while (!this.#isOver) {
        const found = await source.reopen();
        if (typeof found !== "string") return found;
        if (found !== told) yield this.#told([{ kind: "waiting", reason: found }]);
        told = found;
        await signal.next();
      }
      return undefined;
    } finally {
      this.#wake = undefined;
      signal.close();
    }
  }

  *#some(sightings: readonly ConsoleSighting[]): Generator<readonly MonitorEvent[]> {
    if (sightings.length > 0) yield this.#told(sightings);
  }

  #told(sightings: readonly (ConsoleSighting | LinkSighting)[]): readonly MonitorEvent[] {
    const atUs = this.#options.nowUs();
    return sightings.map((sighting) => ({ ...sighting, atUs }));
  }
}

/** "pause" when `next` takes longer. */
async function orPause(next: Promise<unknown>, pauseMs: number): Promise<"pause" | "next"> {
  let timer: NodeJS.Timeout | undefined;
  const pause = new Promise<"pause">((resolve) => {
    timer = setTimeout(() => resolve("pause"), pauseMs);
  });
  try {
    return await Promise.race([next.then(() => "next" as const), pause]);
  } finally {
    clearTimeout(timer);
  }
}
