/** `isnkit check --board` on emulated boards, from the command line to the exit code. */
import { beforeAll, expect, it } from "vitest";
import { isnkit } from "../../support/command.ts";
import { buildFirmware, describeArm, emulatorsLeft } from "./tools.ts";

interface Report {
  readonly verdict: string;
  readonly rules: readonly { readonly id: string; readonly status: string }[];
  readonly notes: readonly string[];
  readonly replay: string;
}

/** Reboots without a network; a longer campaign by ISNKIT_ARM_REBOOTS. */
const WITHOUT_NETWORK = Number(process.env.ISNKIT_ARM_REBOOTS ?? 200);

describeArm("isnkit check on emulated boards", () => {
  beforeAll(() => buildFirmware());

  it.each([
    ["qemu:lm3s6965evb:wasm2c", WITHOUT_NETWORK],
    ["rp2040js:rpi-pico", WITHOUT_NETWORK],
  ])(
    "passes %s over %i reboots without a network",
    async (board, reboots) => {
      const words = ["--board", board, "--reboots", String(reboots), "--seed", "11"];
      const { exitCode, out, err } = await isnkit(["check", ...words, "--format", "json"]);
      expect(err).toBe("");
      const report: Report = JSON.parse(out);
      expect(report.rules.filter(({ status }) => status !== "pass")).toEqual([]);
      expect(report.notes[0]).toMatch(/^without a network \(/);
      expect(report.replay).toBe(`isnkit check ${words.join(" ")}`);
      expect(exitCode).toBe(0);
      expect(emulatorsLeft()).toEqual([]);
    },
    WITHOUT_NETWORK * 1_000 + 60_000,
  );

  it("refuses a model and a firmware that are not there", async () => {
    for (const board of ["qemu:nonesuch", "qemu:lm3s6965evb:nonesuch", "qemu:stm32f4"]) {
      const { exitCode, err } = await isnkit(["check", "--board", board, "--reboots", "1"]);
      expect(err).toMatch(/^isnkit: .+\n {2}next: .+\n$/);
      expect(exitCode).toBe(2);
    }
  });
});
