/** What a device says that it runs: the record `about` of the console protocol (docs/flash.md). */
import { type ConsoleRecord, decimalField, hexField } from "../console/console-record.ts";
import { BenchError } from "../core/errors.ts";
import { STATE } from "../module/abi.ts";

/** A piece of the firmware's own image, and the first 8 bytes of its SHA-256. */
export interface ImagePiece {
  readonly address: number;
  readonly bytes: number;
  readonly digest: string;
}

export interface DeviceModule {
  readonly board: string;
  readonly runtime: string;
  /** Version of the firmware. */
  readonly firmware: string;
  /** SHA-256 of the running module, 64 hexadecimal digits. */
  readonly module: string;
  readonly moduleBytes: number;
  /** `a`, `b` or `built-in`. */
  readonly slot: string;
  /** ABI of the module; 0 before it was started. */
  readonly abi: number;
  readonly state: number;
  readonly boots: number;
  readonly cause: string;
  /** Absent on boards without slots. */
  readonly trial?: boolean;
  /** How the last update ended. */
  readonly last?: string;
  /** `kept`, or `wiped` once it was. */
  readonly journal?: string;
  readonly image: readonly ImagePiece[];
}

const SHA256 = /^[0-9a-f]{64}$/;
const PIECE = /^([0-9a-f]{8})\+([0-9a-f]{8}):([0-9a-f]{16})$/;

/** Reads the record. BenchError `bad-about` when it is not what docs/flash.md says. */
export function deviceModule(record: ConsoleRecord): DeviceModule {
  const text = (key: string) => expected(record.fields.get(key), key);
  const number = (key: string) => expected(decimalField(record, key), key);
  const module = text("module");
  if (!SHA256.test(module)) throw badAbout("module");
  const trial = decimalField(record, "trial");
  const last = record.fields.get("last");
  const journal = record.fields.get("journal");
  return {
    board: text("board"),
    runtime: text("runtime"),
    firmware: text("firmware"),
    module,
    moduleBytes: number("module-bytes"),
    slot: text("slot"),
    abi: expected(hexField(record, "abi"), "abi"),
    state: number("state"),
    boots: number("boots"),
    cause: text("cause"),
    ...(trial === undefined ? {} : { trial: trial === 1 }),
    ...(last === undefined ? {} : { last }),
    ...(journal === undefined ? {} : { journal }),
    image: imagePieces(record.fields.get("image") ?? ""),
  };
}

/** A boot is counted, and numbers are given, only with a key. */
export function hasKey({ state }: DeviceModule): boolean {
  return state === STATE.ready || state === STATE.quiet;
}

/** `406b41463c05bf3a`: the short form that people compare. */
export function shortDigest(sha256: string): string {
  return sha256.slice(0, 16);
}

function imagePieces(text: string): ImagePiece[] {
  if (text === "") return [];
  return text.split(",").map((piece) => {
    const [, address, bytes, digest] = PIECE.exec(piece) ?? [];
    return {
      address: Number.parseInt(expected(address, "image"), 16),
      bytes: Number.parseInt(expected(bytes, "image"), 16),
      digest: expected(digest, "image"),
    };
  });
}

function expected<T>(value: T | undefined, key: string): T {
  if (value === undefined) throw badAbout(key);
  return value;
}

function badAbout(key: string): BenchError {
  return new BenchError(
    "bad-about",
    `the device's record \`about\` has no usable field ${JSON.stringify(key)}`,
    "its firmware is older than this harness, or not of isnkit: flash its firmware first",
  );
}
