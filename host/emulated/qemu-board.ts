/**
 * A board in QEMU (7.2 or later): serial console over a unix socket, the journal's EEPROM as a file that
 * survives, SIGKILL as the power cut. RAM is lost at each power-on, as on the real board.
 */
import { open, rm, truncate, writeFile } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import type { Console, PoweredBoard } from "../boards/powered-board.ts";
import { BenchError } from "../core/errors.ts";
import { GuardedProcess } from "../system/guarded-process.ts";
import { TemporaryFolder } from "../system/temporary-folder.ts";

const INSTALL_QEMU =
  "run scripts/setup-arm, or apt-get install --no-install-recommends qemu-system-arm";

export interface QemuBoardOptions {
  readonly name: string;
  /** QEMU's name of the machine. */
  readonly machine: string;
  /** Path of the firmware, an ELF file. */
  readonly firmware: string;
  /** Size of the EEPROM in bytes, a multiple of 512; 0: the board has none, or it is missing. */
  readonly eepromBytes: number;
  /** The journal begins the machine's main memory, a file of this size, instead of an EEPROM. */
  readonly mainMemoryBytes?: number;
  /** What the EEPROM holds at first; absent: erased, all 0xFF. */
  readonly eepromContents?: Uint8Array;
  /** The EEPROM takes no writes, as with its write-protect pin high. */
  readonly writeProtected?: boolean;
  /** Further arguments: a network, instruction counting. */
  readonly extra?: readonly string[];
  /** The same for one power cycle, counted from 0: a recording of its own. */
  readonly extraOfCycle?: (cycle: number) => readonly string[];
  /** A command that runs the emulator in another place: a network namespace. */
  readonly prefix?: readonly string[];
  /** How long the emulator may take to open its console, in milliseconds. */
  readonly startMs?: number;
}

const START_MS = 20_000;
const EEPROM_FILE = "eeprom.bin";
const CONSOLE_FILE = "console";
const PROGRAM = "qemu-system-arm";

export class QemuBoard implements PoweredBoard {
  readonly name: string;
  readonly #options: QemuBoardOptions;
  #folder: TemporaryFolder | undefined;
  #cycle = 0;
  #process: GuardedProcess | undefined;
  #server: Server | undefined;
  #socket: Socket | undefined;

  constructor(options: QemuBoardOptions) {
    this.name = options.name;
    this.#options = options;
  }

