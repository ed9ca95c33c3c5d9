/** A board in QEMU behind a pseudo-terminal, with a relay for its power (pty-board.sh). */
import { execFileSync } from "node:child_process";
import { access, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe } from "vitest";
import { firmwarePath } from "../../host/boards/board-firmware.ts";
import { findProgram } from "../../host/boards/guarded-process.ts";
import { describeArm, requireAll } from "../e2e/arm-tools.ts";

const RELAY = fileURLToPath(new URL("pty-board.sh", import.meta.url));
const MODEL = "lm3s6965evb";

export type RelayAction = "on" | "off" | "reset";

export class PtyBoard {
  readonly folder: string;
  /** Path of the serial port: a link that comes and goes with the power. */
  readonly port: string;

  private constructor(folder: string) {
    this.folder = folder;
    this.port = join(folder, "port");
  }

  /** Without power. `program`: a firmware of the LM3S6965. */
  static async create(program = "conformance-wasm2c"): Promise<PtyBoard> {
    const folder = await mkdtemp(join(tmpdir(), "isnkit-pty-"));
    await writeFile(join(folder, "eeprom"), new Uint8Array(8192).fill(0xff));
    await symlink(await firmwarePath(MODEL, program), join(folder, "firmware"));
    return new PtyBoard(folder);
  }

  /** The relay's command, as bench.json has it. */
  command(action: RelayAction): string[] {
    return [RELAY, this.folder, action];
  }

  switch(action: RelayAction): void {
    const [program = "", ...args] = this.command(action);
    execFileSync(program, args, { stdio: "pipe" });
  }

  /** Path of the port now; undefined without power. */
  locate = (): Promise<string | undefined> =>
    access(this.port).then(
      () => this.port,
      () => undefined,
    );

  async dispose(): Promise<void> {
    this.switch("off");
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** `describe`, or a skip that says what to install; a failure where everything is required. */
export function describeSerialBoard(name: string, body: () => void): void {
  if (findProgram("socat") !== undefined || requireAll) {
    describeArm(name, body);
    return;
  }
  console.warn(`left out: ${name} (missing socat; apt-get install socat)`);
  describe.skip(name, body);
}
