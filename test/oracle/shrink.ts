/** Makes a life that breaks a promise as short as it goes, with the same promise broken. */
import type { Life, Setup, Step } from "./life.ts";

export type Breaks = (life: Life) => boolean;

export function shrink(life: Life, breaks: Breaks, budget = 800): Life {
  let best = life;
  let tries = 0;
  const attempt = (candidate: Life): boolean => {
    if (tries++ >= budget || !breaks(candidate)) return false;
    best = candidate;
    return true;
  };
  for (let before = -1; before !== best.steps.length && tries < budget; ) {
    before = best.steps.length;
    for (let size = Math.ceil(best.steps.length / 2); size >= 1; size = Math.floor(size / 2)) {
      for (let at = 0; at < best.steps.length; ) {
        const steps = [...best.steps.slice(0, at), ...best.steps.slice(at + size)];
        if (!attempt({ ...best, steps })) at += size;
      }
    }
  }
  for (const change of PLAINER_SETUP) attempt({ ...best, setup: { ...best.setup, ...change } });
  for (let at = 0; at < best.steps.length; at++) {
    for (const plainer of plainerSteps(best.steps[at] as Step)) {
      const steps = best.steps.slice();
      steps[at] = plainer;
      if (attempt({ ...best, steps })) break;
    }
  }
  return best;
}

const PLAINER_SETUP: readonly Partial<Setup>[] = [
  { hz: 1_000_000 },
  { leases: undefined },
  { ports: undefined },
  { policy: 0 },
  { programSeconds: 0 },
  { eraseSeconds: 0 },
  { flicker: "none" },
  { tornFailsReads: false },
  { tornPuts: false },
  { litter: 0 },
  { missing: undefined },
  { stamps: false },
];

function plainerSteps(step: Step): Step[] {
  switch (step.do) {
    case "boot":
      return [1, 2, Math.floor(step.count / 2)]
        .filter((count) => count < step.count && count > 0)
        .map((count) => ({ ...step, count }));
    case "run":
      return [1, 2, 5, Math.floor(step.polls / 2)]
        .filter((polls) => polls < step.polls && polls > 0)
        .map((polls) => ({ ...step, polls }));
    case "report":
      return [1, 4, 20, Math.floor(step.count / 2)]
        .filter((count) => count < step.count && count > 0)
        .map((count) => ({ ...step, count }));
    case "fork":
      return [1, 2].filter((boots) => boots < step.boots).map((boots) => ({ ...step, boots }));
    case "cut":
      return [
        { ...step, effect: "nothing" as const },
        { ...step, effect: "everything" as const },
      ].filter(({ effect }) => effect !== step.effect);
    case "fail":
      return [
        { ...step, count: 1, effect: "nothing" as const },
        { ...step, count: 1 },
        { ...step, effect: "nothing" as const },
      ].filter(({ count, effect }) => count !== step.count || effect !== step.effect);
    default:
      return [];
  }
}
