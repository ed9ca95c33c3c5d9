/** board.json and bench.json: what is refused, and on which line. */
import { describe, expect, it } from "vitest";
import { parseBench, readBench } from "../../../host/boards/bench-file.ts";
import {
  boardModels,
  parseBoardDescription,
  readBoardDescription,
} from "../../../host/boards/board-description.ts";
import { IsnkitError } from "../../../host/core/errors.ts";
import { JsonSyntaxError, parseLocatedJson } from "../../../host/core/located-json.ts";

function messageOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof IsnkitError || error instanceof JsonSyntaxError) return error.message;
    throw error;
  }
  throw new Error("it was accepted");
}

const PICO = `{
  "model": "rpi-pico",
  "name": "Raspberry Pi Pico (RP2040)",
  "core": "cortex-m0plus",
  "flashBytes": 2097152,
  "ramBytes": 262144,
  "nvm": {
    "part": "last 16 KiB of the QSPI flash W25Q16JV",
    "kind": "nor",
    "sectorBytes": 4096,
    "sectors": 4,
    "granule": 256,
    "enduranceCycles": 100000
  },
  "counterHz": 1000000,
  "entropy": "none",
  "console": { "baud": 115200 },
  "ports": { "first": 1024, "last": 65535, "reserved": [[5000, 5003]] },
  "mslMs": 120000,
  "emulator": { "kind": "rp2040js", "persistent": true }
}`;

describe("JSON with lines", () => {
  it("reads what JSON.parse reads", () => {
    for (const text of [PICO, "[]", ' {"a" : [1, -2.5e3, "\\u00e9\\n", true, null, {}]} ', '"x"']) {
      expect(parseLocatedJson(text).value).toEqual(JSON.parse(text));
    }
  });

  it("knows the line of each value, or of the nearest one around it", () => {
    const json = parseLocatedJson('{\n  "a": {\n    "b": [\n      1,\n      2\n    ]\n  }\n}');
    expect(json.lineOf(["a", "b", 1])).toBe(5);
    expect(json.lineOf(["a"])).toBe(2);
    expect(json.lineOf(["a", "missing"])).toBe(2);
    expect(json.lineOf(["missing"])).toBe(1);
  });

  it.each([
    ['{"a":1,\n"a":2}', 2],
    ['{\n"a": tru\n}', 2],
    ['{"a":1}\n\nx', 3],
    ['["a\nb"]', 1],
    ['["\\x"]', 1],
    ["", 1],
    ["01", 1],
    ["[1,]", 1],
    [`${"[".repeat(5000)}`, 1],
    [`"${"a".repeat(2_000_000)}"`, 1],
  ])("refuses %.12j and names the line", (text, line) => {
    expect(() => parseLocatedJson(text)).toThrow(JsonSyntaxError);
    try {
      parseLocatedJson(text);
    } catch (error) {
      expect((error as JsonSyntaxError).line).toBe(line);
    }
  });

  it("makes an own property of any key", () => {
    const { value } = parseLocatedJson('{"__proto__": {"polluted": true}}');
    expect(Object.keys(value as object)).toEqual(["__proto__"]);
    expect((value as { polluted?: unknown }).polluted).toBeUndefined();
  });

  it("takes a hostile file in a time that does not explode", () => {
    const many = `[${"1,".repeat(200_000)}1]`;
    expect((parseLocatedJson(many).value as unknown[]).length).toBe(200_001);
  });
});

describe("board.json", () => {
  it("is valid for every model of the project, and says what was run and what was not", async () => {
    const models = await boardModels();
    expect(models).toContain("rpi-pico");
    for (const model of models) {
      const description = await readBoardDescription(model);
      expect(description.model).toBe(model);
      const { run = [], notRun = [] } = description.verified ?? {};
      expect([...run, ...notRun].length, `${model} says what was run`).toBeGreaterThan(0);
    }
  });

  it("describes journals that the module takes", async () => {
    for (const model of await boardModels()) {
      const { nvm } = await readBoardDescription(model);
      // docs/abi.md, configureStorage: a power of two, whole granules, three slots of two 32-byte copies.
      expect(Math.log2(nvm.granule) % 1, model).toBe(0);
      expect(nvm.sectorBytes % nvm.granule, model).toBe(0);
      const slot = 2 * Math.max(32, nvm.granule);
      expect(nvm.sectorBytes, model).toBeGreaterThanOrEqual(3 * slot);
    }
  });

  it.each([
    [PICO.replace('"trng"', '"x"').replace('"none"', '"dice"'), /board\.json:16: entropy: /],
    [PICO.replace('"sectors": 4', '"sectors": 1'), /board\.json:11: nvm\.sectors: /],
    [PICO.replace('"sectors"', '"sektors"'), /board\.json:\d+: nvm/],
    [
      PICO.replace('"mslMs"', '"extra": 1,\n  "mslMs"'),
      /board\.json:19: Unrecognized key: "extra"/,
    ],
    [PICO.replace('"name":', '"name"'), /board\.json:3:\d+: ":" is expected/],
    [`${PICO.trimEnd().slice(0, -1)}, "usb": [{"vid": "2E8A", "pid": "0003"}]}`, /usb\.0\.vid: /],
    [
      `${PICO.trimEnd().slice(0, -1)}, "reset": [{"rung": "lines", "steps": [{}]}]}`,
      /reset\.0\.steps/,
    ],
  ])("is refused with file, line and field", (text, pattern) => {
    expect(messageOf(() => parseBoardDescription(text, "boards/x/board.json"))).toMatch(pattern);
  });
});

describe("bench.json", () => {
  const GOOD = `{
  "boards": {
    "lamp": {
      "model": "rpi-pico",
      "usb": { "vid": "2e8a", "pid": "000a", "serial": "E66058" },
      "hub": { "location": "1-1", "port": 4 },
      "shell": { "off": ["relay", "off"] }
    }
  }
}`;

  it("names boards, and the line on which each stands", () => {
    const bench = parseBench(GOOD, "bench.json");
    expect(bench.boards.get("lamp")).toMatchObject({ model: "rpi-pico", hub: { port: 4 } });
    expect(bench.placeOf("lamp")).toBe("bench.json:3");
  });

  it("may be absent, unless it was named", async () => {
    expect((await readBench()).boards.size).toBe(0);
    await expect(readBench("/nowhere/bench.json")).rejects.toMatchObject({
      code: "bad-bench-file",
    });
  });

  it.each([
    [GOOD.replace('"2e8a"', '"2E8A"'), "bench.json:5: boards.lamp.usb.vid: "],
    [GOOD.replace('"lamp"', '"usb"'), "bench.json:3: boards.usb: "],
    [GOOD.replace('"lamp"', '"a:b"'), "bench.json:3: boards.a:b"],
    [GOOD.replace('"model": "rpi-pico",', '"model": "rpi-pico", "port": "/dev/x",'), "either port"],
    [GOOD.replace('"hub"', '"hup"'), 'bench.json:6: boards.lamp: Unrecognized key: "hup"'],
    [GOOD.replace('"off": ["relay", "off"]', '"off": "relay off"'), "bench.json:7: boards.lamp"],
    ["{", "bench.json:1:2: "],
  ])("is refused with file, line and field", (text, words) => {
    expect(messageOf(() => parseBench(text, "bench.json"))).toContain(words);
  });
});
