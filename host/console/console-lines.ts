/** Cuts the bytes of a console into lines, however long, in bounded memory. */

export interface ConsoleLine {
  /** One character a byte (Latin-1). */
  readonly text: string;
  /** `cut`: the line goes on in the next piece. */
  readonly end: "line" | "cut" | "half";
}

/** A line that is longer comes in pieces of this size. */
export const PIECE_BYTES = 4096;

export class ConsoleLines {
  #rest = "";
  #isContinued = false;

  /** The lines that these bytes complete, in order. Empty lines are left out. */
  push(bytes: Uint8Array): ConsoleLine[] {
    const text = this.#rest + latin1(bytes);
    const lines: ConsoleLine[] = [];
    let start = 0;
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n", start)) {
      this.#take(text, start, end, lines);
      start = end + 1;
    }
    while (text.length - start > PIECE_BYTES) {
      lines.push({ text: text.slice(start, start + PIECE_BYTES), end: "cut" });
      this.#isContinued = true;
      start += PIECE_BYTES;
    }
    this.#rest = text.slice(start);
    return lines;
  }

  /** What came without a line end so far: a prompt. */
  get waiting(): string {
    return this.#rest;
  }

  /** Gives what waits: `cut` when the rest may still come, `half` when the port is lost. */
  flush(end: "cut" | "half"): ConsoleLine[] {
    const text = this.#rest;
    this.#rest = "";
    const isContinued = this.#isContinued;
    this.#isContinued = end === "cut" && (isContinued || text !== "");
    return text === "" && !(isContinued && end === "half") ? [] : [{ text, end }];
  }

  #take(text: string, from: number, to: number, lines: ConsoleLine[]): void {
    const end = to > from && text[to - 1] === "\r" ? to - 1 : to;
    let start = from;
    for (; end - start > PIECE_BYTES; start += PIECE_BYTES) {
      lines.push({ text: text.slice(start, start + PIECE_BYTES), end: "cut" });
      this.#isContinued = true;
    }
    if (end > start || this.#isContinued) lines.push({ text: text.slice(start, end), end: "line" });
    this.#isContinued = false;
  }
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
}
