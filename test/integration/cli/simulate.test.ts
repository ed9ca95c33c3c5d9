import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { UsageError } from "../../../host/core/errors.ts";
import { lineOfPath } from "../../../host/core/json-positions.ts";
import { simulateSection } from "../../../host/simulate/campaign-section.ts";
import { parseCampaign } from "../../../host/sources/campaign-file.ts";
import { isnkit } from "../../support/command.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "isnkit-simulate-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const QUICK = ["simulate", "--workers", "1", "--seed", "1"];

describe("isnkit simulate", () => {
  it("passes on the module, with the verdict first and the line that repeats it last", async () => {
    const { exitCode, out, err } = await isnkit(["simulate", "--seed", "1", "--reboots", "10000"]);
    expect(err).toBe("");
    expect(out).toMatch(
      /^PASS {2}18 rules hold over 100 cases, 10,000 reboots, [\d,]+ connections/,
    );
    expect(out).toMatch(/replay: isnkit simulate --reboots 10000 --seed 1\n$/);
    expect(out).toMatch(/torn-write +[\d,]+ {2}in \d+ cases/);
    expect(out).toMatch(/canary write-behind: caught by isn-backward within \d+ reboots/);
    expect(exitCode).toBe(0);
  });

  it("fails on a bad generator, and prints a case that fails again", async () => {
    const words = [...QUICK, "--reboots", "300", "--board", "sim:rtcless-clock"];
    const { exitCode, out } = await isnkit(words);
    expect(exitCode).toBe(1);
    expect(out).toMatch(/^FAIL/);
    expect(out).toContain("remedy:");
    expect(out).toMatch(
      /broken in \d cases; the next:\n {2}replay: isnkit simulate .*--case \d+:\d/,
    );
    const line = /replay: isnkit (simulate .*--case \S+)/.exec(out)?.[1] ?? "";
    const again = await isnkit(line.split(" "));
    expect(again.exitCode).toBe(1);
    expect(again.out).toMatch(/FAIL {2}.* broken in this case\n$/);
    expect(again.out).toContain("boot ");
  });

  it("writes the document for programs", async () => {
    const file = join(folder, "run.json");
    const words = [...QUICK, "--reboots", "400", "--format", "json", "--output", file];
    const { exitCode } = await isnkit(words);
    const document = JSON.parse(readFileSync(file, "utf8"));
    expect(document).toMatchObject({ schema: "isnkit.simulate/1", seed: 1, mode: "swarm" });
    expect({ pass: 0, inconclusive: 4 }).toHaveProperty(document.verdict, exitCode);
  });

  it("understands shards, and an indexed job", async () => {
    const words = [...QUICK, "--reboots", "900", "--format", "json", "--faults", "lost-storage=0"];
    const shard = JSON.parse((await isnkit([...words, "--shard", "2/3"])).out);
    expect(shard.cases).toMatchObject({ total: 9, first: 3, count: 3, shard: "2/3" });
    const environment = { JOB_COMPLETION_INDEX: "1" };
    const job = JSON.parse((await isnkit([...words, "--shards", "3"], { environment })).out);
    expect({ ...job, timing: 0 }).toEqual({ ...shard, timing: 0 });
    expect((await isnkit([...words, "--shards", "3"])).exitCode).toBe(2);
  });

  it("keeps what was found when it is interrupted", async () => {
    const { exitCode, out, err } = await isnkit([...QUICK, "--reboots", "100000"], {
      onInterrupt: (callback) => {
        const timer = setTimeout(callback, 1500);
        return () => clearTimeout(timer);
      },
    });
    expect(exitCode).toBe(130);
    expect(out).toContain("the run was cut short");
    expect(err).toContain("interrupted; partial results");
  });

  it("runs the cases of a campaign file", async () => {
    const file = join(folder, "fleet.json");
    const campaign = {
      name: "one kind of board",
      seed: 7,
      reboots: 600,
      workload: {
        servers: [
          { address: "10.0.0.1", port: 25, peer: "freebsd" },
          { address: "10.0.0.1", port: 1883, boundPort: 6000, peer: "linux" },
        ],
        uptime: ["500ms", "3s"],
      },
      simulate: {
        board: { storage: [{ kind: "eeprom", sectorBytes: 512, sectors: 2, granule: 16 }] },
        faults: { "entropy-stuck": 0, "entropy-repeated": 0, "boot-loop": 0.02 },
        canaries: ["jump-too-far"],
      },
    };
    writeFileSync(file, JSON.stringify(campaign));
    const { out } = await isnkit(["simulate", "--campaign", file, "--format", "json"]);
    const document = JSON.parse(out);
    expect(document.seed).toBe(7);
    expect(document.counts.reboots).toBe(600);
    expect(document.peers.map(({ peer }: { peer: string }) => peer)).toEqual(["linux", "freebsd"]);
    expect(document.wear).toHaveLength(1);
    expect(document.wear[0].storage.kind).toBe("eeprom");
    expect(document.replay).toContain(`--campaign ${file}`);
    expect(document.rules.filter(({ findings }: { findings: number }) => findings > 0)).toEqual([]);
  });

  it.each([
    [["--shard", "5/4"], /is no shard \(--shard\)/],
    [["--case", "1:x"], /is no case \(--case\)/],
    [["--case", "1:2", "--shard", "1/2"], /--shard has no meaning with --case/],
    [["--exhaustive", "3"], /is no depth/],
    [["--exhaustive", "1", "--reboots", "5"], /--reboots has no meaning with --exhaustive/],
    [["--exhaustive", "1", "--board", "sim:random"], /--exhaustive has no meaning with sim:random/],
    [["--faults", "bitrot=0.1"], /did you mean bit-rot/],
    [["--faults", "bit-rot=2"], /has no rate from 0 to 1/],
    [["--board", "sim:rtcless-clok"], /did you mean sim:rtcless-clock/],
    [["--format", "xml"], /is not a format/],
    [["--workers", "0"], /no number of 1 to/],
    [["--msl", "20m"], /no maximum segment lifetime/],
    [["--campaign", "/nowhere.json"], /cannot be read/],
  ])("refuses %j", async (words, message) => {
    const { exitCode, err } = await isnkit(["simulate", ...words]);
    expect(err).toMatch(message);
    expect(exitCode).toBe(2);
  });

  it("lists what there is", async () => {
    const { out } = await isnkit(["simulate", "--list"]);
    for (const word of [
      "stale-byte",
      "bit-rot",
      "nor 2×256/1",
      "freebsd",
      "* fixed-plus-ticks",
      " +counter-in-place",
    ]) {
      expect(out).toContain(word);
    }
  });

  it("cuts every power cut of a small part of the exhaustive cases", async () => {
    const { exitCode, out } = await isnkit([
      ...["simulate", "--exhaustive", "2", "--seed", "1", "--shard", "1/60", "--workers", "1"],
    ]);
    expect(out).toMatch(/^(PASS|INCONCLUSIVE)/);
    expect(out).toContain("key-kept");
    expect(out).toContain("canary repaired-in-place: caught by isn-backward");
    expect([0, 4]).toContain(exitCode);
  });

  it("ends exhaustive cuts with exit 4 when they let a bad device pass", async () => {
    const file = join(folder, "harmless.json");
    writeFileSync(file, JSON.stringify({ simulate: { canaries: ["repaired-in-place"] } }));
    const words = ["--exhaustive", "1", "--campaign", file, "--shard", "1/60"];
    const { exitCode, out } = await isnkit([...QUICK, ...words]);
    expect(out).toMatch(/^INCONCLUSIVE.*not caught: the bad generators repaired-in-place/);
    expect(out).toMatch(/canary repaired-in-place: NOT caught by isn-backward within/);
    expect(exitCode).toBe(4);
  });
});

