import { execFileSync } from "node:child_process";
import { afterAll, beforeAll, expect, it } from "vitest";
import {
  compileHostProgram,
  describeWithCompiler,
  type HostProgram,
} from "../support/host-program.ts";

const LINE =
  /^(\S+) after (\d): old (\d), (\d+) operations, (\d+) cuts, (\d+) without a module, (\d+) unproven, (\d+) twice$/;

describeWithCompiler("the slots for modules, with the power cut at every operation", () => {
  let program: HostProgram;
  beforeAll(() => {
    program = compileHostProgram([
      "test/integration/firmware-slots-model.c",
      "boards/update/module_slots.c",
      "boards/kit/sha256.c",
    ]);
  }, 60_000);
  afterAll(() => program.remove());

  it("always leave the old or the confirmed new module, and program no cell twice", () => {
    const lines = execFileSync(program.path, { encoding: "utf8" }).trim().split("\n");
    // Updates that are confirmed, given up, refused, or end in the watchdog; with none to three before.
    expect(lines.pop()).toBe("rot: whole 2, active 1, both 0, candidate 2");
    expect(lines).toHaveLength(20);
    for (const line of lines) {
      const [, name, history, old, operations, cuts, without, unproven, twice] =
        LINE.exec(line) ?? [];
      expect({ line, old }).toEqual({ line, old: history });
      expect(Number(operations), name).toBeGreaterThanOrEqual(7);
      expect(Number(cuts)).toBe(Number(operations) * 25);
      expect({ line, without, unproven, twice }).toEqual({
        line,
        without: "0",
        unproven: "0",
        twice: "0",
      });
    }
  });
});
