import { describe, expect, it } from "vitest";
import { Check } from "../../../host/check/engine.ts";
import type { CheckContext, RuleId } from "../../../host/check/rule.ts";
import { RULES } from "../../../host/check/rules/index.ts";
import {
  addCounts,
  judgeStatistics,
  StatisticsCollector,
  type StatisticsCounts,
} from "../../../host/check/statistics/counts.ts";
import { nmapFigures } from "../../../host/check/statistics/nmap.ts";
import { STATISTIC_IDS, type StatisticId } from "../../../host/check/statistics/statistic.ts";
import { STATISTICS } from "../../../host/check/statistics/statistics.ts";
import { weighStatistics } from "../../../host/check/statistics/weigh.ts";
import { Random } from "../../../host/core/random.ts";
import type { OpenSample, Sample } from "../../../host/core/sample.ts";
import { verdictOf } from "../../../host/simulate/finish-run.ts";
import type { SimulateRun } from "../../../host/simulate/simulate-run.ts";
import { DEFAULT_BOARD } from "../../../host/virtual/board.ts";
import { HONEST, virtualBoardSamples } from "../../../host/virtual/campaign.ts";
import { ZOO } from "../../../host/virtual/zoo/index.ts";
import { RELEASE } from "../../support/builds.ts";

const CONTEXT: CheckContext = {
  twoMslUs: 240_000_000,
  source: "board",
  ports: DEFAULT_BOARD.ports,
};
const { first, last } = DEFAULT_BOARD.ports;

/** How a made-up device chooses; what is not given is as good as it can be. */
interface Manner {
  readonly isn?: (opening: { timeUs: number; boot: number; index: number; port: number }) => number;
  readonly port?: (opening: { boot: number; index: number; server: number }) => number;
  readonly tsval?: (timeUs: number) => number;
}

const SERVERS = ["10.77.0.1", "10.77.0.3", "10.77.0.5"];

/** A device that opens `connections` in boots of ten, one every 10 ms to 2 s. */
function* device(seed: number, connections: number, manner: Manner = {}): Generator<OpenSample> {
  const random = new Random(seed);
  const offsets = new Map<string, number>();
  const offset = (name: string) => {
    const known = offsets.get(name) ?? random.u32();
    offsets.set(name, known);
    return known;
  };
  let timeUs = 0;
  for (let n = 0; n < connections; n++) {
    timeUs += random.int(10_000, 2_000_000);
    const [boot, index] = [Math.floor(n / 10), n % 10];
    const server = random.int(0, 2);
    const bound = index === 9;
    const port = bound ? 5000 : (manner.port?.({ boot, index, server }) ?? freePort(random));
    const remoteAddress = SERVERS[server] ?? "";
    const tuple = { localAddress: "10.77.0.2", localPort: port, remoteAddress, remotePort: 25 };
    const clock = timeUs / 4;
    const isn = manner.isn?.({ timeUs, boot, index, port }) ?? clock + offset(`${server} ${port}`);
    const tsval = manner.tsval?.(timeUs) ?? timeUs / 1000 + offset(`ts ${server} ${port}`);
    yield {
      kind: "open",
      boot,
      timeUs,
      tuple,
      isn: Number(BigInt.asUintN(32, BigInt(Math.floor(isn)))),
      tsval: Number(BigInt.asUintN(32, BigInt(Math.floor(tsval)))),
      portChoice: bound ? "bound" : "allocated",
    };
  }
}

function freePort(random: Random): number {
  for (;;) {
    const port = random.int(first, last);
    if (!DEFAULT_BOARD.ports.reserved.some(([a, b]) => port >= a && port <= b)) return port;
  }
}

function countsOf(samples: Iterable<Sample>): StatisticsCounts {
  const collector = new StatisticsCollector(CONTEXT);
  for (const sample of samples) collector.observe(sample);
  return collector.counts;
}

function alarms(counts: StatisticsCounts, falseAlarmRate?: number): StatisticId[] {
  return judgeStatistics(counts, falseAlarmRate)
    .filter(({ verdict }) => verdict === "fail")
    .map(({ id }) => id);
}

function simulated(generator: string, seed: number, reboots: number) {
  return virtualBoardSamples({
    generator,
    seed,
    reboots,
    wasm: RELEASE,
    settings: { ...DEFAULT_BOARD, mslMs: 120_000 },
  });
}

