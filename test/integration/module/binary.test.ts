import { readFileSync } from "node:fs";
import binaryen from "binaryen";
import { beforeAll, describe, expect, it, vi } from "vitest";
import * as abi from "../../../host/module/abi.ts";
import type { IsnModule } from "../../../host/module/isn-module.ts";
import { BUILDS, RELEASE, RELEASE_BYTES } from "../../support/builds.ts";
import { GEOMETRIES } from "../../support/geometries.ts";
import { Lab, LOCAL, REMOTE } from "../../support/lab.ts";
import { readWasmSections } from "../../support/wasm-sections.ts";

/** binaryen takes hold of the console when it is loaded, and prints there what it finds wrong. */
const { complaints, consoleError } = vi.hoisted(() => {
  const complaints: string[] = [];
  const consoleError = console.error;
  console.error = (...words: unknown[]) => void complaints.push(words.join(" "));
  return { complaints, consoleError };
});
beforeAll(() => {
  console.error = consoleError;
});

/** Static memory, in bytes. */
const MEMORY_LIMIT = 2_048;
const PATTERN = 0xa5;
const TABLE_ENTRIES = 32;

function text(path: string): string {
  return readFileSync(new URL(`../../../${path}`, import.meta.url), "utf8");
}

describe("the release binary", () => {
  const sections = readWasmSections(RELEASE_BYTES);

  it("is at most 8,960 bytes long", () => {
    expect(RELEASE_BYTES.length).toBeGreaterThan(0);
    expect(RELEASE_BYTES.length).toBeLessThanOrEqual(8_960);
  });

  it("imports five functions, all from its board", () => {
    const names = sections.imports.map(({ module, name, kind }) => `${kind} ${module}.${name}`);
    expect(names.sort()).toEqual([
      "function board.entropy",
      "function board.erase",
      "function board.program",
      "function board.read",
      "function board.ticks",
    ]);
  });

  it("has one memory of one page, no table, and nothing that runs before boot", () => {
    expect(sections.memories).toEqual([{ initial: 1, maximum: 1 }]);
    expect(sections.tables).toBe(0);
    expect(sections.start).toBe(false);
  });

  it("carries data only in its static memory, and no names of its build", () => {
    for (const { offset, bytes } of sections.data) {
      expect(offset + bytes).toBeLessThanOrEqual(MEMORY_LIMIT);
    }
    expect(sections.customSections).toEqual([]);
  });

  it("exports functions and its memory, nothing else", () => {
    const others = sections.exports.filter(({ kind }) => kind !== "function");
    expect(others).toEqual([{ name: "memory", kind: "memory" }]);
  });

  it("needs no feature beyond the first version of WebAssembly", () => {
    expect(validAsMvp(binaryen.readBinary(RELEASE_BYTES))).toBe(true);
    // The same judgement must turn down a module that uses a later feature.
    const later = new binaryen.Module();
    const extend = later.i32.extend8_s(later.local.get(0, binaryen.i32));
    later.addFunction("later", binaryen.i32, binaryen.i32, [], extend);
    expect(validAsMvp(later)).toBe(false);
    expect(complaints.join("\n")).toContain("i32.extend8_s");
  });
});

function validAsMvp(module: binaryen.Module): boolean {
  module.setFeatures(binaryen.Features.MVP);
  return module.validate() === 1;
}

describe.each(BUILDS)("static memory of the $name build", ({ wasm }) => {
  it.each(GEOMETRIES)("stays within 2,048 bytes on $kind, granule $granule", (geometry) => {
    let bytes = new Uint8Array(0);
    const lab = new Lab({
      wasm,
      geometry,
      configure: (module) => {
        bytes = new Uint8Array(module.memory.buffer);
        bytes.fill(PATTERN, MEMORY_LIMIT);
        for (let i = 0; i < 8; i++) module.reservePorts(2000 + 10 * i, 2001 + 10 * i);
      },
    });
    lab.commission();
    for (let boot = 0; boot < 3; boot++) {
      const module = lab.powerOn();
      live(lab, module);
      expect(module.counter(abi.COUNTER.tableUsed)).toBe(TABLE_ENTRIES);
      expect(module.counter(abi.COUNTER.evictions)).toBeGreaterThan(0);
      const above = bytes.subarray(MEMORY_LIMIT);
      expect(above.length).toBe(65_536 - MEMORY_LIMIT);
      expect(above.findIndex((byte) => byte !== PATTERN)).toBe(-1);
    }
  });
});

