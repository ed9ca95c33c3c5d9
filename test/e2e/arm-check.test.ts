/** `isnkit check --board` on emulated boards, from the command line to the exit code. */
import { beforeAll, expect, it } from "vitest";
import { isnkit } from "../support/command.ts";
import { buildFirmware, describeArm, emulatorsLeft } from "./arm-tools.ts";

interface Report {
  readonly verdict: string;
  readonly rules: readonly { readonly id: string; readonly status: string }[];
  readonly replay: string;
}

describeArm("isnkit check on emulated boards", () => {
  beforeAll(() => buildFirmware());

  it.each([["qemu:lm3s6965evb", 20] as const, ["rp2040js:rpi-pico", 40] as const])(
    "passes %s over %i reboots",
    async (board, reboots) => {
      const words = ["--board", board, "--reboots", String(reboots), "--seed", "11"];
      const { exitCode, out, err } = await isnkit(["check", ...words, "--format", "json"]);
      expect(err).toBe("");
      const report: Report = JSON.parse(out);
      expect(report.rules.filter(({ status }) => status !== "pass")).toEqual([]);
      expect(report.replay).toBe(`isnkit check ${words.join(" ")}`);
      expect(exitCode).toBe(0);
      expect(emulatorsLeft()).toEqual([]);
    },
  );

  it("refuses a model and a firmware that are not there", async () => {
    for (const board of ["qemu:nonesuch", "qemu:lm3s6965evb:nonesuch", "qemu:stm32f4"]) {
      const { exitCode, err } = await isnkit(["check", "--board", board, "--reboots", "1"]);
      expect(err).toMatch(/^isnkit: .+\n {2}next: .+\n$/);
      expect(exitCode).toBe(2);
    }
  });
});
