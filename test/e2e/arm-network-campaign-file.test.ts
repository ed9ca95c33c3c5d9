/** A campaign file on the bench's network, whose servers are its own. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeAll, expect, it } from "vitest";
import { TemporaryFolder } from "../../host/boards/temporary-folder.ts";
import { isnkit } from "../support/command.ts";
import { describeNetwork } from "./arm-network-tests.ts";
import { buildFirmware } from "./arm-tools.ts";

describeNetwork("a campaign on the bench's network", () => {
  beforeAll(() => buildFirmware("lm3s6965evb"), 300_000);
  let folder: TemporaryFolder | undefined;
  afterEach(() => folder?.remove());

  it("refuses servers of a file, and names the board that follows them", async () => {
    folder = await TemporaryFolder.create("isnkit-campaign-");
    const file = join(folder.path, "campaign.json");
    const workload = { servers: [{ address: "192.0.2.1", port: 80 }] };
    await writeFile(file, JSON.stringify({ seed: 1, reboots: 1, workload }));
    const words = ["check", "--board", "qemu:lm3s6965evb", "--campaign", file];
    const { exitCode, err } = await isnkit(words);
    expect(err).toContain("next: check qemu:lm3s6965evb:wasm2c");
    expect(exitCode).toBe(2);
  });

  it("is not offered to go on when it is interrupted", async () => {
    let interrupt: () => void = () => undefined;
    let looks = 0;
    let said = "";
    const { exitCode } = await isnkit(
      ["check", "--board", "qemu:lm3s6965evb", "--reboots", "50", "--seed", "3"],
      {
        errIsTerminal: true,
        onInterrupt: (act) => {
          interrupt = act;
          return () => undefined;
        },
        err: (text) => {
          said += text;
          if (++looks === 2) interrupt();
        },
      },
    );
    expect(exitCode).toBe(130);
    expect(said).toContain("a run on an emulated network cannot go on");
    expect(said).not.toMatch(/--resume|--keep/);
  }, 120_000);
});
