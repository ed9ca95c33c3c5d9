/** What happens in one power cycle of a campaign: how long, how busy, and how it ends. */

import type { Random } from "../core/random.ts";
import {
  type BootKind,
  type BootUse,
  type Busyness,
  comebackUse,
  counterStartOf,
  drawKind,
  everydayUse,
  loopUse,
  offUsOf,
  silenceUsOf,
} from "./boot-use.ts";
import type { PowerCutPlan } from "./nvm.ts";

const S = 1_000_000;
/** A client with several servers, some of them called again and again. */
const BUSYNESS: Busyness = {
  steadyUs: { min: 5 * S, max: 100 * S },
  mediumUs: { min: 5 * S, max: 40 * S },
  longConnections: { min: 10, max: 60 },
  mediumConnections: { min: 3, max: 9 },
  shortConnections: { min: 1, max: 5 },
};
/** Everyday boots with their weights, of 100. */
const KINDS: readonly (readonly [BootKind, number])[] = [
  ["long", 3],
  ["idle", 2],
  ["steady", 4],
  ["brink", 4],
  ["crowded", 3],
  ["medium", 19],
  ["short", 65],
];

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
    counterStart: counterStartOf(random),
    end: random.chance(0.15) ? ("reset" as const) : ("power-cut" as const),
    fast: random.chance(0.25),
  };
  if (quietOwed) return planQuiet(random, base);
  if (memory.loopLeft === 0 && random.chance(0.006)) memory.loopLeft = random.int(60, 400);
  if (memory.loopLeft > 0) {
    memory.loopLeft--;
    const use = loopUse(random, { min: 1, max: 2 });
    return { ...base, kind: "loop", fast: false, ...use };
  }
  if (memory.comeback) {
    memory.comeback = false;
    return { ...base, kind: "comeback", cut: undefined, ...comebackUse(random) };
  }
  const use = planUse(random);
  memory.comeback = use.kind === "brink" || use.kind === "steady";
  return { ...base, ...use, offUs: offUsOf(random) };
}

function planUse(random: Random): BootUse & { readonly kind: BootKind } {
  const silenceUs = silenceUsOf(random);
  const kind = drawKind(random, KINDS);
  return { kind, ...everydayUse(random, kind, silenceUs, BUSYNESS) };
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
    offUs: offUsOf(random),
    silenceUs: silenceUsOf(random),
    connections: 6,
  };
}

type Timing = Pick<BootPlan, "uptimeUs" | "offUs" | "silenceUs" | "connections">;
