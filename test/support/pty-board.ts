/** A board in QEMU behind a pseudo-terminal, with a relay for its power (scripts/emulated-desk). */
import { execFileSync } from "node:child_process";
import { access, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describeArm } from "../e2e/emulated/tools.ts";

const RELAY = fileURLToPath(new URL("../../scripts/emulated-desk", import.meta.url));
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
    execFileSync(RELAY, ["new", MODEL, folder, program], { stdio: "pipe" });
    return new PtyBoard(folder);
  }

  /** The relay's command, as bench.json has it. */
  command(action: RelayAction): string[] {
    return [RELAY, action, this.folder];
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
export const describeSerialBoard = describeArm;
