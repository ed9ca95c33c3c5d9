/**
 * The canary: a run that finds nothing has proved something only if it finds what is bad. A few
 * generators of the zoo go through the same settings, and each has to be caught under its rules.
 */
import type { RuleId } from "../check/rule.ts";
import { UsageError } from "../core/errors.ts";
import { HONEST } from "../virtual/campaign.ts";
import { ZOO, type ZooMember } from "../virtual/zoo/index.ts";
import { type Campaign, swarmRunner } from "./campaign.ts";
import { expectCutCanary, runCutCanary } from "./exhaustive/cut-canary.ts";
import type { CanaryResult } from "./simulate-run.ts";

/** Cases within which a bad generator has to be caught. */
export const CANARY_CASES_MAX = 24;

/**
 * The canaries that a campaign has to catch. A bad generator under test is its own canary. Throws
 * UsageError for a name that cannot be one, before anything runs.
 */
export function canariesOf({ generator, mode, settings }: Campaign): readonly string[] {
  if (generator !== HONEST) return [];
  for (const name of settings.canaries) {
    if (mode === "exhaustive") expectCutCanary(name);
    else memberOf(name);
  }
  return settings.canaries;
}

/** Runs one canary under the campaign's settings; the same on any thread and in any shard. */
export function runCanary(campaign: Campaign, name: string): CanaryResult {
  return campaign.mode === "exhaustive"
    ? runCutCanary(campaign, name)
    : runSwarmCanary(campaign, memberOf(name));
}

function runSwarmCanary(campaign: Campaign, member: ZooMember): CanaryResult {
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
