/** The board with slots for modules, in QEMU on a pseudo-terminal; its memory outlives power cuts. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, open, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { firmwarePath } from "../../host/boards/board-firmware.ts";
import { mainMemoryArguments } from "../../host/emulated/qemu-board.ts";

const MEMORY_BYTES = 16 * 1024 * 1024;
/** Journal, log and slots. */
export const USED_BYTES = 64 * 1024;
export const JOURNAL_BYTES = 8 * 1024;

export class SlotsBoard {
  readonly #folder: string;
  readonly #firmware: string;
  #qemu: ChildProcess | undefined;

  private constructor(folder: string, firmware: string) {
    this.#folder = folder;
    this.#firmware = firmware;
  }

  /** Without power, its memory erased. */
  static async create(): Promise<SlotsBoard> {
    const folder = await mkdtemp(join(tmpdir(), "isnkit-slots-"));
    const file = join(folder, "memory");
    await writeFile(file, new Uint8Array(USED_BYTES).fill(0xff));
    await truncate(file, MEMORY_BYTES);
    return new SlotsBoard(folder, await firmwarePath("mps2-an385", "conformance-wasm3"));
  }

  /** Switches the power on. Returns the path of its serial port. */
  async powerOn(): Promise<string> {
    const memory = mainMemoryArguments("mps2-an385", join(this.#folder, "memory"), MEMORY_BYTES);
    const rest = ["-display", "none", "-monitor", "none", "-nodefaults", "-nic", "none"];
    const qemu = spawn(
      "qemu-system-arm",
      [...memory, ...rest, "-serial", "pty", "-kernel", this.#firmware],
      { stdio: ["ignore", "pipe", "pipe"] },
    );
    this.#qemu = qemu;
    let said = "";
    for await (const text of qemu.stdout) {
      said += String(text);
      const [path] = /\/dev\/pts\/\d+/.exec(said) ?? [];
      if (path !== undefined) return path;
    }
    throw new Error(`QEMU ended: ${said}`);
  }

  /** SIGKILL: the port vanishes, and every word that was stored stays. */
  async cutPower(): Promise<void> {
    const qemu = this.#qemu;
    this.#qemu = undefined;
    if (qemu === undefined || qemu.exitCode !== null || qemu.signalCode !== null) return;
    const gone = once(qemu, "exit");
    qemu.kill("SIGKILL");
    await gone;
  }

  async readMemory(): Promise<Uint8Array> {
    return (await readFile(join(this.#folder, "memory"))).subarray(0, USED_BYTES);
  }

  /** Only without power. */
  async writeMemory(contents: Uint8Array): Promise<void> {
    const file = await open(join(this.#folder, "memory"), "r+");
    try {
      await file.write(contents, 0, contents.length, 0);
    } finally {
      await file.close();
    }
  }

  async dispose(): Promise<void> {
    await this.cutPower();
    await rm(this.#folder, { recursive: true, force: true });
  }
}
