import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { readBoardDescription } from "../../../host/boards/board-description.ts";
import type { PoweredBoard } from "../../../host/boards/powered-board.ts";
import type { Sample } from "../../../host/core/sample.ts";
import { judgeLife } from "../../../host/simulate/judge-life.ts";
import { caseOnBoard } from "../../../host/simulate/on-board/board-case.ts";
import { replayOnBoard } from "../../../host/simulate/on-board/replay-on-board.ts";
import { DEFAULT_SETTINGS } from "../../../host/simulate/settings.ts";
import { drawLife } from "../../../host/virtual/draw-life.ts";
import { rewoundIsnkitDevice } from "../../../host/virtual/isnkit-device.ts";
import type { FaultScript, LifeScript } from "../../../host/virtual/life-script.ts";
import { isnkit } from "../../support/command.ts";
import { buildFirmware, describeArm, emulatorsLeft } from "../emulated/tools.ts";

const BOARD = "qemu:lm3s6965evb";

type Faults = Readonly<Record<number, readonly FaultScript[]>>;

/** Some boots of a drawn case and its last one, with faults of our choice. */
function life(boots: readonly number[], faults: Faults, more: Partial<LifeScript> = {}) {
  const whole = drawLife(DEFAULT_SETTINGS, 1, 8);
  const kept = whole.boots.filter(({ index, liveness }) => liveness || boots.includes(index));
  const own = kept.map((boot) => ({ ...boot, faults: faults[boot.index] ?? [] }));
  return { ...whole, ...more, boots: own };
}

/** The same life in simulation, on a model of the board's parts. */
async function simulated(script: LifeScript) {
  const wasm = readFileSync(new URL("../../../build/isnkit.wasm", import.meta.url));
  const samples: Sample[] = [];
  const own = caseOnBoard(script, BOARD, await readBoardDescription("lm3s6965evb")).script;
  const factory = rewoundIsnkitDevice(wasm);
  const { faults } = judgeLife(own, factory, { watch: (sample) => samples.push(sample) });
  return { samples, faults };
}

/** What the device gave out: the numbers, and where it refused. */
const given = (samples: readonly Sample[]) =>
  samples.flatMap((sample) => {
    if (sample.kind === "refused") return [`${sample.boot} ${sample.call}: ${sample.reason}`];
    if (sample.kind !== "open") return [];
    const { boot, tuple, isn, tsval } = sample;
    return [`${boot} ${tuple.localPort} > ${tuple.remoteAddress}: ${isn} ${tsval}`];
  });

/** The journal that is written behind: each boot finds the part as the first one had left it. */
function rollingBack(board: PoweredBoard): PoweredBoard {
  let first: Uint8Array | undefined;
  return {
    name: board.name,
    powerOn: async () => {
      if (first !== undefined) await board.replaceStorage(first);
      return board.powerOn();
    },
    powerOff: () => board.powerOff(),
    readStorage: async () => {
      const contents = await board.readStorage();
      first ??= contents;
      return contents;
    },
    replaceStorage: (contents) => board.replaceStorage(contents),
    dispose: () => board.dispose(),
  };
}

/** The same board, and all that was said over its console. */
function overheard(board: PoweredBoard) {
  const said = { orders: "", records: "" };
  async function* listening(output: AsyncIterable<Uint8Array>) {
    for await (const bytes of output) {
      said.records += Buffer.from(bytes).toString("latin1");
      yield bytes;
    }
  }
  const tapped: PoweredBoard = {
    name: board.name,
    powerOn: async () => {
      const line = await board.powerOn();
      const write = (text: string) => {
        said.orders += text;
        line.write(text);
      };
      return { write, output: listening(line.output) };
    },
    powerOff: () => board.powerOff(),
    readStorage: () => board.readStorage(),
    replaceStorage: (contents) => board.replaceStorage(contents),
    dispose: () => board.dispose(),
  };
  return { tapped, said };
}

const CUTS: Faults = {
  1: [
    { kind: "power-cut-in-write", cut: { after: 0, phase: "before" } },
    { kind: "power-cut-in-write", cut: { after: 1, phase: "after" } },
  ],
  2: [
    { kind: "torn-write", cut: { after: 0, phase: "torn" } },
    { kind: "torn-write", cut: { after: 1, phase: "torn" } },
  ],
  3: [{ kind: "write-failure", atUs: 0, count: 2 }],
};
const LOSSES: Faults = {
  2: [{ kind: "bit-rot", bits: 3 }],
  4: [{ kind: "lost-storage", leaves: "noise" }],
  6: [
    { kind: "boot-loop" },
    { kind: "clock-jump", atUs: 50_000, us: -3_000_000 },
    { kind: "clock-stop", atUs: 60_000, us: 2_000_000 },
  ],
};

