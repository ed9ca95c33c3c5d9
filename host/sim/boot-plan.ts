/** What happens in one power cycle of a campaign: how long, how busy, and how it ends. */
import type { PowerCutPlan } from "./nvm.ts";
import type { Random } from "./random.ts";

const MS = 1_000;
const S = 1_000_000;
const MINUTE = 60 * S;

export interface BootPlan {
  readonly kind: "loop" | "short" | "medium" | "long" | "idle" | "quiet";
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

/** How many boots of a boot loop are still to come; the only thing that plans share. */
export interface LoopState {
  left: number;
}

/**
 * Plans a boot. Most are short, with a short time off, so that old tuples are still in TIME_WAIT on
 * the servers; some are long or idle, and now and then a boot loop of some hundred boots sets in.
 */
export function planBoot(random: Random, loop: LoopState, quietOwed: boolean): BootPlan {
  const base = {
    cut: random.chance(0.35) ? planCut(random, 10) : undefined,
    counterStart: planCounterStart(random),
    end: random.chance(0.15) ? ("reset" as const) : ("power-cut" as const),
    fast: random.chance(0.25),
  };
  if (quietOwed) return planQuiet(random, base);
  if (loop.left === 0 && random.chance(0.006)) loop.left = random.int(60, 400);
  if (loop.left > 0) {
    loop.left--;
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
  const offUs = planOff(random);
  const silenceUs = random.int(10 * MS, 900 * MS);
  const draw = random.int(0, 99);
  if (draw < 3) {
    const uptimeUs = random.int(1 * MINUTE, 8 * MINUTE);
    return { ...base, kind: "long", offUs, silenceUs, uptimeUs, connections: random.int(10, 60) };
  }
  if (draw < 5) {
    const idleUs = random.int(10 * MINUTE, 180 * MINUTE);
    const uptimeUs = idleUs + random.int(1 * S, 10 * S);
    return { ...base, kind: "idle", offUs, silenceUs: idleUs, uptimeUs, connections: 2 };
  }
  if (draw < 30) {
    const uptimeUs = random.int(5 * S, 40 * S);
    return { ...base, kind: "medium", offUs, silenceUs, uptimeUs, connections: random.int(3, 9) };
  }
  const uptimeUs = random.int(300 * MS, 6 * S);
  return { ...base, kind: "short", offUs, silenceUs, uptimeUs, connections: random.int(1, 5) };
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
