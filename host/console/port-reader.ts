/** Reads an open port until it is closed or lost. */
import { read } from "node:fs";
import { promisify } from "node:util";
import type { SerialBindingPort } from "./serial-binding.ts";

const readFile = promisify(read);

export interface PortReader {
  /** The next bytes, at least one; undefined after cancel(). Rejects when the port is lost. */
  read(): Promise<Uint8Array | undefined>;
  /** Ends a read that waits. */
  cancel(): void;
  /** True when cancel() alone ends a read; otherwise closing the port does. */
  readonly endsByItself: boolean;
}

/** Slices of one block are handed out until so little of it is left. */
const BLOCK_BYTES = 64 * 1024;
const BLOCK_LEFT_MIN_BYTES = 4096;

export function portReader(port: SerialBindingPort): PortReader {
  return isUnixPort(port) ? new UnixPortReader(port) : new BindingReader(port);
}

/** node-serialport's ports on Linux and macOS: a file and something that waits for it. */
interface UnixPort {
  readonly fd: number | null;
  readonly poller: {
    once(event: "readable", callback: (error: Error | null) => void): unknown;
    stop(): void;
  };
}

function isUnixPort(port: object): port is UnixPort {
  return "fd" in port && "poller" in port && typeof port.fd === "number";
}

class Blocks {
  #block = Buffer.alloc(0);
  #used = 0;

  /** Where the next read goes. */
  free(): { buffer: Buffer; offset: number; length: number } {
    if (this.#block.length - this.#used < BLOCK_LEFT_MIN_BYTES) {
      this.#block = Buffer.allocUnsafeSlow(BLOCK_BYTES);
      this.#used = 0;
    }
    return { buffer: this.#block, offset: this.#used, length: this.#block.length - this.#used };
  }

  take(bytes: number): Uint8Array {
    const start = this.#used;
    this.#used += bytes;
    return this.#block.subarray(start, this.#used);
  }
}

/**
 * Reads the file itself. The binding's own read() takes "0 bytes", which is what Linux gives for a
 * port that was unplugged between two reads, as a reason to read again, and so never ends.
 */
class UnixPortReader implements PortReader {
  readonly endsByItself = true;
  readonly #port: UnixPort;
  readonly #blocks = new Blocks();
  #cancelled = false;

  constructor(port: UnixPort) {
    this.#port = port;
  }

  async read(): Promise<Uint8Array | undefined> {
    const { buffer, offset, length } = this.#blocks.free();
    while (!this.#cancelled && this.#port.fd !== null) {
      try {
        const { bytesRead } = await readFile(this.#port.fd, buffer, offset, length, null);
        if (bytesRead === 0) throw new Error("end of file");
        return this.#blocks.take(bytesRead);
      } catch (error) {
        if (!isWait(error)) throw error;
        await this.#readable();
      }
    }
    return undefined;
  }

  cancel(): void {
    this.#cancelled = true;
    this.#port.poller.stop();
  }

  #readable(): Promise<void> {
    if (this.#cancelled) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#port.poller.once("readable", (error) => {
        if (error === null || this.#cancelled) resolve();
        else reject(error);
      });
    });
  }
}

function isWait(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return code === "EAGAIN" || code === "EWOULDBLOCK" || code === "EINTR";
}

/** Any other binding, the mock among them. */
class BindingReader implements PortReader {
  readonly endsByItself = false;
  readonly #port: SerialBindingPort;
  readonly #blocks = new Blocks();
  #cancelled = false;

  constructor(port: SerialBindingPort) {
    this.#port = port;
  }

  async read(): Promise<Uint8Array | undefined> {
    const { buffer, offset, length } = this.#blocks.free();
    try {
      const { bytesRead } = await this.#port.read(buffer, offset, length);
      if (bytesRead === 0) throw new Error("end of file");
      return this.#blocks.take(bytesRead);
    } catch (error) {
      if (this.#cancelled) return undefined;
      throw error;
    }
  }

  cancel(): void {
    this.#cancelled = true;
  }
}
