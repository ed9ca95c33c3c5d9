/** One open serial port: bytes in, bytes out, the modem lines, and an end that is always told. */
import { stat } from "node:fs/promises";
import { BenchError, UsageError } from "../core/errors.ts";
import { ByteInbox } from "./byte-inbox.ts";
import { type PortReader, portReader } from "./port-reader.ts";
import { type SerialBinding, type SerialBindingPort, systemBinding } from "./serial-binding.ts";

export interface SerialLines {
  readonly dtr?: boolean;
  readonly rts?: boolean;
  /** Holds the line low: BREAK. */
  readonly brk?: boolean;
}

export interface SerialLink {
  readonly path: string;
  /**
   * What arrives, in order. Ends after close(); throws BenchError `port-lost` on unplug, when all that
   * came before was read. One reader at a time; leaving a loop early loses nothing. Up to 1 MiB is
   * read ahead, then the port has to wait.
   */
  readonly input: AsyncIterable<Uint8Array>;
  /** Settles when the bytes have left. BenchError `port-lost`, or `port-closed` after close(). */
  write(bytes: Uint8Array): Promise<void>;
  /** Lines that are not named stay as they are. BenchError `lines-unsupported` on a pseudo-terminal. */
  setLines(lines: SerialLines): Promise<void>;
  setBaud(baud: number): Promise<void>;
  /** Idempotent. */
  close(): Promise<void>;
}

export interface SerialLinkOptions {
  readonly path: string;
  /** Bits a second, 50 to 12,000,000; 8 data bits, 1 stop bit. */
  readonly baud: number;
  readonly parity?: "none" | "even";
  /** Absent: the ports of this machine. */
  readonly binding?: SerialBinding;
}

/** What systems say of a port that was hung up: nothing that helps a person. */
const HUNG_UP = /bad file descriptor|end of file|EIO|input\/output error/i;
const BAUD_MIN = 50;
const BAUD_MAX = 12_000_000;

/**
 * Opens a port for this process alone. BenchError: `port-missing`, `port-busy` (another program has
 * it), `port-forbidden` (permissions), `not-a-port`, `port-failed`; UsageError `bad-baud`.
 */
export async function openSerialLink(options: SerialLinkOptions): Promise<SerialLink> {
  const { path, parity = "none" } = options;
  const baudRate = expectBaud(options.baud);
  if (options.binding === undefined) await expectDevice(path);
  const binding = options.binding ?? (await systemBinding());
  try {
    const settings = { path, baudRate, parity, dataBits: 8, stopBits: 1, lock: true } as const;
    return new OpenLink(path, await binding.open(settings));
  } catch (error) {
    throw openFailure(path, error);
  }
}

class OpenLink implements SerialLink {
  readonly path: string;
  readonly input: AsyncIterable<Uint8Array>;
  readonly #port: SerialBindingPort;
  readonly #reader: PortReader;
  readonly #inbox = new ByteInbox();
  readonly #reading: Promise<void>;
  // What Linux sets when it opens a port.
  #lines = { dtr: true, rts: true, brk: false };
  #writes: Promise<void> = Promise.resolve();
  #lost: BenchError | undefined;
  #closing: Promise<void> | undefined;

  constructor(path: string, port: SerialBindingPort) {
    this.path = path;
    this.#port = port;
    this.#reader = portReader(port);
    this.input = this.#inbox;
    this.#reading = this.#read();
  }

