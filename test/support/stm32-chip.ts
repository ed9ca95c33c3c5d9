/**
 * An STM32 behind its UART: the system boot loader (AN3155) over a model of the flash, with faults on
 * command. After GO the firmware speaks, as far as `about` goes.
 */
import { createHash } from "node:crypto";
import type { ByteStream } from "../../host/console/byte-line.ts";
import { ByteLine } from "../../host/console/byte-line.ts";
import { formatConsoleCommand } from "../../host/console/console-record.ts";
import type { Stm32Chip } from "../../host/flash/flash-stm32.ts";

const ACK = 0x79;
const NACK = 0x1f;
const FOR_EVER_MS = 2 ** 31 - 1;

export const F405: Stm32Chip = {
  productId: 0x413,
  flashAddress: 0x08000000,
  sectors: [
    [4, 16384],
    [1, 65536],
    [7, 131072],
  ],
};

export interface ChipFaults {
  /** NACK for the command of this number, counted from 0. */
  nackAt?: number;
  /** Falls silent after this many bytes from the host. */
  silentAfter?: number;
  /** Of each write this bit does not take: a worn cell. */
  stuckBit?: { address: number; mask: number };
}

export class Stm32Model {
  readonly flash: Uint8Array;
  readonly chip: Stm32Chip;
  faults: ChipFaults = {};
  isProtected = false;
  isRunning = false;
  boardName = "stm32f4";
  /** Commands that were taken, by their codes. */
  readonly commands: number[] = [];
  erasedSectors: number[] = [];
  massErases = 0;
  #received = 0;
  #isAwake = false;

  constructor(chip: Stm32Chip = F405) {
    this.chip = chip;
    const bytes = chip.sectors.reduce((sum, [count, size]) => sum + count * size, 0);
    this.flash = new Uint8Array(bytes).fill(0xff);
  }

