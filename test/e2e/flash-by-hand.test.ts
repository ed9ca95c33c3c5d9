/** The way without isnkit: typed commands, and sb of lrzsz, on an emulated board behind a pseudo-terminal. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { moduleImage } from "../../host/flash/module-image.ts";
import { ymodemHeader } from "../../host/flash/ymodem-block.ts";
import { findProgram } from "../../host/system/guarded-process.ts";
import { BUILT_MODULE, FlashLab } from "../support/flash-lab.ts";
import { named } from "../support/wasm-edit.ts";
import { buildFirmware, describeArm, requireAll } from "./emulated/tools.ts";

const hasSb = findProgram("sb") !== undefined || requireAll;
if (!hasSb) console.warn("left out: a module by hand (missing sb; apt-get install lrzsz)");

describeArm("a module by hand", () => {
  beforeAll(() => buildFirmware("mps2-an385"), 300_000);
  const lab = new FlashLab();
  const folder = mkdtempSync(join(tmpdir(), "isnkit-hand-"));
  afterEach(async () => {
    await lab.dispose();
    rmSync(folder, { recursive: true, force: true });
  });

  describe.skipIf(!hasSb && process.env.ISNKIT_REQUIRE_ALL !== "1")(
    "with any program that sends YMODEM",
    () => {
      it("goes in, is tried, and stays when it is confirmed", async () => {
        const first = await lab.provisioned();
        const module = named(BUILT_MODULE, "by hand");
        const { sha256 } = moduleImage(module);
        const file = join(folder, "new.wasm");
        writeFileSync(file, module);
        // A person types; the console takes lines without a checksum.
        await first.link.write(Buffer.from("do=receive\r"));
        await first.device.line.record(({ type }) => type === "receive", 10_000);
        await first.link.close();

        const port = openSync(first.path, "r+");
        const sb = spawn("sb", ["--ymodem", "-k", file], { stdio: [port, port, "ignore"] });
        onTestFinished(() => void sb.kill());
        const [code] = await once(sb, "exit");
        closeSync(port);
        expect(code).toBe(0);

        const { device, link } = await lab.attached(first.board, first.path);
        // sb sends its last block again for each invitation that was waiting; the device has ended by then.
        await link.write(Buffer.from(ymodemHeader("", 0)));
        await link.write(Buffer.from(`do=try sha=${sha256}\r`));
        const checked = await device.line.record(({ type }) => type === "checked", 20_000);
        expect(Object.fromEntries(checked?.fields ?? [])).toMatchObject({ ok: "1" });
        await device.hello();
        expect(await device.started()).toMatchObject({ module: sha256, trial: true, boots: 2 });
        for (;;) {
          const answer = await device.command({ do: "confirm", sha: sha256 }, "confirmed");
          if (answer.fields.get("why") !== "too-early") break;
          await device.line.record(() => false, Number(answer.fields.get("ms")));
        }
        await device.restart("reset");
        expect(await device.started()).toMatchObject({ module: sha256, trial: false, slot: "a" });
      }, 60_000);
    },
  );
});