describe("a campaign file", () => {
  function problem(text: string): string {
    try {
      parseCampaign(text, "c.json", simulateSection);
    } catch (error) {
      if (error instanceof UsageError) return error.message;
      throw error;
    }
    return "none";
  }

  it("is refused by file, line and path", () => {
    expect(problem('{\n "seed": 1,\n "workload": {\n  "uptime": "4"\n }\n}')).toMatch(
      /^c\.json:4: workload\.uptime: /,
    );
    expect(problem('{\n "simulate": {\n  "faults": { "bitrot": 1 }\n }\n}')).toBe(
      "c.json:3: simulate.faults.bitrot: is not a setting here",
    );
    expect(problem('{\n "seed": 1,,\n}')).toMatch(/^c\.json:2: not JSON/);
    expect(
      problem('{ "workload": { "servers": [{ "address": "10.0.0.999", "port": 1 }] } }'),
    ).toMatch(/servers\.0\.address: .*is not an IP address/);
    expect(problem('{ "seed": 5, "bench": { "rungs": ["console"], "lab": 1 } }')).toBe("none");
  });

  const STORAGE = { kind: "nor", sectorBytes: 4_096, sectors: 2, granule: 8 };

  it.each([
    [
      { storage: [{ ...STORAGE, sectorBytes: 184 }] },
      /^c\.json:7: simulate\.board\.storage\.0\.sectorBytes: .* 6 copies .*: give at least 192$/,
    ],
    [{ storage: [STORAGE, { ...STORAGE, granule: 24 }] }, /storage\.1\.granule: .*power of two/],
    [{ storage: [{ ...STORAGE, sectors: 1 }] }, /storage\.0\.sectors: .*2 to 32 sectors/],
    [
      { counterHz: [32, 31] },
      /^c\.json:6: simulate\.board\.counterHz\.1: .*\(boundClock\): take a faster counter/,
    ],
    [{ counterHz: [2_000_000_001] }, /counterHz\.0: .*\(boundClock\): take a prescaler/],
    [{ ports: [5000, 4999] }, /board\.ports: the port range 5000 to 4999 is empty/],
  ])("is refused where the module would refuse the board: %j", (board, message) => {
    expect(problem(JSON.stringify({ simulate: { board } }, undefined, 1))).toMatch(message);
  });

  it("is taken at the edge of what the module takes", () => {
    const board = {
      storage: [{ ...STORAGE, sectorBytes: 192 }],
      counterHz: [32, 2_000_000_000],
      ports: [5000, 5000],
    };
    expect(problem(JSON.stringify({ msl: "10m", simulate: { board } }))).toBe("none");
    expect(problem('{ "msl": "601s" }')).toMatch(/^c\.json:1: msl: .* to 600000: /);
  });

  it("is refused before anything runs, with exit 2", async () => {
    const file = join(folder, "slow.json");
    writeFileSync(file, JSON.stringify({ simulate: { board: { counterHz: [16] } } }));
    const { exitCode, out, err } = await isnkit(["simulate", "--campaign", file]);
    expect(out).toBe("");
    expect(err).toMatch(/slow\.json:1: simulate\.board\.counterHz\.0: a counter of 16 Hz/);
    expect(exitCode).toBe(2);
    const servers = Array.from({ length: 9 }, (_, i) => ({
      address: "10.0.0.1",
      port: 80,
      boundPort: 6_000 + 2 * i,
    }));
    writeFileSync(file, JSON.stringify({ workload: { servers } }));
    for (const command of ["simulate", "check"]) {
      const bound = await isnkit([command, "--campaign", file]);
      expect(bound.err).toMatch(/the module takes 8|can keep 6 more ports/);
      expect(bound.exitCode).toBe(2);
    }
  });

  it("finds the line of a value behind strings that look like structure", () => {
    const text = '{\n "a]": "}{,",\n "b": [1, {"c": "\\"", "d":\n 4}],\n "e": null\n}';
    expect(lineOfPath(text, ["b", 1, "d"])).toBe(4);
    expect(lineOfPath(text, ["e"])).toBe(5);
    expect(lineOfPath(text, ["b", 7])).toBe(3);
    expect(lineOfPath(text, [])).toBe(1);
  });
});
