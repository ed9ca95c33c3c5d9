/**
 * The console protocol, host side (docs/bench-arm.md): text, one record a line, `key=value` pairs
 * separated by spaces, a running number `n`, a type `t`, and ` *` with a CRC-16/CCITT-FALSE of
 * everything before it. Pure: bytes in, records out.
 */

/** A line that arrived whole. Values are text; `fields` has neither `n` nor `t`. */
export interface ConsoleRecord {
  readonly number: number;
  readonly type: string;
  readonly fields: ReadonlyMap<string, string>;
}

/** What a console delivers: records, and what went wrong between them. */
export type ConsoleEvent =
  | { readonly kind: "record"; readonly record: ConsoleRecord }
  /** A line without a valid checksum or form. Its text is for people. */
  | { readonly kind: "damaged"; readonly text: string }
  /** Records that never arrived: their numbers, both ends included. */
  | { readonly kind: "gap"; readonly first: number; readonly last: number };

/** CRC-16/CCITT-FALSE: polynomial 0x1021, start 0xFFFF; of the text's ASCII bytes. */
export function consoleChecksum(text: string): string {
  let crc = 0xffff;
  for (let i = 0; i < text.length; i++) {
    crc ^= (text.charCodeAt(i) & 0xff) << 8;
    for (let bit = 0; bit < 8; bit++)
      crc = (crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1) & 0xffff;
  }
  return crc.toString(16).padStart(4, "0");
}

/** Parses one line without its line end; undefined when the checksum or the form is wrong. */
export function parseConsoleLine(line: string): ConsoleRecord | undefined {
  const match = /^n=(\d{1,10}) t=([a-z0-9-]+)((?: [a-z0-9-]+=\S*)*) \*([0-9a-f]{4})$/.exec(line);
  if (!match) return undefined;
  const [, number = "", type = "", rest = "", checksum = ""] = match;
  if (consoleChecksum(line.slice(0, -6)) !== checksum) return undefined;
  const fields = new Map<string, string>();
  for (const pair of rest.split(" ")) {
    const equals = pair.indexOf("=");
    if (equals > 0) fields.set(pair.slice(0, equals), pair.slice(equals + 1));
  }
  return { number: Number(number), type, fields };
}

/** Writes a command line, line end included. Values must be free of spaces. */
export function formatConsoleCommand(fields: Readonly<Record<string, string | number>>): string {
  const text = Object.entries(fields)
    .map(([key, value]) => `${key}=${value}`)
    .join(" ");
  return `${text} *${consoleChecksum(text)}\n`;
}

/** A field as a decimal number; undefined when it is absent or no number. */
export function decimalField(record: ConsoleRecord, key: string): number | undefined {
  const text = record.fields.get(key);
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}

/** A field of eight hexadecimal digits as u32; undefined when it is absent or no such number. */
export function hexField(record: ConsoleRecord, key: string): number | undefined {
  const text = record.fields.get(key);
  return text !== undefined && /^[0-9a-f]{8}$/.test(text) ? Number.parseInt(text, 16) : undefined;
}

/** A damaged line is shown up to this length; a line that never ends is cut into such pieces. */
const LINE_CHARACTERS_MAX = 512;

const FIRST_RECORD = "n=0 t=";

/** Cuts the bytes of one power cycle into lines, and tells of every record that is missing. */
export class ConsoleReader {
  #rest = "";
  #next: number | undefined;
  readonly #decoder = new TextDecoder("latin1");

  /** `joinsMidway`: the first record may have any number, as the reader came later than the device. */
  constructor(options: { readonly joinsMidway?: boolean } = {}) {
    this.#next = options.joinsMidway === true ? undefined : 0;
  }

  /** Takes the bytes that arrived and returns what they complete, in order. */
  push(bytes: Uint8Array): ConsoleEvent[] {
    this.#rest += this.#decoder.decode(bytes, { stream: true });
    const lines = this.#rest.split("\n");
    this.#rest = lines.pop() ?? "";
    if (this.#rest.length > LINE_CHARACTERS_MAX) {
      lines.push(this.#rest);
      this.#rest = "";
    }
    const events: ConsoleEvent[] = [];
    for (const line of lines) this.#take(line.replace(/\r$/, ""), events);
    return events;
  }

  #take(line: string, events: ConsoleEvent[]): void {
    if (line === "") return;
    const record = parseConsoleLine(line);
    if (record === undefined) {
      // A reset tears a line in two, and the first record of the next life stands behind its half.
      const restart = line.lastIndexOf(FIRST_RECORD);
      const torn = restart > 0 && parseConsoleLine(line.slice(restart)) !== undefined;
      const text = (torn ? line.slice(0, restart) : line).slice(0, LINE_CHARACTERS_MAX);
      events.push({ kind: "damaged", text });
      if (torn) this.#take(line.slice(restart), events);
      return;
    }
    // A device that restarts by itself counts from 0 again: that is a boot, not a gap.
    if (this.#next !== undefined && record.number > this.#next) {
      events.push({ kind: "gap", first: this.#next, last: record.number - 1 });
    }
    this.#next = record.number + 1;
    events.push({ kind: "record", record });
  }
}
