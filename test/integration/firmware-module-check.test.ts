import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  compileHostProgram,
  describeWithCompiler,
  type HostProgram,
} from "../support/host-program.ts";
import { functionIndex, named, OP, withBody, withName } from "../support/wasm-edit.ts";

const MODULE = new Uint8Array(readFileSync(new URL("../../build/isnkit.wasm", import.meta.url)));
const CASES = 4000;

describeWithCompiler("the validator in front of wasm3", () => {
  let program: HostProgram;
  beforeAll(() => {
    program = compileHostProgram(
      [
        "test/integration/firmware-module-check.c",
        "boards/update/module_check.c",
        ...["binary", "sections", "code"].map((part) => `boards/update/module_check/${part}.c`),
      ],
      ["-fsanitize=address", "-g"],
    );
  }, 60_000);
  afterAll(() => program.remove());

  /** What the device says to each module. */
  function verdicts(modules: readonly Uint8Array[]): string[] {
    const input = Buffer.concat(
      modules.flatMap((bytes) => {
        const head = Buffer.alloc(4);
        head.writeUInt32LE(bytes.length);
        return [head, bytes];
      }),
    );
    return execFileSync(program.path, { input, encoding: "utf8" }).trim().split("\n");
  }
  const verdict = (bytes: Uint8Array) => verdicts([bytes])[0];
  const isValid = (bytes: Uint8Array) => WebAssembly.validate(Uint8Array.from(bytes));

  it("takes the module as it was built", () => {
    expect(verdicts([MODULE, named(MODULE, "other")])).toEqual(["ok", "ok"]);
  });

  const wrong: readonly [string, string, () => Uint8Array][] = [
    ["nothing", "no-module", () => new Uint8Array(0)],
    ["text", "no-module", () => new TextEncoder().encode("this is not WebAssembly")],
    ["half of it", "truncated", () => MODULE.subarray(0, MODULE.length >> 1)],
    ["another import module", "import", () => withName(MODULE, "import", "board", "bored")],
    ["an unknown import", "import", () => withName(MODULE, "import", "ticks", "tocks")],
    ["a missing export", "export", () => withName(MODULE, "export", "poll", "pole")],
    ["a wrong type on the stack", "stack", () => withBody(MODULE, "version", [0x42, 0, 0x0b])],
    ["too little on the stack", "stack", () => withBody(MODULE, "version", [0x6a, 0x0b])],
    ["a value too many", "stack", () => withBody(MODULE, "version", [0x41, 0, 0x41, 0, 0x0b])],
    ["a local that is not there", "local", () => withBody(MODULE, "version", [0x20, 5, 0x0b])],
    ["a branch to nowhere", "label", () => withBody(MODULE, "version", [0x0c, 9, 0x0b])],
    ["a call of nothing", "call", () => withBody(MODULE, "version", [0x10, 0xff, 0x01, 0x0b])],
    [
      "a table of branches that do not agree",
      "label",
      () =>
        withBody(MODULE, "version", [
          ...[0x02, 0x7f, 0x02, 0x40, 0x41, 0, 0x41, 0, 0x0e, 1, 0, 1, 0x0b, 0x41, 0, 0x0b, 0x0b],
        ]),
    ],
    [
      "a constant with bits beyond its width",
      "number",
      () => withBody(MODULE, "version", [0x41, 0x80, 0x80, 0x80, 0x80, 0x70, 0x0b]),
    ],
    [
      "an index with bits beyond its width",
      "number",
      () => withBody(MODULE, "version", [0x20, 0x80, 0x80, 0x80, 0x80, 0x10, 0x0b]),
    ],
    ["a float", "opcode", () => withBody(MODULE, "version", [0x43, 0, 0, 0, 0, 0xa8, 0x0b])],
    ["growing memory", "opcode", () => withBody(MODULE, "version", [0x41, 0, 0x40, 0, 0x0b])],
    ["sign extension", "opcode", () => withBody(MODULE, "version", [0x41, 0, 0xc0, 0x0b])],
    ["a body without an end", "truncated", () => withBody(MODULE, "version", [0x41, 0])],
    [
      "a function that calls itself",
      "recursion",
      () => withBody(MODULE, "version", [...OP.call(functionIndex(MODULE, "version")), ...OP.end]),
    ],
    [
      "functions that call one another",
      "recursion",
      () => {
        const [a, b] = [functionIndex(MODULE, "version"), functionIndex(MODULE, "ioBytes")];
        const half = withBody(MODULE, "version", [...OP.call(b), ...OP.end]);
        return withBody(half, "ioBytes", [...OP.call(a), ...OP.end]);
      },
    ],
  ];
  it.each(wrong)("refuses %s: %s", (_, why, make) => {
    expect(verdict(make())).toBe(why);
  });

  it("refuses a section that the device has no use for, and one out of order", () => {
    const table = [4, 4, 1, 0x70, 0, 1];
    const start = [8, 1, 0];
    expect(verdict(Uint8Array.from([...MODULE.subarray(0, 8), ...table]))).toBe("section");
    expect(verdict(Uint8Array.from([...MODULE, ...start]))).toBe("section");
    expect(verdict(Uint8Array.from([...MODULE.subarray(0, 8), 5, 3, 1, 0, 1]))).toBe("memory");
  });

  describe("against the engine of this machine", () => {
    it("takes nothing that the engine refuses: modules with damaged bytes", () => {
      const modules: Uint8Array[] = [];
      fc.assert(
        fc.property(
          fc.array(
            fc.tuple(
              fc.integer({ min: 8, max: MODULE.length - 1 }),
              fc.integer({ min: 0, max: 255 }),
            ),
            { minLength: 1, maxLength: 2 },
          ),
          (edits) => {
            const bytes = Uint8Array.from(MODULE);
            for (const [at, value] of edits) bytes[at] = value;
            modules.push(bytes);
          },
        ),
        { numRuns: CASES },
      );
      const found = compare(modules);
      // Most damage is refused by both; where it only changes a constant, both take it.
      expect(found.taken).toBeGreaterThan(CASES / 20);
      expect(found.refused).toBeGreaterThan(CASES / 20);
    });

    it("takes nothing that the engine refuses: bodies of random instructions", () => {
      const instruction = fc.oneof(
        fc.constantFrom<readonly number[]>(
          ...[[0x0b], [0x02, 0x40], [0x03, 0x7f], [0x04, 0x40], [0x05], [0x0f], [0x00], [0x1a]],
          ...[[0x1b], [0x41, 1], [0x42, 2], [0x6a], [0x7c], [0xa7], [0xad], [0x45], [0x50]],
          ...[
            [0x28, 2, 0],
            [0x29, 3, 0],
            [0x36, 2, 0],
            [0x3e, 2, 0],
            [0x2d, 1, 0],
            [0x23, 0],
          ],
          ...[
            [0x20, 0],
            [0x21, 0],
            [0x22, 0],
            [0x0c, 0],
            [0x0d, 0],
            [0x0c, 1],
            [0x10, 0],
          ],
          ...[[0x0e, 1, 0, 1], [0x01], [0x3f, 0], [0x24, 1], [0x10, 3], [0x02, 0x7f]],
        ),
        // Pieces that are right by themselves, so that some whole bodies are.
        fc.constantFrom<readonly number[]>(
          ...[
            [0x41, 1, 0x1a],
            [0x42, 1, 0x50, 0x1a],
            [0x02, 0x40, 0x0b],
            [0x03, 0x40, 0x0b],
          ],
          ...[
            [0x41, 0, 0x28, 2, 8, 0x1a],
            [0x41, 0, 0x42, 1, 0x37, 3, 0],
            [0x02, 0x7f, 0x41, 9],
          ],
          ...[
            [0x41, 1, 0x04, 0x7f, 0x41, 2, 0x05, 0x41, 3, 0x0b, 0x1a],
            [0x41, 1, 0x0d, 0],
          ],
        ),
        fc.array(fc.integer({ min: 0, max: 255 }), { minLength: 1, maxLength: 2 }),
      );
      const modules: Uint8Array[] = [];
      fc.assert(
        fc.property(
          fc.constantFrom("version", "configureClock", "reservePorts"),
          fc.array(instruction, { minLength: 1, maxLength: 8 }),
          fc.boolean(),
          (name, code, isReturned) => {
            const tail = isReturned ? [0x41, 0, 0x0b] : [0x00, 0x0b];
            modules.push(withBody(MODULE, name, [...code.flat(), ...tail]));
          },
        ),
        { numRuns: CASES },
      );
      const found = compare(modules);
      expect(found.taken).toBeGreaterThan(CASES / 20);
      expect(found.refused).toBeGreaterThan(CASES / 20);
    });

    /** The device may be stricter than the engine, by its own rules only; never less strict. */
    function compare(modules: readonly Uint8Array[]) {
      const answers = verdicts(modules);
      const found = { taken: 0, refused: 0 };
      modules.forEach((bytes, i) => {
        const answer = answers[i] ?? "";
        if (answer === "ok") {
          if (!isValid(bytes))
            throw new Error(`taken, but not valid: ${Buffer.from(bytes).toString("base64")}`);
          found.taken++;
        } else if (isValid(bytes)) {
          expect(STRICTER).toContain(answer);
        } else found.refused++;
      });
      return found;
    }
  });
});

/** Reasons that stand for limits of the device, not for faults of the module. */
const STRICTER = [
  ...["import", "export", "memory", "data", "recursion", "opcode", "section", "constant"],
  ...["types", "functions", "globals", "exports", "locals", "operands", "nesting", "type"],
];
