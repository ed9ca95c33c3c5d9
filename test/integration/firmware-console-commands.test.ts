/** Numbers that a person or a program gives to a board: taken whole, or refused. */
import { execFileSync } from "node:child_process";
import { afterAll, beforeAll, expect, it } from "vitest";
import {
  compileHostProgram,
  describeWithCompiler,
  type HostProgram,
} from "../support/host-program.ts";

/** What the program says when no `n` came. */
const DEFAULT = "taken 7";

describeWithCompiler("a number in a command to a board", () => {
  let program: HostProgram;
  beforeAll(() => {
    program = compileHostProgram([
      "test/integration/firmware-console-commands.c",
      "boards/apps/console.c",
    ]);
  }, 60_000);
  afterAll(() => program.remove());

  const told = (command: string) =>
    execFileSync(program.path, { input: `${command}\n`, encoding: "utf8" }).trimEnd();
  const number = (text: string) => told(`do=x n=${text}`).replace(/ taken$/, "");
  const list = (text: string) => told(`do=x list=${text}`).slice(`${DEFAULT} `.length);

  it("is decimal or hexadecimal, up to 32 bits", () => {
    expect(number("0")).toBe("taken 0");
    expect(number("115")).toBe("taken 115");
    expect(number("4294967295")).toBe("taken 4294967295");
    expect(number("0xFfffFFFF")).toBe("taken 4294967295");
    expect(number("0x10f")).toBe("taken 271");
    expect(told("do=x n=12 m=3")).toBe("taken 12 taken");
  });

  it("is refused, and not cut or wrapped, when it is more than digits or 32 bits", () => {
    const wrong = ["10f", "99999999999", "4294967296", "0x100000000", "", "0x", "-1", "1.5", "+1"];
    for (const text of [...wrong, "1,2", "x10", "1e3", "18446744073709551617"]) {
      expect([text, number(text)]).toEqual([text, "refused 7"]);
    }
  });

  it("that is not given leaves the default", () => {
    expect(told("do=x")).toBe(`${DEFAULT} taken`);
  });

  it("may be one of a list, of which none may be wrong or too many", () => {
    expect(list("1,0x2,4294967295")).toBe("taken 1 2 4294967295");
    expect(list("5")).toBe("taken 5");
    for (const text of ["1,2,3,4", "1,,2", "1,", ",1", "", "1,2f", "1;2", "4294967296"]) {
      expect([text, list(text)]).toEqual([text, "refused"]);
    }
  });
});