/** Every call over both families, rotations of the journal, a new key, a table full of TIME_WAIT. */
function live(lab: Lab, module: IsnModule): void {
  const local = new Uint8Array(16).fill(0xfd);
  const remote = new Uint8Array(16).fill(0xfc);
  module.provisionFromEntropy(abi.PROVISION.replace);
  lab.wait(241_000);
  expect(module.state()).toBe(abi.STATE.ready);
  for (let i = 0; i < 60; i++) {
    lab.wait(3_000);
    const port = module.port4(LOCAL, REMOTE, 80);
    const next = (module.isn4(LOCAL, port, REMOTE, 80) + 30_000_000) >>> 0;
    module.timestamp4(LOCAL, port, REMOTE, 80);
    expect(module.advance4(LOCAL, port, REMOTE, 80, next)).toBe(true);
    expect(module.close4(LOCAL, port, REMOTE, 80, { next, peerNext: 7, peerTsval: 9 })).toBe(true);
    expect(module.syn4(LOCAL, port, REMOTE, 80, 5, 8, 1)).toBe(abi.VERDICT.challenge);
    const port6 = module.port6(local, remote, 443);
    const next6 = (module.isn6(local, port6, remote, 443) + 2) >>> 0;
    module.timestamp6(local, port6, remote, 443);
    module.advance6(local, port6, remote, 443, next6);
    expect(module.close6(local, port6, remote, 443, { next: next6, peerNext: 7 })).toBe(true);
    expect(module.syn6(local, port6, remote, 443, 5, 0, 2)).toBe(abi.VERDICT.drop);
  }
  expect(module.fingerprint()).not.toBe(0);
}

describe("the numbers of the ABI", () => {
  const assembly = namespaces(text("assembly/abi.ts") + text("assembly/counters.ts"));

  it.each([
    ["Storage", abi.STORAGE],
    ["State", abi.STATE],
    ["Reason", abi.REASON],
    ["Policy", abi.POLICY],
    ["Provision", abi.PROVISION],
    ["Segment", abi.SEGMENT],
    ["Verdict", abi.VERDICT],
    ["Counter", abi.COUNTER],
  ] as const)("%s are the same in the module and in the harness", (name, host) => {
    const upper = Object.entries(host).map(([key, value]) => [constantName(key), value]);
    expect(assembly.get(name)).toEqual(Object.fromEntries(upper));
  });

  it("name no group that the harness does not know", () => {
    expect([...assembly.keys()].length).toBe(8);
  });

  it("have the version that the binary tells", () => {
    for (const { wasm } of BUILDS) {
      expect(new Lab({ wasm }).configured().version()).toBe(abi.ABI_VERSION);
    }
  });
});

describe("docs/abi.md", () => {
  const page = text("docs/abi.md");
  const lines = page.split("\n");

  it("describes every function that the binary exports, with as many arguments", () => {
    const { exports } = new WebAssembly.Instance(RELEASE, { board: NO_BOARD });
    const functions = Object.entries(exports).filter(([, value]) => typeof value === "function");
    expect(functions.length).toBeGreaterThan(20);
    const wrong = functions.filter(
      ([name, value]) => argumentsIn(page, name) !== (value as CallableFunction).length,
    );
    expect(wrong.map(([name]) => name)).toEqual([]);
  });

  it("describes every function that the binary imports", () => {
    const { imports } = readWasmSections(RELEASE_BYTES);
    const missing = imports.filter(({ name }) => argumentsIn(page, name) === undefined);
    expect(missing.map(({ name }) => name)).toEqual([]);
  });

  it.each([
    ["reason", abi.REASON],
    ["counter", abi.COUNTER],
  ] as const)("has a table row for every %s, with its number", (_, numbers) => {
    const missing = Object.entries(numbers).filter(
      ([name, value]) => !lines.some((line) => line.startsWith(`| ${value} | \`${name}\` |`)),
    );
    expect(missing).toEqual([]);
  });

  it.each([
    ["States", abi.STATE],
    ["Verdicts", abi.VERDICT],
  ] as const)("lists the %s in the order of their numbers", (title, numbers) => {
    const inOrder = Object.entries(numbers).sort((a, b) => a[1] - b[1]);
    const names = inOrder.map(([name]) => `\`${name}\``);
    expect(lines.find((line) => line.startsWith(`${title}: `))).toContain(names.join(", "));
  });
});

/** Enough to instantiate; nothing is called. */
const NO_BOARD = {
  read: () => 0,
  program: () => 0,
  erase: () => 0,
  entropy: () => 0,
  ticks: () => 0,
};

/** How many arguments the page gives a function in backticks; undefined when it is not there. */
function argumentsIn(page: string, name: string): number | undefined {
  const list = new RegExp(`\`(?:board\\.)?${name}\\(([^)]*)\\)\`?`).exec(page)?.[1];
  if (list === undefined) return undefined;
  return list.trim() === "" ? 0 : list.split(",").length;
}

/** `storageCorrupt` → `STORAGE_CORRUPT`. */
function constantName(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
}

/** The u32 constants of each namespace in an AssemblyScript source. */
function namespaces(source: string): Map<string, Record<string, number>> {
  const found = new Map<string, Record<string, number>>();
  for (const [, name = "", body = ""] of source.matchAll(/namespace (\w+) \{([^}]*)\}/g)) {
    const constants = [...body.matchAll(/const (\w+): u32 = (\w+);/g)];
    found.set(name, Object.fromEntries(constants.map(([, key, value]) => [key, Number(value)])));
  }
  return found;
}
