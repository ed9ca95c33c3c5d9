/** What the bench needs of a board, emulated or on the desk: power, and the console's bytes. */

/** One power cycle's console. */
export interface Console {
  /** Sends text to the device. */
  write(text: string): void;
  /**
   * The bytes that the device sends, in order; ends when the power goes off. Throws BenchError when
   * the emulator or the line fails by itself.
   */
  readonly output: AsyncIterable<Uint8Array>;
}

/** A board whose power the bench holds. */
export interface PoweredBoard {
  /** For people and reports: `qemu:lm3s6965evb`. */
  readonly name: string;
  /** Switches the power on; the journal's memory holds what it held. Throws BenchError. */
  powerOn(): Promise<Console>;
  /** Cuts the power, at once and without warning. Idempotent. */
  powerOff(): Promise<void>;
  /** What the journal's memory holds. Only without power. */
  readStorage(): Promise<Uint8Array>;
  /** Replaces the journal's memory: a lost, swapped or noisy part. Only without power. */
  replaceStorage(contents: Uint8Array): Promise<void>;
  /** Cuts the power and removes everything that the bench made. Idempotent. */
  dispose(): Promise<void>;
}
