/** Where a console comes from: a port of the desk, which may go and come back, or an emulated board. */
import { dirname } from "node:path";
import type { SerialBinding } from "../console/serial-binding.ts";
import { openSerialLink } from "../console/serial-link.ts";
import { BenchError } from "../core/errors.ts";
import { type ChangeSignal, watchFolders } from "../desk/change-signal.ts";
import { type Desk, type DeskBoard, locateDeskBoard } from "../desk/desk-board.ts";
import { openEmulatedBoard } from "../emulated/emulated-board.ts";

export interface ConsoleLink {
  readonly path: string;
  /** Throws BenchError when the line is lost. */
  readonly input: AsyncIterable<Uint8Array>;
  write(bytes: Uint8Array): Promise<void>;
  /** Idempotent. */
  close(): Promise<void>;
}

export interface ConsoleSource {
  /** For people: what is being watched. */
  readonly name: string;
  /** Rate of the device's counter, where its model is known. */
  readonly counterHz: number | undefined;
  /** Throws BenchError. */
  open(): Promise<ConsoleLink>;
  /** After a loss: the link, or why it is not there yet. */
  reopen(): Promise<ConsoleLink | string>;
  /** Wakes when reopen() may succeed. */
  signal(): ChangeSignal;
}

const EVERY_MS = 1000;
const SETTLE_MS = 20;

/** `baud`: instead of the board's. */
export function deskSource(
  board: DeskBoard,
  desk: Desk,
  options: { readonly baud?: number; readonly binding?: SerialBinding } = {},
): ConsoleSource {
  const { binding } = options;
  const baud = options.baud ?? board.baud;
  const open = (path: string) =>
    openSerialLink({ path, baud, ...(binding === undefined ? {} : { binding }) });
  return {
    name: board.name === board.path ? board.path : `${board.name} (${board.path})`,
    counterHz: board.description?.counterHz,
    open: () => open(board.path),
    async reopen() {
      const path = await locateDeskBoard(board, desk);
      if (path === undefined) return `${board.name} is not attached`;
      try {
        return await open(path);
      } catch (error) {
        if (error instanceof BenchError) return error.message;
        throw error;
      }
    },
    signal: () => {
      const folders = [...new Set([dirname(board.path), "/dev"])];
      return watchFolders({ folders, everyMs: EVERY_MS, settleMs: SETTLE_MS });
    },
  };
}

/** A board in an emulator, switched on for as long as it is watched. */
export async function emulatedSource(selector: string): Promise<ConsoleSource> {
  const { board, description } = await openEmulatedBoard(selector);
  return {
    name: selector,
    counterHz: description.counterHz,
    async open() {
      const console = await board.powerOn();
      return {
        path: selector,
        input: console.output,
        write: async (bytes) => console.write(Buffer.from(bytes).toString("latin1")),
        close: () => board.dispose(),
      };
    },
    reopen: async () => `${selector} ended`,
    signal: () => watchFolders({ folders: [], everyMs: EVERY_MS, settleMs: SETTLE_MS }),
  };
}