describe("nmap's figures", () => {
  const timesUs = [0, 1, 2, 3, 4, 5].map((n) => n * 100_000);

  it("are those of the 64K rule: GCD 64000, ISR 8·log2(640000), no spread", () => {
    const isns = timesUs.map((_, n) => (4_294_900_000 + n * 64_000) % 2 ** 32);
    expect(nmapFigures(isns, timesUs)).toMatchObject({ gcd: 64_000, isr: 154, sp: 0 });
  });

  it("take the shorter way round, backward as well", () => {
    const isns = [1000, 900, 800, 700, 600, 500];
    expect(nmapFigures(isns, timesUs)).toMatchObject({ gcd: 100, isr: 80, sp: 0 });
  });

  it("measure the spread of the rates, over the divisor only when that is above 9", () => {
    // Rates of 100, 200, 300, 400 and 500 a second; their deviation is 158.1.
    const isns = [7, 17, 37, 67, 107, 157];
    expect(nmapFigures(isns, timesUs)).toMatchObject({ gcd: 10, sp: 32, isr: 66 });
    const byNine = [7, 16, 34, 61, 97, 142];
    expect(nmapFigures(byNine, timesUs)).toMatchObject({ gcd: 9, sp: 57 });
  });

  it("are all 0 for a constant", () => {
    const isns = timesUs.map(() => 6510);
    expect(nmapFigures(isns, timesUs)).toMatchObject({ gcd: 0, isr: 0, sp: 0 });
  });
});

describe("on a good device", () => {
  it("raise no more false alarms than stated, over many made-up devices", () => {
    const runs = 600;
    const rate = 0.02;
    const raised = new Map<StatisticId, number>();
    for (let seed = 1; seed <= runs; seed++) {
      for (const id of alarms(countsOf(device(seed, 600)), rate)) {
        raised.set(id, (raised.get(id) ?? 0) + 1);
      }
    }
    // The stated rate and four deviations of chance above it.
    const most = runs * rate + 4 * Math.sqrt(runs * rate);
    expect([...raised].filter(([, count]) => count > most)).toEqual([]);
  });

  it("raise no alarm on the module, whatever the seed, and judge every statistic", () => {
    for (let seed = 1; seed <= 12; seed++) {
      const statistics = judgeStatistics(countsOf(simulated(HONEST, seed, 500)));
      expect(
        statistics
          .filter(({ verdict }) => verdict !== "pass")
          .map(({ id, verdict }) => [id, verdict]),
        `seed ${seed}`,
      ).toEqual([]);
    }
  });

  it("find the RFC's clock of 250 kHz on the module's tuples", () => {
    const [slope] = judgeStatistics(countsOf(simulated(HONEST, 3, 300))).filter(
      ({ id }) => id === "tuple-slope",
    );
    // Two digits, by bins of a quarter octave; transfers faster than the clock push it up.
    expect(slope?.value).toBeGreaterThan(200_000);
    expect(slope?.value).toBeLessThan(400_000);
  });
});

const BAD_SLOPE: Manner = { isn: ({ boot, timeUs }) => timeUs / 4 + ((boot * 0x9e3779b9) >>> 0) };

describe("a bad device", () => {
  const counter = { at: 0 };
  const BAD: Readonly<Record<StatisticId, Manner>> = {
    "nmap-sp": { isn: ({ timeUs }) => timeUs / 4 },
    "nmap-gcd": { isn: ({ timeUs }) => Math.floor(timeUs / 4096) * 64_000 },
    "nmap-isr": { isn: ({ index }) => 6510 + index },
    "tuple-slope": BAD_SLOPE,
    "tuple-independence": { isn: ({ timeUs }) => (timeUs % 2 ** 26) * 3 },
    "isn-entropy": { isn: ({ timeUs }) => Math.imul(timeUs, 0x9e37_79b1) & 0x7fff_ff00 },
    attractor: { isn: ({ boot, index }) => (boot * 10 + index) * 99_991 },
    "first-numbers": { isn: ({ index }) => (0x1234_5678 * (index + 1)) >>> 0 },
    "port-spread": {
      port: ({ boot, index }) => 49_152 + ((boot * 7919 + index * 104_729) % 16_384),
    },
    "port-serial-correlation": { port: ({ boot, index }) => 1024 + ((boot * 10 + index) % 4096) },
    "destination-linking": {
      port: ({ server }) => 10_000 + server * 10_000 + (counter.at++ % 9_000),
    },
  };

  it.each(STATISTIC_IDS)("raises the alarm of %s", (id) => {
    expect(alarms(countsOf(device(7, 3000, BAD[id])))).toContain(id);
  });

  it("is linked by one timestamp clock for all destinations", () => {
    const linked = countsOf(device(7, 600, { tsval: (timeUs) => timeUs / 1000 }));
    expect(alarms(linked)).toEqual(["destination-linking"]);
  });

  it("of the zoo whose sin is one of statistics is caught by one", () => {
    const guilty = ZOO.filter(({ rules }) =>
      rules.some((rule) => rule === "isn-predictable" || rule === "port-predictable"),
    );
    expect(guilty.length).toBeGreaterThan(4);
    for (const { name } of guilty) {
      expect(alarms(countsOf(simulated(name, 5, 300))), name).not.toEqual([]);
    }
  });
});

