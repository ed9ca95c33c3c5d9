/** Sends one file by YMODEM: 1K blocks, CRC-16, a batch of one. Every terminal program can receive it. */

import type { ByteLine } from "../console/byte-line.ts";
import { BenchError } from "../core/errors.ts";
import { LONG_BLOCK_BYTES, YMODEM, ymodemBlock, ymodemHeader } from "./ymodem-block.ts";

export interface YmodemPatience {
  /** How long the receiver may take to ask for the file, in milliseconds. */
  readonly inviteMs: number;
  /** How long it may take to answer a block. */
  readonly answerMs: number;
  /** How often a block is sent at most. */
  readonly tries: number;
}

/** A device that was unplugged from power does not answer the next try either. */
const SILENCES_MAX = 2;

const USUAL_PATIENCE: YmodemPatience = { inviteMs: 60_000, answerMs: 10_000, tries: 10 };

export interface YmodemOptions {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly patience?: YmodemPatience;
  /** Bytes that the receiver has acknowledged so far. */
  readonly onProgress?: (bytes: number) => void;
  /** Ends the transfer: the receiver is told so, and `interrupted` is thrown. */
  readonly signal?: AbortSignal;
}

/** A transfer that was ended by its signal; the receiver was told. */
export class TransferInterrupted extends Error {}

/**
 * Sends the file. Settles when the receiver has acknowledged all of it and the end. BenchError
 * `transfer-cancelled`, `transfer-silent`, `transfer-noise`; TransferInterrupted after the signal.
 */
export async function sendYmodem(line: ByteLine, options: YmodemOptions): Promise<void> {
  const sender = new Sender(line, options);
  try {
    await sender.send();
  } catch (error) {
    // Whoever waits for more must not wait for ever. On a line that is gone there is nobody to tell.
    await sender.cancel().catch(() => undefined);
    throw error;
  }
}

type Answer = "ack" | "nak" | "invite" | "silence";

class Sender {
  readonly #line: ByteLine;
  readonly #options: YmodemOptions;
  readonly #patience: YmodemPatience;

  constructor(line: ByteLine, options: YmodemOptions) {
    this.#line = line;
    this.#options = options;
    this.#patience = options.patience ?? USUAL_PATIENCE;
  }

  async send(): Promise<void> {
    const { name, bytes, onProgress } = this.#options;
    await this.#awaitInvitation(this.#patience.inviteMs);
    await this.#block(ymodemHeader(name, bytes.length));
    await this.#awaitInvitation(this.#patience.answerMs);
    for (let at = 0, number = 1; at < bytes.length; at += LONG_BLOCK_BYTES, number++) {
      const end = Math.min(at + LONG_BLOCK_BYTES, bytes.length);
      await this.#block(ymodemBlock(number, bytes.subarray(at, end), YMODEM.filler));
      onProgress?.(end);
    }
    await this.#end();
  }

  async cancel(): Promise<void> {
    const bytes = [...Array(8).fill(YMODEM.can), ...Array(8).fill(YMODEM.backspace)];
    await this.#line.write(Uint8Array.from(bytes));
  }

  async #awaitInvitation(ms: number): Promise<void> {
    const deadlineMs = performance.now() + ms;
    for (;;) {
      const answer = await this.#answer(deadlineMs - performance.now());
      if (answer === "invite") return;
      if (answer === "silence") throw silent("it did not ask for the file");
    }
  }

  async #block(block: Uint8Array): Promise<void> {
    let silences = 0;
    for (let sent = 0; sent < this.#patience.tries; sent++) {
      await this.#forgetAnswers();
      await this.#line.write(block);
      const answer = await this.#verdict();
      if (answer === "ack") return;
      silences = answer === "silence" ? silences + 1 : 0;
      if (silences === SILENCES_MAX) throw silent("it does not answer");
    }
    throw new BenchError(
      "transfer-noise",
      `the device did not take a block in ${this.#patience.tries} tries`,
      "check the cable and the speed of the port; the device runs its old module",
    );
  }

  /** A second answer to the block before must not be taken for the answer to this one. */
  async #forgetAnswers(): Promise<void> {
    while ((await this.#answer(0)) !== "silence") {
      // One more answer that nobody waits for.
    }
  }

  /** ACK or NAK; an invitation that was on its way before the block came is no answer. */
  async #verdict(): Promise<Answer> {
    const deadlineMs = performance.now() + this.#patience.answerMs;
    for (;;) {
      const answer = await this.#answer(deadlineMs - performance.now());
      if (answer !== "invite") return answer;
    }
  }

  /** EOT, which the receiver may refuse once; then the empty batch. */
  async #end(): Promise<void> {
    await this.#block(Uint8Array.of(YMODEM.eot));
    try {
      await this.#awaitInvitation(this.#patience.answerMs);
    } catch (error) {
      // The file is there; a receiver that knows no batches is content.
      if (error instanceof BenchError && error.code === "transfer-silent") return;
      throw error;
    }
    await this.#block(ymodemHeader("", 0));
  }

  async #answer(timeoutMs: number): Promise<Answer> {
    const deadlineMs = performance.now() + timeoutMs;
    for (let cans = 0; ; ) {
      const { signal } = this.#options;
      if (signal?.aborted) throw new TransferInterrupted("the transfer was interrupted");
      const byte = await this.#line.byte(deadlineMs - performance.now(), signal);
      if (signal?.aborted) throw new TransferInterrupted("the transfer was interrupted");
      if (byte === undefined) return "silence";
      if (byte === YMODEM.ack) return "ack";
      if (byte === YMODEM.nak) return "nak";
      if (byte === YMODEM.invite) return "invite";
      cans = byte === YMODEM.can ? cans + 1 : 0;
      if (cans === 2) throw cancelled();
      // Noise may go on for longer than the answer may take.
      if (performance.now() >= deadlineMs) return "silence";
    }
  }
}

function silent(what: string): BenchError {
  return new BenchError(
    "transfer-silent",
    `the device fell silent in the transfer: ${what}`,
    "check cable and power, then run it again; the device runs its old module",
  );
}

function cancelled(): BenchError {
  return new BenchError(
    "transfer-cancelled",
    "the device ended the transfer",
    "the record that follows says why: its slot may be too small, or its memory failed",
  );
}
