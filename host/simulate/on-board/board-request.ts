/** What the life, which cannot wait, asks of the board, which takes its time (board-service.ts). */

export type ConsoleFields = Readonly<Record<string, string | number>>;

export type BoardRequest =
  /** Power comes on; first `contents`, if any, are put into the journal's memory. */
  | { readonly ask: "power-on"; readonly contents: Uint8Array | undefined }
  /** The device resets itself; the power stays on. */
  | { readonly ask: "reset" }
  /** Commands in this order, sent at once; the answer is that to the last one. */
  | { readonly ask: "commands"; readonly commands: readonly ConsoleFields[] }
  /** The power is cut, and the journal's memory is read. */
  | { readonly ask: "power-off" };

export interface BoardAnswer {
  /** Of the answer to the last command, or of the record that told of a torn write. */
  readonly fields: ReadonlyMap<string, string>;
  /** The device stands inside a write that was cut, and waits for the end of its power. */
  readonly torn: boolean;
  /** After `power-off`: what the journal's memory holds. */
  readonly contents?: Uint8Array;
}

/** Asks and waits, without letting anything else run. Throws when the bench fails. */
export type AskBoard = (request: BoardRequest) => BoardAnswer;
