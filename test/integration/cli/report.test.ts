/** `isnkit report`: saved runs are read back, rendered in any format, and refused when they are not. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FIXTURES } from "../../support/captures.ts";
import { isnkit } from "../../support/command.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "isnkit-report-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const CHECK = ["check", "--board", "sim:uptime-seeded", "--reboots", "30", "--seed", "7"];
const SIMULATE = ["simulate", "--reboots", "300", "--seed", "1"];
const ANALYZE = [
  "analyze",
  join(FIXTURES, "a1_timewait_same_isn_same_port_challenge_ack_no_synack.pcap"),
  "--narrate",
  "--peer",
  "linux",
];

async function saved(words: readonly string[], name: string): Promise<string> {
  const file = join(folder, name);
  await isnkit([...words, "--format", "json", "--output", file]);
  return file;
}

function file(name: string, content: unknown): string {
  const path = join(folder, name);
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
  return path;
}

describe("a saved run", () => {
  it("gives the same text, JSON and JUnit as the run itself", async () => {
    for (const [i, words] of [CHECK, ANALYZE].entries()) {
      const path = await saved(words, `run-${i}.json`);
      for (const format of ["text", "json", "junit", "markdown"]) {
        const direct = await isnkit([...words, "--format", format]);
        const again = await isnkit(["report", path, "--format", format]);
        expect(again.err).toBe("");
        expect(again.exitCode).toBe(0);
        const same = format === "json" ? JSON.parse : String;
        expect(same(again.out), `${words[0]} ${format}`).toEqual(same(direct.out));
      }
    }
  });

  it("of a simulation is read back whole", async () => {
    const path = await saved(SIMULATE, "simulate.json");
    const { out } = await isnkit(["report", path, "--format", "json"]);
    expect(JSON.parse(out)).toEqual(JSON.parse(readFileSync(path, "utf8")));
    const text = await isnkit(["report", path, "--format", "text"]);
    expect(text.out).toContain("replay: isnkit simulate --reboots 300 --seed 1");
  });

  it("of every capture is read back whole", async () => {
    const captures = readdirSync(FIXTURES).filter((name) => name.endsWith(".pcap"));
    for (const name of captures) {
      const path = await saved(["analyze", join(FIXTURES, name)], `${name}.json`);
      const { out, err } = await isnkit(["report", path, "--format", "json"]);
      expect(err).toBe("");
      expect(JSON.parse(out), name).toEqual(JSON.parse(readFileSync(path, "utf8")));
    }
  });

  it("becomes HTML where no format is named, and comes from standard input, too", async () => {
    const path = await saved(CHECK, "stdin.json");
    const bytes = readFileSync(path);
    const input = {
      async *[Symbol.asyncIterator]() {
        yield bytes;
      },
      destroy: () => {},
    };
    const { out } = await isnkit(["report", "-"], { input });
    expect(out).toMatch(/^<!doctype html>/);
    expect(out).toContain("default-src 'none'; script-src 'sha256-");
    expect(out).not.toMatch(/(?:src|href)="(?!#)/);
  });

  it("leaves no half of a report behind when it cannot be read", async () => {
    const output = join(folder, "never.html");
    const { exitCode } = await isnkit(["report", file("broken.json", "{"), "--output", output]);
    expect(exitCode).toBe(2);
    expect(readdirSync(folder).filter((name) => name.startsWith("never"))).toEqual([]);
  });
});

describe("shards", () => {
  it("are merged into what the whole run gives, and refused when one is missing or foreign", async () => {
    const words = ["simulate", "--reboots", "400", "--seed", "3"];
    const whole = await isnkit([...words, "--format", "json"]);
    const shards: string[] = [];
    for (const i of [1, 2, 3])
      shards.push(await saved([...words, "--shard", `${i}/3`], `s${i}.json`));
    const merged = await isnkit(["report", "merge", ...shards, "--format", "json"]);
    const withoutTiming = (text: string) => ({ ...JSON.parse(text), timing: undefined });
    expect(withoutTiming(merged.out)).toEqual(withoutTiming(whole.out));
    expect(merged.exitCode).toBe(whole.exitCode);
    const [one = "", two = ""] = shards;
    expect(await isnkit(["report", "merge", one, two])).toMatchObject({ exitCode: 2, out: "" });
    expect((await isnkit(["report", "merge", one, one, two])).err).toContain("both hold case");
    const check = await saved(CHECK, "foreign.json");
    expect((await isnkit(["report", "merge", one, check])).err).toContain(
      "not a shard of a simulation",
    );
    expect((await isnkit(["report", "merge"])).err).toContain("no shard is named");
  });
});

describe("a file that is no saved run", () => {
  const refusals: readonly (readonly [string, unknown, RegExp])[] = [
    ["text", "hello", /is not JSON/],
    ["other JSON", { name: "isnkit" }, /no report of isnkit/],
    ["a list", [1, 2], /no report of isnkit/],
    ["null", "null", /no report of isnkit/],
    [
      "an older version",
      { schema: "isnkit.check/1" },
      /this isnkit reads isnkit\.check\/2[\s\S]*again/,
    ],
    ["a newer version", { schema: "isnkit.check/3" }, /isnkit\.check\/2[\s\S]*or a newer one/],
    ["a list of rules", { schema: "isnkit.rules/1" }, /no report of a run/],
    ["an empty run", { schema: "isnkit.check/2" }, /damaged at "verdict"/],
  ];

  it.each(refusals)("is refused: %s", async (name, content, message) => {
    const path = file(`${name}.json`, content);
    const { exitCode, err, out } = await isnkit(["report", path]);
    expect(exitCode).toBe(2);
    expect(err).toMatch(message);
    expect(out).toBe("");
  });

  it("is refused when a value is beyond its bounds, and the place is named", async () => {
    const path = await saved(CHECK, "bounds.json");
    const good = JSON.parse(readFileSync(path, "utf8"));
    const spoils: readonly (readonly [string, (run: typeof good) => void])[] = [
      [
        "seed",
        (run) => {
          run.seed = 2 ** 32;
        },
      ],
      [
        "rules.0.id",
        (run) => {
          run.rules[0].id = "made-up";
        },
      ],
      [
        "findings.0.detail",
        (run) => {
          run.findings[0].detail = "x".repeat(20_001);
        },
      ],
      [
        "plots.views.0.tracks.0.isns.0",
        (run) => {
          run.plots.views[0].tracks[0].isns[0] = -1;
        },
      ],
      [
        "plots.phase.side",
        (run) => {
          run.plots.phase.side = 1e9;
        },
      ],
      [
        "notes",
        (run) => {
          run.notes = new Array(10_001).fill("n");
        },
      ],
      [
        "verdict",
        (run) => {
          run.verdict = "pass";
        },
      ],
    ];
    for (const [place, spoil] of spoils) {
      const run = structuredClone(good);
      spoil(run);
      const { exitCode, err } = await isnkit(["report", file("spoiled.json", run)]);
      expect(exitCode, place).toBe(2);
      expect(err).toContain(`damaged at "${place}"`);
    }
  });

  it("is refused when it is not there, or another format is wanted", async () => {
    const missing = await isnkit(["report", join(folder, "nowhere.json")]);
    expect(missing).toMatchObject({ exitCode: 2, out: "" });
    expect(missing.err).toContain("cannot be read");
    const format = await isnkit(["report", file("x.json", "{}"), "--format", "htm"]);
    expect(format.err).toContain("did you mean html?");
    const none = await isnkit(["report"]);
    expect(none.err).toContain("no report file is named");
  });
});
