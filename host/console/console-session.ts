/** A conversation with the device over its console, for one power cycle: commands and records. */

import type { Console } from "../boards/powered-board.ts";
import { BenchError } from "../core/errors.ts";
import {
  type ConsoleEvent,
  ConsoleReader,
  type ConsoleRecord,
  decimalField,
  formatConsoleCommand,
} from "./console-record.ts";

/** How long a device may be silent before the bench gives it up, in milliseconds. */
export const SILENCE_MS = 20_000;

export interface SessionOptions {
  readonly silenceMs?: number;
  /** Sees every event as it arrives, also those that nobody waits for. */
  readonly onEvent?: (event: ConsoleEvent) => void;
  /** The device may have been running for long: its first record may have any number. */
  readonly joinsMidway?: boolean;
}

/**
 * Reads the console from power-on on. Records that nobody waits for go to `onEvent` only. All waits
 * end with a BenchError when the device stays silent or the emulator fails.
 */
export class ConsoleSession {
  readonly #console: Console;
  readonly #silenceMs: number;
  readonly #onEvent: ((event: ConsoleEvent) => void) | undefined;
  readonly #waiting = new Set<Waiter>();
  readonly #done: Promise<void>;
  readonly #joinsMidway: boolean;
  #failure: unknown;
  #over = false;
  #commands = 0;

  constructor(console: Console, options: SessionOptions = {}) {
    this.#console = console;
    this.#silenceMs = options.silenceMs ?? SILENCE_MS;
    this.#onEvent = options.onEvent;
    this.#joinsMidway = options.joinsMidway ?? false;
    this.#done = this.#read();
  }

  /** Settles when the power is off and everything that was sent has been read. */
  get over(): Promise<void> {
    return this.#done;
  }

  /** Whether the console has ended: no record will come any more. */
  get ended(): boolean {
    return this.#over;
  }

  /** Sends a command without waiting for its answer. Returns its `id`. */
  send(fields: Readonly<Record<string, string | number>>): number {
    const id = ++this.#commands;
    this.#console.write(formatConsoleCommand({ id, ...fields }));
    return id;
  }

  /** Sends text as it is, as a person at a terminal would. */
  sendRaw(text: string): void {
    this.#console.write(text);
  }

  /** Sends a command and waits for the record that answers it, or for one that `otherwise` fits. */
  async command(
    fields: Readonly<Record<string, string | number>>,
    otherwise: (record: ConsoleRecord) => boolean = () => false,
    silenceMs = this.#silenceMs,
  ): Promise<ConsoleRecord> {
    const id = this.#commands + 1;
    const answer = this.record(
      (record) => decimalField(record, "re") === id || otherwise(record),
      `the answer to do=${fields.do ?? "?"}`,
      silenceMs,
    );
    this.send(fields);
    return answer;
  }

  /**
   * The next record that fits, from now on: ask before the command that brings it, as a record that
   * came before nobody waited is gone. `what` is named when it does not come within `silenceMs`.
   */
  record(
    fits: (record: ConsoleRecord) => boolean,
    what: string,
    silenceMs = this.#silenceMs,
  ): Promise<ConsoleRecord> {
    const arrival = new Promise<ConsoleRecord>((resolve, reject) => {
      if (this.#over) return reject(this.#ended(what));
      const waiter: Waiter = { fits, resolve, reject, what, timer: undefined };
      waiter.timer = setTimeout(() => {
        this.#waiting.delete(waiter);
        reject(silent(what, silenceMs));
      }, silenceMs);
      this.#waiting.add(waiter);
    });
    // Who asked may fail on something else first and never look here: that is no unhandled rejection.
    arrival.catch(() => undefined);
    return arrival;
  }

  async #read(): Promise<void> {
    const reader = new ConsoleReader({ joinsMidway: this.#joinsMidway });
    try {
      for await (const bytes of this.#console.output) {
        for (const event of reader.push(bytes)) this.#deliver(event);
      }
    } catch (error) {
      this.#failure = error;
    }
    this.#over = true;
    for (const waiter of this.#waiting) {
      clearTimeout(waiter.timer);
      waiter.reject(this.#ended(waiter.what));
    }
    this.#waiting.clear();
  }

  #deliver(event: ConsoleEvent): void {
    this.#onEvent?.(event);
    if (event.kind !== "record") return;
    for (const waiter of this.#waiting) {
      if (!waiter.fits(event.record)) continue;
      this.#waiting.delete(waiter);
      clearTimeout(waiter.timer);
      waiter.resolve(event.record);
    }
  }

  #ended(what: string): unknown {
    return (
      this.#failure ??
      new BenchError(
        "console-closed",
        `the console closed before ${what} came`,
        "the power was cut from outside, or the emulator ended: run the check again",
      )
    );
  }
}

interface Waiter {
  readonly fits: (record: ConsoleRecord) => boolean;
  readonly resolve: (record: ConsoleRecord) => void;
  readonly reject: (error: unknown) => void;
  readonly what: string;
  timer: NodeJS.Timeout | undefined;
}

function silent(what: string, silenceMs: number): BenchError {
  return new BenchError(
    "device-silent",
    `${what} did not come within ${silenceMs / 1000} s`,
    "check that the firmware fits the board: build it again with scripts/build-firmware",
  );
}
