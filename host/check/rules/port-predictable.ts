/**
 * port-predictable: allocated ports are spread evenly and do not follow from one another, over all
 * destinations and for each. Tested (port-predictors.ts) after 16, 32, 64, … 4096 ports and at the
 * end; the first predictor that works is reported, once. Ports that the application bound do not
 * count (boundness.ts).
 *
 * False alarms: a good allocator takes any given port next with a chance of at most 2 / pool (random,
 * or a keyed permutation without repeats); each test has a proven bound of 10^-15, and there are
 * fewer than 40 tests at each of 10 looks at 4096 ports: below 10^-10 per million connections.
 * Pools of fewer than 256 ports are not held to be good, and may be reported here.
 */
import type { OpenSample } from "../../core/sample.ts";
import { destinationKey } from "../../core/tuple.ts";
import { Boundness, DESTINATIONS_MAX, LOOKS_BOUND } from "../boundness.ts";
import { formatChance, LN_ALPHA } from "../chance.ts";
import { PortChance } from "../port-chance.ts";
import { PORT_PREDICTORS } from "../port-predictors.ts";
import type { CheckContext, Report, Rule, RuleJudge } from "../rule.ts";

/** Fewer allocated ports than this leave the rule open. */
const PORTS_MIN = 16;
const BLOCK_SIZE = 4096;

export const portPredictable: Rule = {
  id: "port-predictable",
  holds: "allocated ports are spread evenly and do not follow from one another",
  clause: "RFC 6056 §3.2, §3.3",
  remedy:
    "map the allocation counter to a port through a keyed permutation of the whole range, one per destination",
  sees: ["open"],
  start: judge,
};

function judge({ ports: pool }: CheckContext): RuleJudge {
  const boundness = new Boundness();
  const portChance = new PortChance(pool);
  const lastOf = new Map<string, number>();
  let block = { ports: [] as number[], steps: [] as number[], destinationSteps: [] as number[] };
  let last: number | undefined;
  let lastOpen: OpenSample | undefined;
  let judged = 0;
  let found = false;

  function look(report: Report): void {
    if (found || lastOpen === undefined) return;
    for (const predict of PORT_PREDICTORS) {
      const { lnChance, how } = predict({ ...block, pool, poolSize: portChance.size });
      if (lnChance >= LN_ALPHA) continue;
      found = true;
      report({
        rule: "port-predictable",
        boot: lastOpen.boot,
        timeUs: lastOpen.timeUs,
        tuple: lastOpen.tuple,
        after: lastOpen.tuple.localPort,
        detail: `${how}; by chance ${formatChance(lnChance)}`,
        ...(lastOpen.frame === undefined ? {} : { frame: lastOpen.frame }),
      });
      return;
    }
  }

  function add(sample: OpenSample): void {
    const port = sample.tuple.localPort;
    const key = destinationKey(sample.tuple);
    const lastHere = lastOf.get(key);
    block.ports.push(port);
    if (last !== undefined) block.steps.push(port - last);
    if (lastHere !== undefined) block.destinationSteps.push(port - lastHere);
    last = port;
    lastOf.delete(key);
    if (lastOf.size >= DESTINATIONS_MAX) lastOf.clear();
    lastOf.set(key, port);
    portChance.note(port);
  }

  return {
    observe({ sample }, report) {
      if (sample.kind !== "open") return;
      boundness.note(sample);
      if (!boundness.allocated(sample)) return;
      // In a capture it may be bound, and tells nothing of the next one.
      if (sample.portChoice === "unknown" && boundness.cameBack(sample)) return;
      judged++;
      lastOpen = sample;
      add(sample);
      const size = block.ports.length;
      if (size >= PORTS_MIN && (size & (size - 1)) === 0) look(report);
      if (size >= BLOCK_SIZE) block = { ports: [], steps: [], destinationSteps: [] };
    },
    finish(report) {
      look(report);
      if (judged >= PORTS_MIN) return { judged };
      const open =
        judged === 0 ? LOOKS_BOUND : `${PORTS_MIN} allocated ports are needed, ${judged} were seen`;
      return { judged, open };
    },
  };
}