  write(bytes: Uint8Array): Promise<void> {
    const copy = Buffer.from(bytes);
    return this.#inTurn(async () => {
      try {
        await this.#port.write(copy);
        await this.#port.drain();
      } finally {
        // It may have been a key.
        copy.fill(0);
      }
    });
  }

  setLines(lines: SerialLines): Promise<void> {
    return this.#inTurn(async () => {
      // The binding sets all lines at each call, so the others are repeated.
      const next = { ...this.#lines, ...lines };
      try {
        await this.#port.set(next);
      } catch (error) {
        if (!/inappropriate ioctl|not supported|invalid argument/i.test(reasonOf(error)))
          throw error;
        throw new BenchError(
          "lines-unsupported",
          `${this.path} has no modem lines (DTR, RTS, BREAK): it is a pseudo-terminal or an adapter without them`,
          "reset the board in another way; `isnkit reboot --help` lists the ways",
        );
      }
      this.#lines = next;
    });
  }

  setBaud(baud: number): Promise<void> {
    const baudRate = expectBaud(baud);
    return this.#inTurn(() => this.#port.update({ baudRate }));
  }

  close(): Promise<void> {
    this.#closing ??= this.#end();
    return this.#closing;
  }

  /** Writes and settings keep their order: the binding takes one at a time. */
  #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#writes.then(async () => {
      this.#expectOpen();
      try {
        await work();
      } catch (error) {
        this.#expectOpen();
        if (error instanceof BenchError) throw error;
        throw this.#lose(error);
      }
    });
    this.#writes = turn.catch(() => undefined);
    return turn;
  }

  #expectOpen(): void {
    if (this.#lost !== undefined) throw this.#lost;
    if (this.#closing !== undefined) throw portClosed(this.path);
  }

  async #read(): Promise<void> {
    try {
      while (this.#closing === undefined) {
        const bytes = await this.#reader.read();
        if (bytes === undefined) break;
        this.#inbox.put(bytes);
        await this.#inbox.room();
      }
    } catch (error) {
      if (this.#closing === undefined) this.#lose(error);
    }
  }

  /** Told once to whoever reads or writes. The port is let go, so that it can come back by its name. */
  #lose(cause: unknown): BenchError {
    this.#lost ??= portLost(this.path, reasonOf(cause));
    this.#inbox.fail(this.#lost);
    void this.close();
    return this.#lost;
  }

  async #end(): Promise<void> {
    // Nobody else may get the file's number while a read of it is under way: the read ends first.
    this.#reader.cancel();
    this.#inbox.end();
    if (this.#reader.endsByItself) await this.#reading;
    try {
      if (this.#port.isOpen) await this.#port.close();
    } catch {
      // The port is gone already; there is nothing to let go.
    }
  }
}

function expectBaud(baud: number): number {
  if (Number.isInteger(baud) && baud >= BAUD_MIN && baud <= BAUD_MAX) return baud;
  throw new UsageError(
    "bad-baud",
    `${baud} is no baud rate`,
    `give bits a second, ${BAUD_MIN} to ${BAUD_MAX}, as in 115200`,
  );
}

async function expectDevice(path: string): Promise<void> {
  // Other systems name their ports otherwise (COM3); there the binding says what is wrong.
  if (process.platform === "win32") return;
  const found = await stat(path).catch((error: unknown) => {
    throw openFailure(path, error);
  });
  if (!found.isCharacterDevice()) throw notAPort(path, "it is no character device");
}

function openFailure(path: string, error: unknown): BenchError | UsageError {
  if (error instanceof BenchError || error instanceof UsageError) return error;
  const reason = reasonOf(error);
  if (/cannot lock|locked|busy/i.test(reason)) {
    return new BenchError(
      "port-busy",
      `${path} is in use by another program`,
      `end that program (\`fuser ${path}\` names it), then try again`,
    );
  }
  if (/no such|ENOENT|ENXIO|does not exist/i.test(reason)) {
    return new BenchError(
      "port-missing",
      `there is no port ${path}`,
      "`isnkit boards` lists what is attached",
    );
  }
  if (/permission|EACCES|not permitted|EPERM/i.test(reason)) {
    return new BenchError(
      "port-forbidden",
      `${path} may not be opened by this user`,
      "`isnkit doctor` says which group or udev rule is missing",
    );
  }
  if (/ENOTTY|inappropriate ioctl/i.test(reason)) return notAPort(path, "it is no terminal device");
  return new BenchError(
    "port-failed",
    `${path} cannot be opened: ${reason}`,
    "unplug the board and plug it in again; `isnkit doctor` looks for causes",
  );
}

function notAPort(path: string, why: string): BenchError {
  return new BenchError(
    "not-a-port",
    `${path} is no serial port: ${why}`,
    "name a port such as /dev/ttyACM0; `isnkit boards` lists what is attached",
  );
}

function portLost(path: string, reason: string): BenchError {
  return new BenchError(
    "port-lost",
    `${path} is gone: unplugged, or switched off${HUNG_UP.test(reason) ? "" : ` (${reason})`}`,
    "check the cable and the hub's power, then run it again; `isnkit boards --watch` shows what comes and goes",
  );
}

function portClosed(path: string): BenchError {
  return new BenchError(
    "port-closed",
    `${path} was closed before everything was sent`,
    "the run was ended from outside: run it again",
  );
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
