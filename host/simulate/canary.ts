/**
 * The canary: a run that finds nothing has proved something only if it finds what is bad. A few
 * generators of the zoo go through the same settings, and each has to be caught under its rules.
 */
import type { RuleId } from "../check/rule.ts";
import { UsageError } from "../core/errors.ts";
import { HONEST } from "../sim/campaign.ts";
import { ZOO, type ZooMember } from "../zoo/index.ts";
import { type Campaign, swarmRunner } from "./campaign.ts";
import type { CanaryResult } from "./simulate-run.ts";

/** Cases within which a bad generator has to be caught. */
export const CANARY_CASES_MAX = 24;

/** Runs the canaries of the campaign's settings, one after the other; `onProgress` names each. */
export async function runCanaries(
  campaign: Campaign,
  options: {
    readonly onProgress?: (generator: string) => void;
    readonly signal?: AbortSignal;
  } = {},
): Promise<CanaryResult[]> {
  // A bad generator under test is its own canary; the oracle of exhaustive mode speaks to the module
  // alone, and has mutants for canaries (test/integration/mutants.test.ts).
  if (campaign.generator !== HONEST || campaign.mode === "exhaustive") return [];
  const results: CanaryResult[] = [];
  for (const name of campaign.settings.canaries) {
    options.onProgress?.(name);
    results.push(runCanary(campaign, memberOf(name)));
    await new Promise((resolve) => setImmediate(resolve));
    if (options.signal?.aborted) break;
  }
  return results;
}

function runCanary(campaign: Campaign, member: ZooMember): CanaryResult {
  const runner = swarmRunner({ ...campaign, generator: member.name });
  const failed = new Set<RuleId>();
  let cases = 0;
  let reboots = 0;
  const caught = () => member.rules.every((rule) => failed.has(rule));
  while (!caught() && cases < CANARY_CASES_MAX) {
    const totals = runner.run(cases++);
    reboots += totals.counts.reboots;
    for (const [id, rule] of Object.entries(totals.rules)) {
      if (rule.findings > 0) failed.add(id as RuleId);
    }
  }
  return {
    generator: member.name,
    field: member.field,
    expected: member.rules,
    failed: [...failed].sort(),
    caught: caught(),
    cases,
    reboots,
  };
}

function memberOf(name: string): ZooMember {
  const member = ZOO.find((one) => one.name === name);
  if (member !== undefined) return member;
  throw new UsageError(
    "unknown-generator",
    `there is no bad generator ${JSON.stringify(name)} to be a canary`,
    `the generators are ${ZOO.map((one) => one.name).join(", ")}`,
  );
}