describeArm("isnkit simulate --case on an emulated board", () => {
  beforeAll(() => buildFirmware("lm3s6965evb"), 300_000);

  it.each([
    ["power cuts, torn and failing writes", "wasm2c", CUTS],
    ["power cuts, torn and failing writes", "wasm3", CUTS],
    ["lost and rotten storage, and clock faults", "wasm2c", LOSSES],
  ] as const)(
    "gives the numbers of the simulation through %s (%s)",
    async (_, runtime, faults) => {
      const script = life([0, 1, 2, 3, 4, 5, 6], faults);
      const { samples, faults: struck } = await simulated(script);
      const played = await replayOnBoard({ selector: `${BOARD}:${runtime}`, script });
      expect(played.result.findings).toEqual([]);
      expect(given(played.samples)).toEqual(given(samples));
      expect(given(samples).length).toBeGreaterThan(6);
      for (const { kind } of Object.values(faults).flat()) {
        expect(struck[kind]).toBeGreaterThan(0);
      }
      expect(played.faults).toEqual(struck);
    },
    60_000,
  );

  it.each([
    // The device sees through a stuck source (REASON.entropyUnhealthy), and the host gives the key.
    ["stuck", / call=provision reason=8 /, [/key=own/, /key=[0-9a-f]{32}/]],
    // It cannot know that the same noise came before, and takes the key.
    ["repeated", / t=status .*state=2 /, [/key=own/]],
  ] as const)(
    "makes an entropy source that is %s",
    async (entropy, record, keys) => {
      const script = life([0, 1, 2], {}, { entropy, selfProvision: true });
      let said = { orders: "", records: "" };
      const through = (board: PoweredBoard) => {
        const ears = overheard(board);
        said = ears.said;
        return ears.tapped;
      };
      const { result, faults } = await replayOnBoard({ selector: BOARD, script, through });
      expect(result.findings).toEqual([]);
      expect(faults[`entropy-${entropy}`]).toBe(1);
      expect(said.records).toMatch(record);
      const handed = said.orders.match(/key=\w+/g) ?? [];
      expect(handed).toHaveLength(keys.length);
      for (const [i, key] of keys.entries()) expect(handed[i]).toMatch(key);
    },
    60_000,
  );

  it("breaks the rules of a journal that is written behind, when the part is rolled back", async () => {
    const script = life([0, 1, 2, 3], {});
    const honest = await replayOnBoard({ selector: BOARD, script });
    expect(honest.result.findings).toEqual([]);
    const { result } = await replayOnBoard({ selector: BOARD, script, through: rollingBack });
    const broken = result.rules.filter(({ status }) => status === "fail").map(({ id }) => id);
    expect(broken).toContain("isn-backward");
  }, 60_000);

  it("reports as on the simulated board, and says what is the board's own", async () => {
    const words = ["simulate", "--case", "1:8:0c0.1,1c0", "--board", BOARD];
    const { exitCode, out, err } = await isnkit(words);
    expect(err).toBe("");
    expect(out).toMatch(/ boot 1, .* after the last one ended\n/);
    expect(out).toContain("the board's own parts: eeprom 4×2048/32 at 12500000 Hz");
    expect(out).toMatch(/PASS {2}nothing is broken in this case\n$/);
    expect(exitCode).toBe(0);
    const json = await isnkit([...words, "--format", "json"]);
    expect(JSON.parse(json.out)).toMatchObject({
      schema: "isnkit.case/1",
      verdict: "pass",
      board: BOARD,
    });
  }, 60_000);

  it("ends with an interrupt", async () => {
    const words = ["simulate", "--case", "1:8:0c0.1,1c0", "--board", BOARD];
    const onInterrupt = (stop: () => void) => {
      stop();
      return () => {};
    };
    expect((await isnkit(words, { onInterrupt })).exitCode).toBe(130);
  }, 60_000);

  it("and leaves no emulator behind", () => {
    expect(emulatorsLeft()).toEqual([]);
  });
});

describe("isnkit simulate --case refuses in one line", () => {
  it.each([
    [["--case", "1:0", "--board", BOARD], /partial-erase .* EEPROM has none/],
    [["--board", BOARD], /plays one case .* no case is named/],
    [["--board", `${BOARD}:mail`, "--case", "1:0"], /not played on the firmware mail/],
    [["--board", BOARD, "--case", "1:0", "--exhaustive", "1"], /exhaustive mode cuts/],
    [["--board", "rp2040js:rpi-pico", "--case", "1:0"], /part of kind nor/],
    [["--board", BOARD, "--case", "1:8:0c0", "--format", "html"], /no meaning with --case/],
  ] as const)("%s", async (words, why) => {
    const { exitCode, err, out } = await isnkit(["simulate", ...words]);
    expect(err).toMatch(why);
    expect(out).toBe("");
    expect(exitCode).toBe(2);
  });
});
