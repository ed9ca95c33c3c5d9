/** What happens in one power cycle of a campaign: how long, how busy, and how it ends. */
import type { PowerCutPlan } from "./nvm.ts";
import type { Random } from "./random.ts";

const MS = 1_000;
const S = 1_000_000;
const MINUTE = 60 * S;

/**
 * `loop`: one of a boot loop; `short`, `medium`, `long`, `idle`: everyday use; `steady`: one stream at
 * the rate of the sequence clock, and nothing else; `brink`: a burst just before the first lease ends,
 * with nobody polling, and a cut at once; `comeback`: after these two, the same tuple again as soon as
 * can be; `crowded`: more connections than a table can hold, after one
 * that ran far ahead; `quiet`: quiet time is owed.
 */
export type BootKind =
  | "loop"
  | "short"
  | "medium"
  | "long"
  | "idle"
  | "steady"
  | "brink"
  | "comeback"
  | "crowded"
  | "quiet";

export interface BootPlan {
  readonly kind: BootKind;
  readonly uptimeUs: number;
  /** Time without power before this boot. */
  readonly offUs: number;
  /** Silence before the first connection. */
  readonly silenceUs: number;
  readonly connections: number;
  /** Some connections run faster than the sequence clock and report it. */
  readonly fast: boolean;
  readonly end: "power-cut" | "reset";
  /** Power fails at a memory operation, if that comes before the planned end. */
  readonly cut: PowerCutPlan | undefined;
  readonly counterStart: number;
}

/** What one boot's plan leaves to the next. */
export interface PlanMemory {
  /** Boots of a boot loop that are still to come. */
  loopLeft: number;
  /** The next boot comes back to the tuple of this one. */
  comeback: boolean;
}

/**
 * Plans a boot. Most are short, with a short time off, so that old tuples are still in TIME_WAIT on
 * the servers; some are long or idle, and now and then a boot loop of some hundred boots sets in.
 */
export function planBoot(random: Random, memory: PlanMemory, quietOwed: boolean): BootPlan {
  const base = {
    cut: random.chance(0.35) ? planCut(random, 10) : undefined,
    counterStart: planCounterStart(random),
    end: random.chance(0.15) ? ("reset" as const) : ("power-cut" as const),
    fast: random.chance(0.25),
  };
  if (quietOwed) return planQuiet(random, base);
  if (memory.loopLeft === 0 && random.chance(0.006)) memory.loopLeft = random.int(60, 400);
  if (memory.loopLeft > 0) {
    memory.loopLeft--;
    return {
      ...base,
      kind: "loop",
      fast: false,
      uptimeUs: random.int(100 * MS, 220 * MS),
      offUs: random.int(62 * MS, 80 * MS),
      silenceUs: random.int(5 * MS, 60 * MS),
      connections: random.int(1, 2),
    };
  }
  if (memory.comeback) {
    memory.comeback = false;
    return {
      ...base,
      kind: "comeback",
      cut: undefined,
      uptimeUs: random.int(300 * MS, 2 * S),
      offUs: random.int(50 * MS, 300 * MS),
      silenceUs: random.int(1 * MS, 10 * MS),
      connections: 1,
    };
  }
  const use = planUse(random);
  memory.comeback = use.kind === "brink" || use.kind === "steady";
  return { ...base, ...use, offUs: planOff(random) };
}

type Use = Pick<BootPlan, "kind" | "uptimeUs" | "silenceUs" | "connections">;

function planUse(random: Random): Use {
  const silenceUs = random.int(10 * MS, 900 * MS);
  const draw = random.int(0, 99);
  if (draw < 3) {
    const uptimeUs = random.int(1 * MINUTE, 8 * MINUTE);
    return { kind: "long", uptimeUs, silenceUs, connections: random.int(10, 60) };
  }
  if (draw < 5) {
    const idleUs = random.int(10 * MINUTE, 180 * MINUTE);
    const uptimeUs = idleUs + random.int(1 * S, 10 * S);
    return { kind: "idle", uptimeUs, silenceUs: idleUs, connections: 2 };
  }
  if (draw < 9) {
    return { kind: "steady", uptimeUs: random.int(5 * S, 100 * S), silenceUs, connections: 1 };
  }
  if (draw < 13) {
    // The first lease lasts 4.194 s. The clock may not pass its end unseen: that would eat up GUARD.
    const brinkUs = random.int(3_700 * MS, 4_100 * MS);
    const uptimeUs = brinkUs + random.int(1 * MS, 85 * MS);
    return { kind: "brink", uptimeUs, silenceUs: brinkUs, connections: 1 };
  }
  if (draw < 16) {
    const uptimeUs = random.int(20 * S, 40 * S);
    return { kind: "crowded", uptimeUs, silenceUs, connections: random.int(45, 70) };
  }
  if (draw < 35) {
    const uptimeUs = random.int(5 * S, 40 * S);
    return { kind: "medium", uptimeUs, silenceUs, connections: random.int(3, 9) };
  }
  const uptimeUs = random.int(300 * MS, 6 * S);
  return { kind: "short", uptimeUs, silenceUs, connections: random.int(1, 5) };
}

/** A cut at one of the next `operations` memory operations. */
export function planCut(random: Random, operations: number): PowerCutPlan {
  return {
    after: random.int(0, operations - 1),
    phase: random.pick(["before", "torn", "torn", "after"]),
  };
}

/** Quiet time is owed: stay up for all of it, or be cut in the middle and owe it anew. */
function planQuiet(random: Random, base: Omit<BootPlan, "kind" | keyof Timing>): BootPlan {
  const interrupted = random.chance(0.3);
  return {
    ...base,
    kind: "quiet",
    uptimeUs: interrupted ? random.int(1 * S, 200 * S) : random.int(245 * S, 280 * S),
    offUs: planOff(random),
    silenceUs: random.int(10 * MS, 900 * MS),
    connections: 6,
  };
}

type Timing = Pick<BootPlan, "uptimeUs" | "offUs" | "silenceUs" | "connections">;

function planOff(random: Random): number {
  const draw = random.int(0, 99);
  if (draw < 85) return random.int(50 * MS, 5 * S);
  if (draw < 97) return random.int(5 * S, 60 * S);
  return random.int(250 * S, 1000 * S);
}

/** Counters start at 0, go on from anywhere, or are about to wrap. */
function planCounterStart(random: Random): number {
  const draw = random.int(0, 9);
  if (draw < 5) return 0;
  if (draw < 8) return random.u32();
  return 0x1_0000_0000 - random.int(1, 5_000_000);
}
