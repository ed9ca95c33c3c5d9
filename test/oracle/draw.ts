/** Draws lives: settings at their edges, faults in all the combinations of docs/fault-model.md. */
import type { Life, Setup, Step } from "./life.ts";
import type { Death, Effect, Flicker, Kind, Operations } from "./memory.ts";
import { Random } from "./random.ts";

export type Mode = Kind | "all";

/** What a life is mostly about. */
type Theme =
  | "cuts"
  | "journal"
  | "dead"
  | "numbers"
  | "ports"
  | "keys"
  | "settings"
  | "outage"
  | "reads";

/** Which faults a life has: each life has some, so that the promise that holds without the others is judged too. */
interface Faults {
  readonly cuts: boolean;
  readonly errors: boolean;
  readonly outages: boolean;
  readonly dead: boolean;
  readonly reads: boolean;
  readonly loss: boolean;
}

const EFFECTS: readonly Effect[] = ["nothing", "something", "something", "something", "everything"];

export function drawLife(seed: number, mode: Mode): Life {
  const random = new Random(seed);
  const kind: Kind = mode === "all" ? random.pick(["nor", "nor", "eeprom", "kv"] as const) : mode;
  const theme = random.weighted<Theme>({
    cuts: 20,
    journal: 30,
    dead: 12,
    numbers: 12,
    ports: 6,
    keys: 12,
    settings: 8,
    outage: 10,
    reads: 8,
  });
  const setup = drawSetup(random, kind, theme);
  const faults: Faults = {
    cuts: theme === "cuts" || random.chance(0.8),
    errors: theme !== "cuts" && random.chance(0.5),
    outages: theme === "outage" || (theme !== "cuts" && random.chance(0.2)),
    dead: theme === "dead" || (theme !== "cuts" && random.chance(0.05)),
    reads: theme === "reads",
    loss: theme !== "cuts" && random.chance(0.06),
  };
  const steps: Step[] = [];
  if (random.chance(0.97)) steps.push(...firstKey(random, setup));
  const length = random.pick([15, 30, 60, 120]);
  while (steps.length < length) steps.push(...drawSteps(random, setup, theme, faults));
  steps.push({ do: "settle", seed: random.seed() });
  return { setup, steps };
}

function drawSetup(random: Random, kind: Kind, theme: Theme): Setup {
  const granule = random.pick([1, 2, 4, 8, 8, 16, 32, 64, 128, 256]);
  const copy = Math.max(32, granule);
  const settings = theme === "settings" || random.chance(0.1);
  const slots =
    settings && random.chance(0.1) ? random.pick([1, 2]) : random.pick([3, 3, 4, 4, 5, 6, 8, 16]);
  const shortMsl = random.pick([1, 20, 500, 1000, 2000, 5000]);
  const ring = theme === "ports" ? random.pick([1, 2, 4, 16, 33, 40, 64, 100]) : 0;
  return {
    geometry: {
      kind,
      sectorBytes: slots * 2 * copy + (random.chance(0.2) ? granule : 0),
      sectors: random.pick([2, 2, 3, 3, 4, 5, 6]),
      granule,
    },
    hz: settings
      ? random.pick([1, 2, 7, 100, 1000, 32768, 1_000_000, 48_000_000, 168_000_000, 2 ** 32 - 1])
      : random.pick([1000, 32768, 1_000_000]),
    leases: settings && random.chance(0.8) ? drawLeases(random) : undefined,
    ports: ring > 0 ? [5000, 5000 + ring - 1] : undefined,
    policy: random.pick(theme === "keys" || theme === "outage" ? [0, 0, 1, 1, 2, 3] : [0, 0, 0, 1]),
    mslMs: random.chance(0.85) ? shortMsl : random.pick([30_000, 120_000, 600_000]),
    fixedPort: random.chance(0.3) ? 5000 : 40_000,
    flicker: random.pick<Flicker>(["none", "bits", "together", "any", "any"]),
    tornFailsReads: random.chance(0.1),
    tornPuts: random.chance(0.4),
    programSeconds: random.chance(0.1) ? 0.001 : 0,
    eraseSeconds: random.chance(0.1) ? 0.3 : 0,
    stamps: random.chance(0.85),
    litter: theme === "keys" && random.chance(0.2) ? random.seed() : 0,
    missing: settings && random.chance(0.03) ? random.pick(["storage", "clock"]) : undefined,
  };
}

function drawLeases(random: Random): [number, number, number, number] {
  const first = random.pick([
    2 ** 10,
    2 ** 12,
    2 ** 16,
    2 ** 18,
    2 ** 19,
    2 ** 20,
    2 ** 22,
    2 ** 26,
  ]);
  const longest = random.pick(
    [first, first, 2 * first, 2 ** 26, 2 ** 30].filter((n) => n >= first),
  );
  const guard = random.pick([
    1,
    2 ** 9,
    2 ** 12,
    2 ** 16,
    2 ** 18,
    first / 2,
    first / 2,
    first / 4,
  ]);
  return [first, longest, guard, random.pick([1, 2, 16, 1024])];
}

