/** What `isnkit check` says of a bad device on a serial line, and of a line that somebody else has. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { openSerialLink } from "../../../host/console/serial-link.ts";
import { BadDevice } from "../../support/bad-device.ts";
import { isnkit } from "../../support/command.ts";
import { describePty, inPtyFolder, joinedPty } from "../../support/pty-pair.ts";

describePty("a device on a serial line that repeats its numbers", () => {
  async function onTheBench(body: (words: string[], path: string) => Promise<void>) {
    await inPtyFolder(async (folder) => {
      const pair = await joinedPty(folder);
      const device = await BadDevice.on(pair.device);
      const bench = join(folder, "bench.json");
      const boards = { old: { model: "lm3s6965evb", port: pair.host } };
      await writeFile(bench, JSON.stringify({ boards }));
      try {
        await body(["--board", "old", "--bench", bench], pair.host);
      } finally {
        await device.stop();
        await pair.unplug();
      }
    });
  }

  it("reboots when it is told to, and fails the check with exit 1", async () => {
    await onTheBench(async (words) => {
      const reboot = await isnkit(["reboot", ...words, "--count", "2"]);
      expect(reboot.err).toBe("");
      expect(reboot.exitCode).toBe(0);
      const check = await isnkit(["check", ...words, "--reboots", "5", "--format", "json"]);
      expect(check.exitCode).toBe(1);
      const { rules } = JSON.parse(check.out) as { rules: { id: string; status: string }[] };
      const broken = rules.filter(({ status }) => status === "fail").map(({ id }) => id);
      expect(broken).toContain("isn-reuse");
      expect(broken).toContain("isn-repeats-after-boot");
      expect(broken).toContain("port-repeats-after-boot");
      expect(broken).not.toContain("reboot-unproven");
    });
  }, 60_000);

  it("is left alone while another program has its port", async () => {
    await onTheBench(async (words, path) => {
      const other = await openSerialLink({ path, baud: 115_200 });
      try {
        for (const command of ["reboot", "check", "provision"]) {
          const { exitCode, out, err } = await isnkit([command, ...words]);
          expect(err).toContain("is in use by another program");
          expect(out).not.toMatch(/PASS|FAIL|fingerprint/);
          expect(exitCode).toBe(3);
        }
      } finally {
        await other.close();
      }
    });
  }, 60_000);

  it("that was provisioned with its own key is not given another", async () => {
    await onTheBench(async (words) => {
      await isnkit(["reboot", ...words]);
      const { exitCode, err } = await isnkit(["provision", ...words]);
      expect(exitCode).toBe(2);
      expect(err).toContain("has a key already (fingerprint 0badc0de)");
    });
  }, 60_000);
});
