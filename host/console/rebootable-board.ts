/**
 * What a campaign needs of a board, in an emulator or on the desk: lives of the device, which begin
 * with its `hello` and end when the bench ends them.
 */
import type { ConsoleEvent } from "./console-record.ts";
import type { ConsoleSession } from "./console-session.ts";

/** How the bench ends a life: at once and without warning, or by a command over the console. */
export type LifeEnd = "cut" | "console";

export interface BoardAbilities {
  /** What ends a life without warning: its power, a reset from outside, or nothing. */
  readonly cut: "power" | "reset" | "none";
  /** Whether the bench can put another memory into the board. */
  readonly storage: boolean;
}

/** A device that has started and said hello. */
export interface Life {
  readonly session: ConsoleSession;
  /** Why it started: `power-on`, `power-cut`, `reset`, `watchdog`, … */
  readonly cause: string;
}

export interface RebootableBoard {
  /** For people and reports: `qemu:lm3s6965evb`, `/dev/ttyACM0`. */
  readonly name: string;
  readonly abilities: BoardAbilities;
  /**
   * Begins the next life, or hands over the one that `end` has already begun. `onEvent` sees what the
   * device sends from its hello on. BenchError when the board does not start.
   */
  begin(onEvent: (event: ConsoleEvent) => void): Promise<Life>;
  /**
   * Ends the life; when it settles, everything that was sent in it has been seen. True when the next
   * life has begun with it.
   */
  end(how: LifeEnd): Promise<boolean>;
  /** Replaces the journal's memory, between two lives. */
  replaceStorage(contents: Uint8Array): Promise<void>;
  /** After a fault of the bench: lets go of what there is, so that `begin` can start anew. */
  abandon(): Promise<void>;
  /** Lets go of the board for good. Idempotent. */
  dispose(): Promise<void>;
}