function firstKey(random: Random, setup: Setup): Step[] {
  const options = setup.litter > 0 ? random.pick([0, 1, 2, 3]) : random.pick([2, 2, 2, 2, 2, 0]);
  return [
    { do: "boot", count: 1 },
    { do: "provision", key: random.whole(0, 50), options },
    ...(options === 2 ? [] : [{ do: "quiet" } as const]),
  ];
}

/** Power that comes and goes, and a number at each boot that lives long enough to give one. */
function drawCuts(random: Random): Step[] {
  const steps: Step[] = [];
  if (random.chance(0.5)) steps.push(drawCut(random));
  steps.push({ do: "boot", count: 1 }, { do: "isn", tuple: 0, greedy: false });
  if (random.chance(0.1)) steps.push({ do: "run", polls: random.pick([1, 10]), ms: 1000 });
  if (random.chance(0.15)) steps.push({ do: "fork", seed: random.seed(), boots: 3 });
  return steps;
}

function drawSteps(random: Random, setup: Setup, theme: Theme, faults: Faults): Step[] {
  if (theme === "cuts" && random.chance(0.97)) return drawCuts(random);
  const kind = random.weighted<
    "number" | "time" | "boot" | "fault" | "judge" | "end" | "key" | "port" | "episode"
  >({
    number: 20,
    time: 10,
    boot: 14,
    fault: 22,
    judge: 12,
    end: 6,
    key: theme === "keys" ? 12 : 0.5,
    port: theme === "ports" ? 60 : 4,
    episode: 8,
  });
  const tuple = random.whole(0, 5);
  const greedy = random.chance(0.7);
  switch (kind) {
    case "number":
      return random.chance(0.75)
        ? [{ do: "isn", tuple, greedy }]
        : random.chance(0.5)
          ? [{ do: "stamp", tuple }]
          : [drawReport(random)];
    case "time":
      return [drawTime(random, setup)];
    case "boot":
      return [{ do: "boot", count: random.pick([1, 1, 1, 2, 4, 8]) }];
    case "fault":
      return drawFault(random, setup, faults);
    case "judge":
      return random.chance(0.85)
        ? [{ do: "fork", seed: random.seed(), boots: random.pick([1, 1, 2, 3, 4]) }]
        : [random.chance(0.6) ? { do: "settle", seed: random.seed() } : { do: "refused", tuple }];
    case "end":
      return [
        random.chance(0.6)
          ? { do: "close", tuple }
          : random.chance(0.5)
            ? { do: "abandon", tuple }
            : { do: "syn", tuple, seed: random.seed() },
        ...(random.chance(0.3) ? [{ do: "syn", tuple, seed: random.seed() } as const] : []),
      ];
    case "key":
      return drawKey(random);
    case "port":
      return drawPorts(random);
    case "episode":
      return drawEpisode(random, setup, faults);
  }
}

function drawReport(random: Random): Step {
  return {
    do: "report",
    tuple: random.whole(0, 5),
    step: random.pick([1, 1000, 2 ** 17, 2 ** 18, 2 ** 18, 2 ** 20, 2 ** 24, 2 ** 26]),
    count: random.pick([1, 1, 1, 4, 30, 200]),
    ms: random.pick([0, 1, 20, 200]),
  };
}

function drawTime(random: Random, setup: Setup): Step {
  if (random.chance(0.5)) return { do: "pass", ms: random.pick([1, 50, 300, 900, 990, 1000]) };
  if (random.chance(0.15) && setup.mslMs <= 5000) return { do: "timeWait" };
  return {
    do: "run",
    polls: random.chance(0.01) ? 9000 : random.pick([1, 2, 5, 10, 60, 300]),
    ms: random.pick([100, 500, 990, 1000]),
  };
}

function drawCut(random: Random): Step {
  return {
    do: "cut",
    after: random.pick([0, 0, 1, 1, 2, 3, 4, 5, 6, 8, 10]),
    effect: random.pick(EFFECTS),
    seed: random.seed(),
  };
}

function drawFail(random: Random, reads: boolean): Step {
  const operations = random.pick<Operations>(
    reads ? ["read", "read", "any"] : ["program", "erase", "write", "erase"],
  );
  return {
    do: "fail",
    operations,
    count: random.pick([1, 1, 1, 2, 3, 5, 10]),
    effect: random.pick(EFFECTS),
    seed: random.seed(),
  };
}

