/** What boots of each kind are like: how long, how busy, how long without power before them. */

import type { Random } from "../core/random.ts";
import type { WorkloadRange } from "../core/workload.ts";

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

/** Boots with one connection only: it uses the tuple that comes back. */
export const ALWAYS_BOUND: readonly BootKind[] = ["steady", "brink", "comeback"];
/** After a crowd of other connections, the last ones come back to the bound tuples. */
export const LAST_OF_CROWD = 4;

/** How busy everyday boots are. A range of one value takes nothing from the random stream. */
export interface Busyness {
  readonly steadyUs: WorkloadRange;
  readonly mediumUs: WorkloadRange;
  readonly longConnections: WorkloadRange;
  readonly mediumConnections: WorkloadRange;
  readonly shortConnections: WorkloadRange;
}

/** `silenceUs`: before the first connection. */
export interface BootUse {
  readonly uptimeUs: number;
  readonly silenceUs: number;
  readonly connections: number;
}

/** A whole number of the range. */
export function within(random: Random, { min, max }: WorkloadRange): number {
  return random.int(min, max);
}

/** One of a boot loop: hardly any time, neither with nor without power. */
export function loopUse(random: Random, connections: WorkloadRange) {
  return {
    uptimeUs: random.int(100 * MS, 220 * MS),
    offUs: random.int(62 * MS, 80 * MS),
    silenceUs: random.int(5 * MS, 60 * MS),
    connections: some(random, connections),
  };
}

/** Back to the tuple of the boot before as soon as can be. */
export function comebackUse(random: Random) {
  return {
    uptimeUs: random.int(300 * MS, 2 * S),
    offUs: random.int(50 * MS, 300 * MS),
    silenceUs: random.int(1 * MS, 10 * MS),
    connections: 1,
  };
}

/** A boot of everyday use; `silenceUs` as it is where the kind asks for no other. */
export function everydayUse(
  random: Random,
  kind: BootKind,
  silenceUs: number,
  busyness: Busyness,
): BootUse {
  switch (kind) {
    case "long": {
      const uptimeUs = random.int(1 * MINUTE, 8 * MINUTE);
      return { uptimeUs, silenceUs, connections: some(random, busyness.longConnections) };
    }
    case "idle": {
      const idleUs = random.int(10 * MINUTE, 180 * MINUTE);
      const uptimeUs = idleUs + random.int(1 * S, 10 * S);
      return { uptimeUs, silenceUs: idleUs, connections: 2 };
    }
    case "steady":
      return { uptimeUs: some(random, busyness.steadyUs), silenceUs, connections: 1 };
    case "brink": {
      // The first lease lasts 4.194 s. The clock may not pass its end unseen: that would eat up GUARD.
      const brinkUs = random.int(3_700 * MS, 4_100 * MS);
      const uptimeUs = brinkUs + random.int(1 * MS, 85 * MS);
      return { uptimeUs, silenceUs: brinkUs, connections: 1 };
    }
    case "crowded": {
      const uptimeUs = random.int(20 * S, 40 * S);
      return { uptimeUs, silenceUs, connections: random.int(45, 70) };
    }
    case "medium": {
      const uptimeUs = some(random, busyness.mediumUs);
      return { uptimeUs, silenceUs, connections: some(random, busyness.mediumConnections) };
    }
    default: {
      const uptimeUs = random.int(300 * MS, 6 * S);
      return { uptimeUs, silenceUs, connections: some(random, busyness.shortConnections) };
    }
  }
}

/** One of the kinds, by their weights. */
export function drawKind(
  random: Random,
  kinds: readonly (readonly [BootKind, number])[],
): BootKind {
  const total = kinds.reduce((sum, [, weight]) => sum + weight, 0);
  let draw = random.int(0, total - 1);
  for (const [kind, weight] of kinds) {
    if (draw < weight) return kind;
    draw -= weight;
  }
  return "short";
}

/** Silence before the first connection of most boots. */
export function silenceUsOf(random: Random): number {
  return random.int(10 * MS, 900 * MS);
}

/** Time without power: mostly short, so that servers still hold the old connections. */
export function offUsOf(random: Random): number {
  const draw = random.int(0, 99);
  if (draw < 85) return random.int(50 * MS, 5 * S);
  if (draw < 97) return random.int(5 * S, 60 * S);
  return random.int(250 * S, 1000 * S);
}

/** Counters start at 0, go on from anywhere, or are about to wrap. */
export function counterStartOf(random: Random): number {
  const draw = random.int(0, 9);
  if (draw < 5) return 0;
  if (draw < 8) return random.u32();
  return 0x1_0000_0000 - random.int(1, 5_000_000);
}

function some(random: Random, range: WorkloadRange): number {
  return range.min === range.max ? range.min : within(random, range);
}
