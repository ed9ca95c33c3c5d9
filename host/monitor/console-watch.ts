/**
 * Reads a console for people: records of the protocol, gaps in their numbers, damage, restarts, device
 * time, and the text of devices that do not speak the protocol. Keeps its place when the port is lost,
 * so that what was missed in between shows as a gap. Pure: bytes in, sightings out.
 */

import { type ConsoleLine, ConsoleLines } from "../console/console-lines.ts";
import { type ConsoleRecord, parseConsoleLine } from "../console/console-record.ts";
import { DeviceClock } from "./device-clock.ts";
import type { ConsoleSighting } from "./monitor-event.ts";

/** How a line begins that means to be a record. */
const RECORD_START = /^n=\d{1,10}( |$)/;
const RECORD_END = / \*[0-9a-fA-F]{4}$/;
/** A record behind other bytes on its line. */
const RECORD_INSIDE = /n=\d{1,10} t=[a-z0-9-]+(?: [^\n]*)? \*[0-9a-f]{4}$/;

const RECORD_CHARACTERS_MAX = 512;

export class ConsoleWatch {
  readonly #lines = new ConsoleLines();
  readonly #clock: DeviceClock;
  /** Number of the record that comes next; undefined before the first. */
  #next: number | undefined;
  #isInsideLine = false;

  /** `counterHz`: rate of the device's counter, where its model is known. */
  constructor(counterHz?: number) {
    this.#clock = new DeviceClock(counterHz);
  }

  /** `atUs`: when the bytes arrived, microseconds on a clock that does not go back. */
  push(bytes: Uint8Array, atUs: number): ConsoleSighting[] {
    return this.#see(this.#lines.push(bytes), atUs);
  }

  /** A pause: what looks like a prompt is shown although its line has no end yet. */
  pause(atUs: number): ConsoleSighting[] {
    const { waiting } = this.#lines;
    if (waiting === "" || "n=".startsWith(waiting) || waiting.startsWith("n=")) return [];
    return this.#see(this.#lines.flush("cut"), atUs);
  }

  /** The port is gone: the half line that was under way. */
  lose(atUs: number): ConsoleSighting[] {
    return this.#see(this.#lines.flush("half"), atUs);
  }

  #see(lines: readonly ConsoleLine[], atUs: number): ConsoleSighting[] {
    const seen: ConsoleSighting[] = [];
    for (const line of lines) {
      this.#line(line, atUs, seen);
      this.#isInsideLine = line.end === "cut";
    }
    return seen;
  }

  #line({ text, end }: ConsoleLine, atUs: number, seen: ConsoleSighting[]): void {
    const isWhole = end === "line" && !this.#isInsideLine;
    const record = isWhole ? parseConsoleLine(text) : undefined;
    if (record !== undefined) {
      this.#record(record, atUs, seen);
      return;
    }
    const late = isWhole ? lateRecord(text) : undefined;
    if (late !== undefined) {
      seen.push({ kind: "text", text: decoded(late.noise), end: "cut" });
      this.#record(late.record, atUs, seen);
      return;
    }
    const isDamaged = !this.#isInsideLine && this.#meansRecord(text, end);
    if (isDamaged) seen.push({ kind: "damaged", text: decoded(text) });
    else seen.push({ kind: "text", text: decoded(text), end });
  }

  /** Devices of other protocols may begin or end a line by chance as a record does, but not both. */
  #meansRecord(text: string, end: ConsoleLine["end"]): boolean {
    const [begins, ends] = [RECORD_START.test(text), RECORD_END.test(text)];
    if (this.#next === undefined) return begins && (ends || end === "half");
    return begins || ends;
  }

  #record(record: ConsoleRecord, atUs: number, seen: ConsoleSighting[]): void {
    const { number } = record;
    const next = this.#next;
    const isRestart = next !== undefined && (number < next || this.#clock.wentBack(record, atUs));
    if (isRestart) {
      seen.push({ kind: "restart", last: next - 1 });
      this.#clock.restart();
      if (number > 0) seen.push({ kind: "gap", first: 0, last: number - 1 });
    } else if (next !== undefined && number > next) {
      seen.push({ kind: "gap", first: next, last: number - 1 });
    }
    this.#next = number + 1;
    const deviceUs = this.#clock.read(record, atUs);
    seen.push({ kind: "record", record, ...(deviceUs === undefined ? {} : { deviceUs }) });
  }
}

/** A record that the noise of a start runs into. */
function lateRecord(text: string): { noise: string; record: ConsoleRecord } | undefined {
  const inside = RECORD_INSIDE.exec(text.slice(-RECORD_CHARACTERS_MAX))?.[0];
  const record = inside === undefined ? undefined : parseConsoleLine(inside);
  if (inside === undefined || record === undefined) return undefined;
  return { noise: text.slice(0, text.length - inside.length), record };
}

/** Devices write UTF-8 or garbage; garbage becomes U+FFFD. */
function decoded(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: it asks whether there is anything to decode
  return /^[\x00-\x7f]*$/.test(text) ? text : Buffer.from(text, "latin1").toString("utf8");
}
