/**
 * What a board says over many boots, put on one stream: boots are numbered, and time is the bench's own
 * clock plus what was skipped on both sides. Tells a restart that the bench asked for from one that the
 * device made by itself.
 */

import type { DeviceState } from "../console/conformance-device.ts";
import type { ConsoleEvent, ConsoleRecord } from "../console/console-record.ts";
import { BenchError } from "../core/errors.ts";
import type { Sample } from "../core/sample.ts";
import { ConsoleSamples, reasonName } from "./console-samples.ts";

/** Where a stream that was broken off goes on. */
export interface CampaignPosition {
  /** Boots of the plan that are done. */
  readonly done: number;
  /** The highest number that a boot of the stream has so far. */
  readonly boot: number;
  /** The stream's time may not go back behind this. */
  readonly timeUs: number;
  /** Journal records that the device has written so far. */
  readonly writes: number;
  /** The last boot count that the device told. */
  readonly bootCount?: number;
  /** The fingerprint of its key. */
  readonly fingerprint?: number;
}

export interface BootStreamOptions {
  /** The bench's clock in microseconds, monotonic. */
  readonly nowUs: () => number;
  readonly enduranceCycles: number;
  readonly from: CampaignPosition | undefined;
  /** Told of lines that were damaged or lost on the console, and of restarts that nobody asked for. */
  readonly onNote: ((note: string) => void) | undefined;
  /** Sees every record but the hellos, as it arrives. */
  readonly onRecord: ((record: ConsoleRecord) => void) | undefined;
  /** Told of the instants of hellos on the stream's clock. */
  readonly onMark: ((timeUs: number) => void) | undefined;
}

export class BootStream {
  readonly out: Sample[] = [];
  /** When the boot that runs has begun, on the stream's clock. */
  bootUs = 0;
  cause = "power-on";
  /** Why the device has to refuse numbers right now. */
  expectedRefusal: string | undefined;
  readonly #options: BootStreamOptions;
  readonly #samples: ConsoleSamples;
  #skippedUs: number;
  #boot: number;
  /** The device was told to start, so its hello is not a surprise. */
  #helloDue = false;
  #bootCount: number | undefined;
  /** Lives since that count was told. */
  #lives = 0;

  constructor(options: BootStreamOptions) {
    const { from, nowUs, enduranceCycles } = options;
    this.#options = options;
    this.#samples = new ConsoleSamples(enduranceCycles, from?.writes);
    this.#boot = from?.boot ?? -1;
    this.#bootCount = from?.bootCount;
    this.#skippedUs = from === undefined ? 0 : Math.max(0, from.timeUs - Math.round(nowUs()));
  }

  get boot(): number {
    return this.#boot;
  }

  get nowUs(): number {
    return Math.round(this.#options.nowUs()) + this.#skippedUs;
  }

  /** Time that passes for the device and for nobody else. */
  skip(us: number): void {
    this.#skippedUs += us;
  }

  note(text: string): void {
    this.#options.onNote?.(`boot ${Math.max(0, this.#boot)}: ${text}`);
  }

  /** The next boot is due. */
  next(): void {
    this.#boot++;
    this.#lives++;
    this.#samples.booted();
    this.expectedRefusal = undefined;
  }

  /** The device is told to start now. */
  starting(): void {
    this.#helloDue = true;
    this.bootUs = this.nowUs;
  }

  /** The device's life is being ended, which may begin the next one. */
  ending(): void {
    this.#helloDue = true;
  }

  /** A hello that was said while the port was away is not waited for any more. */
  helloCame(timeUs: number): void {
    if (!this.#helloDue) return;
    this.#helloDue = false;
    this.bootUs = timeUs;
  }

  storageLost(): void {
    this.#bootCount = undefined;
    this.out.push({ kind: "storage-lost", boot: this.#boot, timeUs: this.nowUs });
  }

  /** `boots`: as the device counts them; undefined or 0 when it has not told. */
  booted(boots: number | undefined): void {
    const boot = {
      kind: "boot",
      boot: this.#boot,
      timeUs: this.bootUs,
      requested: this.#boot > 0,
      cause: this.cause,
    } as const;
    if (boots === undefined || boots === 0) {
      this.out.push(boot);
      return;
    }
    this.out.push({ ...boot, persistedBootCount: boots });
    const before = this.#bootCount;
    if (before !== undefined && boots > before + this.#lives) {
      const more = boots - before - this.#lives;
      this.note(`the device counts ${more} more boots than were asked for: it restarted by itself`);
    }
    this.#bootCount = boots;
    this.#lives = 0;
  }

  /** The device gives out no numbers after this boot, and should. */
  refused(state: DeviceState): void {
    this.out.push({
      kind: "refused",
      boot: this.#boot,
      timeUs: this.nowUs,
      call: "boot",
      reason: reasonName(state.reason),
      expected: false,
    });
  }

  take(event: ConsoleEvent): void {
    if (event.kind === "damaged") {
      // What is torn while the bench ends a life is no news.
      if (!this.#helloDue) this.note(`a line of the console is damaged: ${event.text}`);
    } else if (event.kind === "gap")
      this.note(`console records ${event.first}–${event.last} are lost`);
    else if (event.record.type === "hello") this.#takeHello(event.record);
    else this.#takeRecord(event.record);
  }

  #takeHello(record: ConsoleRecord): void {
    const timeUs = this.nowUs;
    this.#options.onMark?.(timeUs);
    if (this.#helloDue) {
      this.helloCame(timeUs);
      return;
    }
    const cause = record.fields.get("cause") ?? "unknown";
    const message = `the device restarted by itself in boot ${this.#boot} (cause: ${cause})`;
    this.#boot++;
    this.out.push({ kind: "boot", boot: this.#boot, timeUs, requested: false, cause });
    throw new BenchError(
      "device-restarted",
      message,
      "look at its console with `isnkit monitor`: a fault handler or a watchdog restarted it",
    );
  }

  #takeRecord(record: ConsoleRecord): void {
    this.#options.onRecord?.(record);
    const sample = this.#samples.sample(record, {
      boot: this.#boot,
      timeUs: this.nowUs,
      ...(this.expectedRefusal === undefined ? {} : { expectedRefusal: this.expectedRefusal }),
    });
    if (sample !== undefined) this.out.push(sample);
  }
}