  /** Serves the line until it ends. */
  async serve(stream: ByteStream): Promise<void> {
    const line = new ByteLine(stream);
    const next = async (): Promise<number> => {
      const byte = await line.byte(FOR_EVER_MS);
      this.#received++;
      const { silentAfter } = this.faults;
      if (silentAfter !== undefined && this.#received > silentAfter) return next();
      if (byte === undefined) throw new Error("silence");
      return byte;
    };
    const send = (...bytes: number[]) => line.write(Uint8Array.from(bytes));
    try {
      for (;;) {
        if (this.isRunning) await this.#speak(line);
        else await this.#command(next, send);
      }
    } catch {
      // The line was closed: nobody is there any more.
    }
  }

  async #command(next: () => Promise<number>, send: (...bytes: number[]) => Promise<void>) {
    const code = await next();
    if (!this.#isAwake) {
      if (code !== 0x7f) return;
      this.#isAwake = true;
      return send(ACK);
    }
    // A sync byte in between is half of a command.
    if ((await next()) !== (~code & 0xff)) return send(NACK);
    const index = this.commands.push(code) - 1;
    if (this.faults.nackAt === index) return send(NACK);
    const take = async (count: number) => {
      const bytes: number[] = [];
      while (bytes.length < count) bytes.push(await next());
      return bytes;
    };
    const address = async () => {
      const bytes = await take(5);
      if (xor(bytes.slice(0, 4)) !== bytes[4]) return undefined;
      return bytes.slice(0, 4).reduce((sum, byte) => sum * 256 + byte, 0) - this.chip.flashAddress;
    };
    const inFlash = (at: number | undefined, bytes: number): at is number =>
      at !== undefined && at >= 0 && at + bytes <= this.flash.length;
    switch (code) {
      case 0x00:
        return send(ACK, 8, 0x31, 0x00, 0x01, 0x02, 0x11, 0x21, 0x31, 0x44, 0x92, ACK);
      case 0x01:
        return send(ACK, 0x31, 0, 0, ACK);
      case 0x02:
        return send(ACK, 1, this.chip.productId >> 8, this.chip.productId & 0xff, ACK);
      case 0x11: {
        if (this.isProtected) return send(NACK);
        await send(ACK);
        const at = await address();
        if (!inFlash(at, 1)) return send(NACK);
        await send(ACK);
        const [length = 0, complement] = await take(2);
        if (complement !== (~length & 0xff) || !inFlash(at, length + 1)) return send(NACK);
        return send(ACK, ...this.flash.subarray(at, at + length + 1));
      }
      case 0x21: {
        if (this.isProtected) return send(NACK);
        await send(ACK);
        const at = await address();
        if (!inFlash(at, 4)) return send(NACK);
        this.isRunning = true;
        return send(ACK);
      }
      case 0x31: {
        if (this.isProtected) return send(NACK);
        await send(ACK);
        const at = await address();
        if (!inFlash(at, 4)) return send(NACK);
        await send(ACK);
        const [length = 0] = await take(1);
        const data = await take(length + 2);
        if (xor([length, ...data]) !== 0 || (length + 1) % 4 !== 0) return send(NACK);
        this.#write(at, data.slice(0, -1));
        return send(ACK);
      }
      case 0x44: {
        if (this.isProtected) return send(NACK);
        await send(ACK);
        const head = await take(2);
        const count = (head[0] ?? 0) * 256 + (head[1] ?? 0);
        if (count >= 0xfffd) {
          await take(1);
          this.flash.fill(0xff);
          this.massErases++;
          return send(ACK);
        }
        const list = await take(2 * (count + 1) + 1);
        if (xor([...head, ...list]) !== 0) return send(NACK);
        const sectors = Array.from(
          { length: count + 1 },
          (_, i) => (list[2 * i] ?? 0) * 256 + (list[2 * i + 1] ?? 0),
        );
        if (!sectors.every((sector) => this.#eraseSector(sector))) return send(NACK);
        return send(ACK);
      }
      case 0x92: {
        await send(ACK);
        this.flash.fill(0xff);
        this.massErases++;
        this.isProtected = false;
        // The chip resets itself, and asks for the sync byte again.
        this.#isAwake = false;
        return send(ACK);
      }
      default:
        return send(NACK);
    }
  }

  #write(at: number, bytes: readonly number[]): void {
    bytes.forEach((byte, i) => {
      // Programming clears bits only.
      let value = (this.flash[at + i] ?? 0) & byte;
      const { stuckBit } = this.faults;
      if (stuckBit?.address === this.chip.flashAddress + at + i) value |= stuckBit.mask;
      this.flash[at + i] = value;
    });
  }

  #eraseSector(number: number): boolean {
    let at = 0;
    let index = 0;
    for (const [count, bytes] of this.chip.sectors) {
      for (let i = 0; i < count; i++, index++, at += bytes) {
        if (index !== number) continue;
        this.flash.fill(0xff, at, at + bytes);
        this.erasedSectors.push(number);
        return true;
      }
    }
    return false;
  }

  /** What the firmware's own start says of its pieces, as link.ld places them. */
  image: readonly { address: number; bytes: number }[] = [];

  async #speak(line: ByteLine): Promise<void> {
    let text = "";
    for (;;) {
      const byte = await line.byte(FOR_EVER_MS);
      if (byte === undefined) throw new Error("silence");
      this.#received++;
      if (byte !== 0x0a) {
        text += String.fromCharCode(byte);
        continue;
      }
      const id = /\bid=(\d+) do=about\b/.exec(text)?.[1] ?? /\bid=(\d+)/.exec(text)?.[1];
      const isAbout = text.includes("do=about");
      text = "";
      if (id === undefined || !isAbout) continue;
      await line.write(new TextEncoder().encode(this.#about(Number(id))));
    }
  }

  #about(id: number): string {
    const pieces = this.image.map(({ address, bytes }) => {
      const at = address - this.chip.flashAddress;
      const digest = createHash("sha256")
        .update(this.flash.subarray(at, at + bytes))
        .digest("hex");
      return `${hex8(address)}+${hex8(bytes)}:${digest.slice(0, 16)}`;
    });
    // A command's form is that of a record but for its number and type.
    return formatConsoleCommand({
      n: 0,
      t: "about",
      re: id,
      board: this.boardName,
      runtime: "wasm2c",
      firmware: "0.1.0",
      module: "0".repeat(64),
      "module-bytes": 1,
      slot: "built-in",
      abi: "00010000",
      state: 1,
      boots: 0,
      cause: "reset",
      image: pieces.join(","),
    });
  }
}

function xor(bytes: readonly number[]): number {
  return bytes.reduce((sum, byte) => sum ^ byte, 0);
}

function hex8(value: number): string {
  return value.toString(16).padStart(8, "0");
}