function drawFault(random: Random, setup: Setup, faults: Faults): Step[] {
  const what = random.weighted<"cut" | "fail" | "outage" | "dead" | "reads" | "loss">({
    cut: faults.cuts ? 10 : 0.01,
    fail: faults.errors ? 5 : 0,
    outage: faults.outages ? 3 : 0,
    dead: faults.dead ? 2 : 0,
    reads: faults.reads ? 6 : 0,
    loss: faults.loss ? 2 : 0,
  });
  switch (what) {
    case "cut":
      if (!faults.cuts) return [{ do: "boot", count: 1 }];
      return random.chance(0.7) ? [drawCut(random), { do: "boot", count: 1 }] : [drawCut(random)];
    case "fail":
      return random.chance(0.6)
        ? [drawFail(random, false), { do: "boot", count: 1 }]
        : [drawFail(random, false)];
    case "outage":
      return [
        {
          do: "outage",
          operations: random.pick<Operations>(["write", "write", "program", "erase"]),
        },
      ];
    case "dead": {
      const deaths: Death[] = faults.reads
        ? ["all", "all", "write"]
        : ["write", "write", "program", "erase"];
      const sector = random.whole(0, setup.geometry.sectors - 1);
      return random.chance(0.85)
        ? [{ do: "die", sector, death: random.pick(deaths) }]
        : [{ do: "heal", sector }];
    }
    case "reads": {
      const sector = random.whole(0, setup.geometry.sectors - 1);
      return [
        random.pick<Step>([
          { do: "readErrors", probability: random.pick([0.02, 0.1, 0.5, 0.9]) },
          drawFail(random, true),
          { do: "die", sector, death: "all" },
          { do: "heal", sector },
          { do: "calm" },
          { do: "outage", operations: random.pick<Operations>(["read", "any"]) },
        ]),
        ...(random.chance(0.5) ? [{ do: "boot", count: 1 } as const] : []),
      ];
    }
    case "loss":
      return [random.chance(0.7) ? { do: "rot", seed: random.seed() } : { do: "wipe" }];
  }
}

function drawKey(random: Random): Step[] {
  const key = random.whole(0, 50);
  const options = random.pick([0, 1, 1, 1, 2, 3]);
  const step: Step = random.chance(0.8)
    ? { do: "provision", key, options }
    : { do: "entropy", options, quality: random.pick([0, 0, 1, 2]) };
  return random.chance(0.4) ? [step, { do: "quiet" }] : [step];
}

function drawPorts(random: Random): Step[] {
  const steps: Step[] = [];
  const count = random.pick([1, 1, 2, 5, 20, 40]);
  const to = random.whole(0, 2);
  for (let i = 0; i < count; i++) {
    steps.push({ do: "port", to, greedy: random.chance(0.2), isn: random.chance(0.4) });
    if (random.chance(0.7)) steps.push({ do: "close", tuple: random.whole(0, 40) });
  }
  return steps;
}

/** A few steps that belong together, so that long ways are not left to chance alone. */
function drawEpisode(random: Random, setup: Setup, faults: Faults): Step[] {
  const tuple = random.whole(0, 5);
  const what = random.weighted<"race" | "outage" | "replace" | "edge" | "churn">({
    race: 3,
    outage: faults.outages ? 6 : 0,
    replace: 1,
    edge: 3,
    churn: 3,
  });
  switch (what) {
    case "race":
      // A connection that outruns the clock, ends, and comes back after TIME_WAIT.
      return [
        { do: "isn", tuple, greedy: true },
        { do: "report", tuple: 0, step: 2 ** 18, count: random.pick([20, 100, 300]), ms: 20 },
        { do: "close", tuple: 0 },
        ...(setup.mslMs <= 5000 || random.chance(0.1) ? [{ do: "timeWait" } as const] : []),
        { do: "isn", tuple, greedy: true },
      ];
    case "outage":
      return [
        { do: "isn", tuple, greedy: true },
        { do: "outage", operations: random.pick<Operations>(["write", "write", "erase"]) },
        {
          do: "run",
          polls: random.pick([1, 4, 8, 20, 400]),
          ms: random.pick([500, 900, 990, 1000]),
        },
        { do: "pass", ms: random.pick([500, 989, 999]) },
        { do: "fork", seed: random.seed(), boots: 1 },
        { do: "calm" },
        ...(random.chance(0.5) ? [{ do: "settle", seed: random.seed() } as const] : []),
      ];
    case "replace":
      return [
        drawFail(random, false),
        { do: "provision", key: random.whole(0, 50), options: 1 },
        { do: "calm" },
        { do: "run", polls: random.pick([1, 2, 3]), ms: 1000 },
        { do: "isn", tuple, greedy: true },
        { do: "boot", count: 1 },
        { do: "isn", tuple, greedy: true },
      ];
    case "edge":
      return [
        { do: "pass", ms: random.whole(0, 1000) },
        { do: "isn", tuple, greedy: true },
        { do: "pass", ms: random.pick([50, 300, 900, 990]) },
        { do: "fork", seed: random.seed(), boots: random.pick([1, 2]) },
      ];
    case "churn":
      return [
        { do: "boot", count: random.whole(1, 12) },
        { do: "isn", tuple, greedy: true },
        ...(faults.cuts ? [drawCut(random)] : []),
        { do: "boot", count: 1 },
        { do: "fork", seed: random.seed(), boots: 3 },
        { do: "isn", tuple, greedy: true },
      ];
  }
}
