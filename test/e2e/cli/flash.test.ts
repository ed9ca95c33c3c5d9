/** `isnkit flash --module` as a person runs it, on an emulated board behind a pseudo-terminal. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { moduleImage } from "../../../host/flash/module-image.ts";
import { isnkit } from "../../support/command.ts";
import { BUILT_MODULE, FlashLab } from "../../support/flash-lab.ts";
import { named, withName } from "../../support/wasm-edit.ts";
import { buildFirmware, describeArm } from "../emulated/tools.ts";

describeArm("isnkit flash --module", () => {
  beforeAll(() => buildFirmware("mps2-an385"), 300_000);
  const lab = new FlashLab();
  afterEach(() => lab.dispose());
  const folder = mkdtempSync(join(tmpdir(), "isnkit-flash-cli-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  function file(name: string, bytes: Uint8Array): string {
    const path = join(folder, name);
    writeFileSync(path, bytes);
    return path;
  }

  async function provisionedPort(): Promise<string> {
    const at = await lab.provisioned();
    await at.link.close();
    return at.path;
  }

  it("tells what was before, what is now, and what became of the journal", async () => {
    const board = await provisionedPort();
    const next = named(BUILT_MODULE, "next");
    const { sha256 } = moduleImage(next);
    const module = file("next.wasm", next);
    const done = await isnkit(["flash", "--board", board, "--module", module]);
    expect(done.err).toContain("isnkit: on trial in slot a, boot count 2\n");
    expect(done.exitCode).toBe(0);
    expect(done.out).toContain(
      `module ${sha256.slice(0, 16)} (${next.length} bytes, ABI 1.1), slot a\n`,
    );
    expect(done.out).toContain(`  file      ${next.length} bytes, SHA-256 ${sha256}\n`);
    expect(done.out).toContain("  journal   kept, boot count 1 → 2\n");

    const again = await isnkit(["flash", "--board", board, "--module", module, "--format", "json"]);
    expect(JSON.parse(again.out)).toMatchObject({
      schema: "isnkit.flash/1",
      unchanged: true,
      sha256,
      after: { slot: "a", module: sha256 },
      journal: "kept",
    });

    const wiped = await isnkit(["flash", "--board", board, "--module", module, "--wipe-journal"]);
    expect(wiped.out).toContain(
      "  journal   wiped, key included: provision the device again; it then keeps quiet for 240 s (2 × MSL)\n",
    );
    expect(wiped.exitCode).toBe(0);
  }, 60_000);

  it("ends with exit 2 for a file that is no module, before the port is touched", async () => {
    const text = file("text.wasm", new TextEncoder().encode("hello"));
    const done = await isnkit(["flash", "--board", "/dev/null", "--module", text]);
    expect(done).toMatchObject({ exitCode: 2, out: "" });
    expect(done.err).toContain("it is no valid WebAssembly module");
    const alien = file("alien.wasm", withName(BUILT_MODULE, "import", "ticks", "tocks"));
    const refused = await isnkit(["flash", "--board", "/dev/null", "--module", alien]);
    expect(refused.err).toContain("it imports board.tocks, which no device gives");
  });

  it("ends with exit 130 at Ctrl-C, and the device runs its old module", async () => {
    const board = await provisionedPort();
    const module = file("next.wasm", named(BUILT_MODULE, "next"));
    let interrupt: () => void = () => undefined;
    let err = "";
    const done = await isnkit(["flash", "--board", board, "--module", module], {
      onInterrupt: (callback) => {
        interrupt = callback;
        return () => undefined;
      },
      err: (text) => {
        err += text;
        if (text.includes("the device checks it")) interrupt();
      },
    });
    expect(done.exitCode).toBe(130);
    expect(err).toContain("isnkit: interrupted; the device runs its old module\n");
    const kept = await isnkit(["flash", "--board", board, "--module", module, "--format", "json"]);
    expect(JSON.parse(kept.out)).toMatchObject({ before: { slot: "built-in", trial: false } });
  }, 60_000);
});