describe("an alarm", () => {
  const statistics = judgeStatistics(countsOf(device(7, 3000, BAD_SLOPE)));
  const result = (asked: readonly RuleId[]) => {
    const check = new Check({ rules: RULES, asked, context: CONTEXT });
    for (const sample of device(3, 600)) check.observe(sample);
    return { ...check.finish(), verdict: "pass" as const };
  };

  it("makes a pass inconclusive when a rule of the same weakness was asked for", () => {
    const weighed = weighStatistics(result(["isn-backward"]), statistics);
    expect(weighed.verdict).toBe("inconclusive");
    expect(weighed.notes.at(-1)).toContain("tuple-slope");
  });

  it("leaves the verdict alone when it was not, or when there is no alarm", () => {
    expect(weighStatistics(result(["wear"]), statistics).verdict).toBe("pass");
    const good = judgeStatistics(countsOf(device(7, 600)));
    expect(weighStatistics(result(["isn-backward"]), good).verdict).toBe("pass");
  });
});

describe("an alarm in a simulation", () => {
  const judged = (manner?: Manner) =>
    verdictOf({
      rules: [{ id: "isn-backward", status: "pass" }] as unknown as SimulateRun["rules"],
      faults: [],
      canaries: [],
      cases: { total: 1, first: 0, count: 1, complete: true },
      counts: { cases: 1, reboots: 60, connections: 600 } as SimulateRun["counts"],
      statistics: judgeStatistics(countsOf(device(7, 600, manner))),
    });

  it("lets no run pass", () => {
    expect(judged()).toMatchObject({ verdict: "pass" });
    const { verdict, because } = judged(BAD_SLOPE);
    expect(verdict).toBe("inconclusive");
    expect(because).toContain("tuple-slope");
  });
});

describe("counts", () => {
  it("of several devices are added up, in any order", () => {
    const parts = [1, 2, 3].map((seed) => countsOf(device(seed, 400)));
    const forward = parts.reduce(addCounts, {});
    const backward = [...parts].reverse().reduce(addCounts, {});
    const sizes = (counts: StatisticsCounts) =>
      judgeStatistics(counts).map(({ sampleSize }) => sampleSize);
    expect(sizes(forward)).toEqual(sizes(backward));
    const singles = parts.map(sizes);
    expect(sizes(forward)).toEqual(
      STATISTICS.map((_, i) => singles.reduce((sum, one) => sum + (one[i] ?? 0), 0)),
    );
  });

  it("are the same to the last bit in whatever order they are added", () => {
    const parts = [1, 2, 3, 4, 5].map((seed) => countsOf(device(seed, 300)));
    const forward = parts.reduce(addCounts, {});
    expect([...parts].reverse().reduce(addCounts, {})).toEqual(forward);
  });

  it("survive JSON", () => {
    const counts = countsOf(device(9, 400));
    const read: StatisticsCounts = JSON.parse(JSON.stringify(counts));
    expect(judgeStatistics(read)).toEqual(judgeStatistics(counts));
  });

  it("stay open with too few samples rather than guess", () => {
    const few = judgeStatistics(countsOf(device(1, 3)));
    expect(few.every(({ verdict, value }) => verdict === "open" && value === undefined)).toBe(true);
  });

  it("have a kind for each id, in the same order", () => {
    expect(STATISTICS.map(({ id }) => id)).toEqual([...STATISTIC_IDS]);
    for (const { id, size, start } of STATISTICS) {
      expect(start(CONTEXT).counts.length, id).toBe(size);
    }
  });
});
