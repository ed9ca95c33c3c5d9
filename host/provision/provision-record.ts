/**
 * The record of a production line: a CSV or NDJSON file to which one line is added for each board, safely:
 * each line is one write to the end of the file, on the disk before the next board. It holds
 * fingerprints, never keys.
 */
import { type FileHandle, open } from "node:fs/promises";
import { BenchError, UsageError } from "../core/errors.ts";
import { printable } from "../core/plain-text.ts";

export type ProvisionResult = "provisioned" | "replaced" | "refused" | "failed" | "duplicate";

export interface ProvisionEntry {
  /** ISO 8601, UTC. */
  readonly time: string;
  /** USB serial number; empty when the board tells none. */
  readonly serial: string;
  /** Selector or name of the board. */
  readonly board: string;
  /** Eight hexadecimal digits; empty when the device has no key. */
  readonly fingerprint: string;
  readonly result: ProvisionResult;
  /** Why it failed. */
  readonly detail: string;
}

export type RecordFormat = "csv" | "ndjson";

const COLUMNS = ["time", "serial", "board", "fingerprint", "result", "detail"] as const;
const HEADER = `${COLUMNS.join(",")}\n`;
const RECORD_BYTES_MAX = 256 * 1024 * 1024;
const FINGERPRINT = /^[0-9a-f]{8}$/;

/** One entry as a line of CSV (RFC 4180). */
export function csvLine(entry: ProvisionEntry): string {
  return `${COLUMNS.map((column) => csvField(entry[column])).join(",")}\n`;
}

/** One entry as a line of NDJSON. */
export function ndjsonLine(entry: ProvisionEntry): string {
  const ordered = Object.fromEntries(COLUMNS.map((column) => [column, printable(entry[column])]));
  return `${JSON.stringify(ordered)}\n`;
}

/** Quoted where it has to be; a sheet must not take what a device sends for a formula. */
function csvField(text: string): string {
  const plain = printable(text);
  const harmless = /^[=+\-@]/.test(plain) ? `'${plain}` : plain;
  return /[",']/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}

export class ProvisionRecord {
  readonly #file: FileHandle;
  readonly #format: RecordFormat;
  readonly #serials: Map<string, string>;

  private constructor(file: FileHandle, format: RecordFormat, serials: Map<string, string>) {
    this.#file = file;
    this.#format = format;
    this.#serials = serials;
  }

  /**
   * Opens the file, or makes it. A last line that was cut short is closed, and stays. UsageError
   * `foreign-record` for a file that is no such record, `bad-output` for one that cannot be written.
   */
  static async open(path: string, format: RecordFormat): Promise<ProvisionRecord> {
    let file: FileHandle;
    try {
      file = await open(path, "a+", 0o600);
    } catch (error) {
      throw notWritable(path, error);
    }
    try {
      const { size } = await file.stat();
      if (size > RECORD_BYTES_MAX) throw foreign(path, "it is too large");
      const text = await file.readFile("utf8");
      const serials = knownFingerprints(text, path, format);
      if (text === "" && format === "csv") await file.appendFile(HEADER);
      else if (text !== "" && !text.endsWith("\n")) await file.appendFile("\n");
      return new ProvisionRecord(file, format, serials);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** Whether a board of this record has the fingerprint. */
  has(fingerprint: string): boolean {
    return this.#serials.has(fingerprint);
  }

  /** Serial number of the board that has it; undefined when none has, empty when it told none. */
  serialOf(fingerprint: string): string | undefined {
    return this.#serials.get(fingerprint);
  }

  /** On the disk when it settles. BenchError `record-lost` when it cannot be written. */
  async add(entry: ProvisionEntry): Promise<void> {
    const line = this.#format === "csv" ? csvLine(entry) : ndjsonLine(entry);
    try {
      await this.#file.appendFile(line);
      await this.#file.datasync();
    } catch (error) {
      throw new BenchError(
        "record-lost",
        `the record of ${printable(entry.board)} (fingerprint ${entry.fingerprint || "none"}, ${entry.result}) could not be written: ${reasonOf(error)}`,
        "write it down by hand, make room on the disk, and go on",
      );
    }
    if (entry.fingerprint !== "") this.#serials.set(entry.fingerprint, entry.serial);
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}

/** Fingerprints of the record and the serial numbers that have them. */
function knownFingerprints(text: string, path: string, format: RecordFormat): Map<string, string> {
  const known = new Map<string, string>();
  if (text === "") return known;
  const lines = text.split("\n");
  if (format === "csv") {
    if (`${lines.shift()}\n` !== HEADER) throw foreign(path, "its first line is another one");
    for (const line of lines) {
      const [, serial = "", , fingerprint = ""] = csvFields(line);
      if (FINGERPRINT.test(fingerprint)) known.set(fingerprint, serial);
    }
    return known;
  }
  for (const [index, line] of lines.entries()) {
    const entry = parsedEntry(line);
    if (entry !== undefined && FINGERPRINT.test(entry.fingerprint)) {
      known.set(entry.fingerprint, entry.serial);
    } else if (index === 0 && entry === undefined)
      throw foreign(path, "its first line is none of it");
  }
  return known;
}

function csvFields(line: string): string[] {
  const fields = line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,"]*))/g);
  return [...fields].map(([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? "");
}

function parsedEntry(line: string): { fingerprint: string; serial: string } | undefined {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value !== "object" || value === null) return undefined;
    const { fingerprint, serial } = value as Record<string, unknown>;
    if (typeof fingerprint !== "string" || typeof serial !== "string") return undefined;
    return { fingerprint, serial };
  } catch {
    // The last line of a run that was killed may be half a line.
    return undefined;
  }
}

function foreign(path: string, why: string): UsageError {
  return new UsageError(
    "foreign-record",
    `${JSON.stringify(path)} is no record of isnkit provision: ${why}`,
    "name a new file, or the record of an earlier run in the same format",
  );
}

function notWritable(path: string, error: unknown): UsageError {
  return new UsageError(
    "bad-output",
    `the record ${JSON.stringify(path)} cannot be written: ${reasonOf(error)}`,
    "name a file in a folder that exists and can be written to",
  );
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
