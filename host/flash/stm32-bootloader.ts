/**
 * Client of the system boot loader of STM32 chips over a UART (ST, AN3155 "USART protocol used in the
 * STM32 bootloader"): 8 data bits, even parity; every command is answered with ACK or NACK.
 */

import type { ByteLine } from "../console/byte-line.ts";
import { BenchError } from "../core/errors.ts";

const ACK = 0x79;
const NACK = 0x1f;
/** §2: the chip measures the speed by this byte. */
const SYNC = 0x7f;
const MASS_ERASE = 0xffff;
/** §3.4, §3.6. */
export const STM32_TRANSFER_BYTES = 256;

const COMMAND = {
  get: 0x00,
  getId: 0x02,
  read: 0x11,
  go: 0x21,
  write: 0x31,
  erase: 0x43,
  extendedErase: 0x44,
  readoutUnprotect: 0x92,
} as const;
type CommandName = keyof typeof COMMAND;

export interface Stm32Patience {
  /** For an answer. */
  readonly answerMs: number;
  /** For an erase: a sector of 128 KiB takes up to 4 s, a chip of 2 MiB up to 32 s. */
  readonly eraseMs: number;
  /** How often the sync byte is sent, and how long each waits. */
  readonly syncs: number;
  readonly syncMs: number;
}

export const STM32_PATIENCE: Stm32Patience = {
  answerMs: 2_000,
  eraseMs: 60_000,
  syncs: 10,
  syncMs: 500,
};

/** The chip said NACK. */
export class NackError extends BenchError {}

export class Stm32Bootloader {
  readonly #line: ByteLine;
  readonly #patience: Stm32Patience;
  readonly #signal: AbortSignal | undefined;
  #commands: ReadonlySet<number> = new Set();

  constructor(line: ByteLine, patience: Stm32Patience = STM32_PATIENCE, signal?: AbortSignal) {
    this.#line = line;
    this.#patience = patience;
    this.#signal = signal;
  }

  /** Wakes the boot loader and asks what it can do. Returns its version, "3.1". BenchError `no-bootloader`. */
  async connect(): Promise<string> {
    await this.#sync();
    await this.#command("get");
    const [length = 0] = await this.#take(1);
    const [version = 0, ...commands] = await this.#take(length + 1);
    await this.#acknowledged("get");
    this.#commands = new Set(commands);
    return `${version >> 4}.${version & 15}`;
  }

  /** The product ID of AN2606, 0x413 for an STM32F405. */
  async productId(): Promise<number> {
    await this.#command("getId");
    const [length = 0] = await this.#take(1);
    const id = await this.#take(length + 1);
    await this.#acknowledged("getId");
    return id.reduce((value, byte) => value * 256 + byte, 0);
  }

  /** NackError when the chip is protected against being read. */
  async read(address: number, length: number): Promise<Uint8Array> {
    await this.#command("read");
    await this.#address("read", address);
    await this.#send([length - 1, ~(length - 1) & 0xff]);
    await this.#acknowledged("read");
    return this.#take(length);
  }

  /** Up to 256 bytes, a multiple of 4. */
  async write(address: number, bytes: Uint8Array): Promise<void> {
    await this.#command("write");
    await this.#address("write", address);
    const body = [bytes.length - 1, ...bytes];
    await this.#send([...body, xorOf(body)]);
    await this.#acknowledged("write");
  }

  /** Sectors (or pages) by their numbers. */
  async erase(sectors: readonly number[]): Promise<void> {
    if (this.#commands.has(COMMAND.extendedErase)) {
      await this.#command("extendedErase");
      const body = [sectors.length - 1, ...sectors].flatMap((n) => [n >> 8, n & 0xff]);
      await this.#send([...body, xorOf(body)]);
      return this.#acknowledged("extendedErase", this.#patience.eraseMs);
    }
    await this.#command("erase");
    const body = [sectors.length - 1, ...sectors];
    await this.#send([...body, xorOf(body)]);
    return this.#acknowledged("erase", this.#patience.eraseMs);
  }

  async eraseAll(): Promise<void> {
    if (!this.#commands.has(COMMAND.extendedErase)) {
      await this.#command("erase");
      await this.#send([0xff, 0x00]);
      return this.#acknowledged("erase", this.#patience.eraseMs);
    }
    await this.#command("extendedErase");
    await this.#send([MASS_ERASE >> 8, MASS_ERASE & 0xff, 0x00]);
    return this.#acknowledged("extendedErase", this.#patience.eraseMs);
  }

  /** Takes the protection away, which erases all of the flash; the chip then resets itself (§3.10). */
  async readoutUnprotect(): Promise<void> {
    await this.#command("readoutUnprotect");
    await this.#acknowledged("readoutUnprotect", this.#patience.eraseMs);
  }

  /** Starts the program at an address. */
  async go(address: number): Promise<void> {
    await this.#command("go");
    await this.#address("go", address);
  }

  async #sync(): Promise<void> {
    await this.#line.drain();
    for (let i = 0; i < this.#patience.syncs; i++) {
      this.#expectGoing();
      await this.#send([SYNC]);
      const answer = await this.#line.byte(this.#patience.syncMs, this.#signal);
      // NACK: it is awake already, and took the byte for half a command.
      if (answer === ACK || answer === NACK) return;
    }
    throw new BenchError(
      "no-bootloader",
      "the chip's boot loader does not answer",
      "BOOT0 has to be high at the reset, and this has to be the UART that the boot loader listens on (AN2606)",
    );
  }

  async #command(name: CommandName): Promise<void> {
    this.#expectGoing();
    const code = COMMAND[name];
    await this.#send([code, ~code & 0xff]);
    await this.#acknowledged(name);
  }

  async #address(name: CommandName, address: number): Promise<void> {
    const bytes = [24, 16, 8, 0].map((shift) => (address >>> shift) & 0xff);
    await this.#send([...bytes, xorOf(bytes)]);
    await this.#acknowledged(name);
  }

  async #acknowledged(name: CommandName, ms = this.#patience.answerMs): Promise<void> {
    const answer = await this.#line.byte(ms);
    if (answer === ACK) return;
    if (answer === NACK) {
      throw new NackError(
        "bootloader-refused",
        `the boot loader refused \`${name}\``,
        "the address or the sector is not this chip's, or it is protected",
      );
    }
    throw silent(
      name,
      answer === undefined ? "did not answer" : `answered 0x${answer.toString(16)}`,
    );
  }

  async #take(count: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(count);
    for (let i = 0; i < count; i++) {
      const byte = await this.#line.byte(this.#patience.answerMs);
      if (byte === undefined) throw silent("an answer", "broke off");
      bytes[i] = byte;
    }
    return bytes;
  }

  #send(bytes: readonly number[]): Promise<void> {
    return this.#line.write(Uint8Array.from(bytes));
  }

  #expectGoing(): void {
    if (!this.#signal?.aborted) return;
    throw new BenchError(
      "interrupted",
      "interrupted: the chip may hold half of the firmware",
      "flash it again; its boot loader stays reachable",
    );
  }
}

function xorOf(bytes: readonly number[]): number {
  // A single byte is followed by its complement, two or more by their exclusive or (§3).
  return bytes.reduce((sum, byte) => sum ^ byte, 0) & 0xff;
}

function silent(what: string, how: string): BenchError {
  return new BenchError(
    "bootloader-silent",
    `the boot loader ${how} (${what})`,
    "check cable and power; then flash again from the start: the boot loader is in ROM and stays",
  );
}
