/** Why a call was refused: told to the task that made it, where the platform keeps a word a task. */
import { execFileSync } from "node:child_process";
import { afterAll, beforeAll, expect, it } from "vitest";
import {
  compileHostProgram,
  describeWithCompiler,
  type HostProgram,
} from "../support/host-program.ts";

/** isnkit_reason_code of boards/kit/isnkit.h. */
const REASON = {
  ...{ storageFailed: 6, portsBusy: 10, tableFull: 11, argument: 12, trap: 0x102 },
};

describeWithCompiler("the reason of a refused call", () => {
  let program: HostProgram;
  beforeAll(() => {
    program = compileHostProgram(["test/integration/firmware-kit-reason.c", "boards/kit/isnkit.c"]);
  }, 60_000);
  afterAll(() => program?.remove());

  const told = (...args: string[]) =>
    execFileSync(program.path, args, { encoding: "utf8" }).trim().split("\n").map(Number);

  it("is the task's own, once, with task_reason; a trap stands above it", () => {
    const { argument, portsBusy, storageFailed, tableFull, trap } = REASON;
    expect(told("by task")).toEqual([argument, portsBusy, storageFailed, tableFull, trap]);
  });

  it("is that of the last call of all tasks without", () => {
    const { argument, storageFailed, tableFull, trap } = REASON;
    expect(told()).toEqual([argument, argument, storageFailed, tableFull, trap]);
  });
});
