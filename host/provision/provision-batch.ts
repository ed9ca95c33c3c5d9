/** A production line: board after board, each provisioned as it is plugged in, each in the record. */
import { IsnkitError } from "../core/errors.ts";
import type { SerialBoard } from "../desk/serial-board.ts";
import { fingerprintOfBoard, type Provisioned, provisionBoard } from "./provision-board.ts";
import type { ProvisionEntry, ProvisionRecord, ProvisionResult } from "./provision-record.ts";

export interface BatchOptions {
  /** Boards as they are plugged in. */
  readonly boards: AsyncIterable<SerialBoard>;
  readonly newKey: () => Uint8Array;
  readonly replace?: boolean;
  readonly newDevice?: boolean;
  /** Where each board is written down; absent: nowhere. */
  readonly record?: ProvisionRecord;
  /** ISO 8601, UTC. */
  readonly now: () => string;
  /** Boards to take; absent: until the boards end. */
  readonly count?: number;
}

export interface BatchStep {
  readonly entry: ProvisionEntry;
  /** Set when the board has a key now that it did not have before. */
  readonly provisioned?: Provisioned;
  /** What went wrong. */
  readonly error?: IsnkitError;
}

/**
 * One step for each board; a board that fails does not end the line, a record that cannot be written
 * does. The port of each board is let go of before the next.
 */
export async function* provisionBatch(options: BatchOptions): AsyncGenerator<BatchStep> {
  let left = options.count ?? Number.POSITIVE_INFINITY;
  const taken = new Map<string, string>();
  for await (const board of options.boards) {
    const step = await provisionNext(board, options, taken);
    await options.record?.add(step.entry);
    yield step;
    if (--left <= 0) return;
  }
}

async function provisionNext(
  { board, connection }: SerialBoard,
  options: BatchOptions,
  taken: Map<string, string>,
): Promise<BatchStep> {
  const serial = board.usb?.serial ?? "";
  const ownerOf = (fingerprint: string) =>
    options.record?.serialOf(fingerprint) ?? taken.get(fingerprint);
  const entryOf = (result: ProvisionResult, fingerprint: string, detail = ""): ProvisionEntry => {
    return { time: options.now(), serial, board: board.name, fingerprint, result, detail };
  };
  const mslMs = board.description?.mslMs;
  const common = { connection, ...(mslMs === undefined ? {} : { mslMs }) };
  try {
    const provisioned = await provisionBoard({
      ...options,
      ...common,
      isTaken: (fingerprint) => ownerOf(fingerprint) !== undefined,
    });
    const { fingerprint, replaced } = provisioned;
    taken.set(fingerprint, serial);
    const result = replaced === undefined ? "provisioned" : "replaced";
    return { entry: entryOf(result, fingerprint), provisioned };
  } catch (error) {
    if (!(error instanceof IsnkitError)) throw error;
    if (error.code !== "already-provisioned") {
      return { entry: entryOf("failed", "", `${error.code}: ${error.message}`), error };
    }
    const fingerprint = (await fingerprintOfBoard(common)) ?? "";
    const owner = ownerOf(fingerprint);
    if (owner === undefined || owner === serial) {
      return { entry: entryOf("refused", fingerprint, error.message), error };
    }
    const detail = `the board with serial number ${owner || "(none)"} has the same key: one of them needs another`;
    return { entry: entryOf("duplicate", fingerprint, detail), error };
  } finally {
    await connection.disconnect();
  }
}