  async powerOn(): Promise<Console> {
    await this.powerOff();
    const folder = await this.#prepare();
    const path = join(folder, CONSOLE_FILE);
    await rm(path, { force: true });
    const { server, connection } = await listen(path);
    this.#server = server;
    const emulator = GuardedProcess.start({
      program: PROGRAM,
      args: this.#arguments(folder),
      install: INSTALL_QEMU,
      ...(this.#options.prefix === undefined ? {} : { prefix: this.#options.prefix }),
    });
    this.#process = emulator;
    const socket = await this.#firstOf(connection, emulator);
    this.#socket = socket;
    // A reset by the peer is what a SIGKILL looks like from here: the stream just ends.
    socket.on("error", () => socket.destroy());
    return { write: (text) => void socket.write(text), output: output(socket, emulator) };
  }

  async powerOff(): Promise<void> {
    const emulator = this.#process;
    this.#process = undefined;
    this.#server?.close();
    this.#server = undefined;
    if (emulator !== undefined) await emulator.kill();
    // What the emulator had sent is still to be read, so the socket ends by itself.
    this.#socket = undefined;
  }

  async readStorage(): Promise<Uint8Array> {
    const file = await open(join(await this.#prepare(), EEPROM_FILE));
    try {
      const contents = new Uint8Array(this.#options.eepromBytes);
      await file.read(contents, 0, contents.length, 0);
      return contents;
    } finally {
      await file.close();
    }
  }

  async replaceStorage(contents: Uint8Array): Promise<void> {
    // What lies behind the journal, the slots of modules, stays.
    const file = await open(join(await this.#prepare(), EEPROM_FILE), "r+");
    try {
      await file.write(contents, 0, contents.length, 0);
    } finally {
      await file.close();
    }
  }

  async dispose(): Promise<void> {
    this.#socket?.destroy();
    await this.powerOff();
    const folder = this.#folder;
    this.#folder = undefined;
    await folder?.remove();
  }

  async #prepare(): Promise<string> {
    if (this.#folder !== undefined) return this.#folder.path;
    this.#folder = await TemporaryFolder.create("isnkit-qemu-");
    const folder = this.#folder.path;
    const { eepromBytes, eepromContents } = this.#options;
    if (eepromBytes > 0) {
      await writeFile(
        join(folder, EEPROM_FILE),
        eepromContents ?? new Uint8Array(eepromBytes).fill(0xff),
      );
      if (this.#options.mainMemoryBytes !== undefined) {
        await truncate(join(folder, EEPROM_FILE), this.#options.mainMemoryBytes);
      }
    }
    return folder;
  }

  #arguments(folder: string): string[] {
    const { machine, firmware, eepromBytes, writeProtected, extraOfCycle } = this.#options;
    const extra = [...(this.#options.extra ?? []), ...(extraOfCycle?.(this.#cycle++) ?? [])];
    const { mainMemoryBytes } = this.#options;
    const base = ["-display", "none", "-monitor", "none", "-nodefaults"];
    const named =
      mainMemoryBytes === undefined
        ? ["-M", machine]
        : mainMemoryArguments(machine, join(folder, EEPROM_FILE), mainMemoryBytes);
    const eeprom =
      eepromBytes === 0 || mainMemoryBytes !== undefined
        ? []
        : [
            "-blockdev",
            `driver=file,filename=${join(folder, EEPROM_FILE)},node-name=eeprom`,
            "-device",
            `at24c-eeprom,bus=i2c,address=0x50,rom-size=${eepromBytes},drive=eeprom,` +
              `writable=${writeProtected === true ? "off" : "on"}`,
          ];
    const network = extra.some((argument) => argument.startsWith("-nic")) ? [] : ["-nic", "none"];
    const serial = [
      "-chardev",
      `socket,id=console,path=${join(folder, CONSOLE_FILE)}`,
      "-serial",
      "chardev:console",
    ];
    return [...named, ...base, ...network, ...eeprom, ...serial, ...extra, "-kernel", firmware];
  }

  /** The console's connection, or a BenchError when the emulator ends or stays silent first. */
  async #firstOf(connection: Promise<Socket>, emulator: GuardedProcess): Promise<Socket> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<"late">((resolve) => {
      timer = setTimeout(() => resolve("late"), this.#options.startMs ?? START_MS);
    });
    const first = await Promise.race([
      connection,
      emulator.ended.then(() => "ended" as const),
      late,
    ]);
    clearTimeout(timer);
    if (typeof first !== "string") return first;
    const words = emulator.lastWords;
    await this.powerOff();
    throw new BenchError(
      first === "ended" ? "emulator-ended" : "emulator-silent",
      `${PROGRAM} for ${this.name} ${first === "ended" ? "ended at its start" : "did not open its console"}${words === "" ? "" : `: ${words}`}`,
      "try the firmware by hand as in docs/bench-arm.md, or install the emulator again: scripts/setup-arm",
    );
  }
}

/**
 * A file as the machine's main memory. A store reaches it at once and survives SIGKILL, so the power cut
 * comes between any two words.
 */
export function mainMemoryArguments(machine: string, file: string, bytes: number): string[] {
  return [
    "-M",
    `${machine},memory-backend=main`,
    "-object",
    `memory-backend-file,id=main,size=${bytes},share=on,mem-path=${file}`,
  ];
}

async function listen(path: string): Promise<{ server: Server; connection: Promise<Socket> }> {
  const server = createServer();
  const connection = new Promise<Socket>((resolve) => server.once("connection", resolve));
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, resolve);
  });
  // An open server must not keep the bench alive.
  server.unref();
  return { server, connection };
}

async function* output(socket: Socket, emulator: GuardedProcess): AsyncGenerator<Uint8Array> {
  try {
    for await (const bytes of socket) yield bytes as Uint8Array;
  } catch {
    // The socket was torn down with the power.
  }
  if (emulator.killed) return;
  await emulator.ended;
  if (emulator.killed) return;
  throw new BenchError(
    "emulator-ended",
    `the emulator ended by itself: ${emulator.lastWords || "no message"}`,
    "run the check again; if it happens again, try the firmware by hand as in docs/bench-arm.md",
  );
}
