/**
 * The canaries of exhaustive mode: known-bad generators go through the same cuts under the same laws,
 * on one geometry, and each has to be caught. Most are good devices until power fails at the one
 * operation that shows them, so they tell whether cuts are made and seen at all.
 */
import type { RuleId } from "../../check/rule.ts";
import { UsageError } from "../../core/errors.ts";
import { IsnModule } from "../../module/isn-module.ts";
import { makeRewindable } from "../../module/rewindable.ts";
import { GEOMETRIES, geometryName } from "../../virtual/geometries.ts";
import { CUT_ZOO, ZOO, type ZooMember } from "../../virtual/zoo/index.ts";
import type { Campaign } from "../campaign.ts";
import type { CanaryResult } from "../simulate-run.ts";
import { badModules, geometryFor } from "./bad-module.ts";
import { ORACLE_RULES, pointsOn, runPoint } from "./points.ts";

/**
 * What the cuts have to catch by default: each law that a cut can break, and each way to cut. Every one
 * is caught whatever the seed; what a torn record of `torn-journal` reads as is luck, so it is not here.
 */
const ONE_CUT: readonly string[] = [
  "counter-in-place",
  "write-behind",
  "per-boot-key",
  "timestamps-restart",
  "ports-restart",
  "quiet-in-ram",
  "self-healing-key",
];
/** Good after any single cut: only a cut in the recovery from another one shows it. */
const TWO_CUTS: readonly string[] = ["repaired-in-place"];

/** The canaries of a depth, by name. */
export function cutCanaries(depth: 1 | 2): readonly string[] {
  return depth === 1 ? ONE_CUT : [...ONE_CUT, ...TWO_CUTS];
}

/** Throws UsageError for a generator that does not exist, or whose sin the oracle does not judge. */
export function expectCutCanary(name: string): void {
  memberOf(name);
}

/** Runs one canary until its rules have caught it, or the geometry has no cut left. */
export function runCutCanary(
  { wasm, seed, depth = 1 }: Pick<Campaign, "wasm" | "seed" | "depth">,
  name: string,
): CanaryResult {
  const { member, rules } = memberOf(name);
  const powerOn = IsnModule.rewinding(new WebAssembly.Module(makeRewindable(wasm)));
  const subject = { instantiate: badModules(member, powerOn), seed, depth };
  const failed = new Set<RuleId>();
  const caught = () => rules.every((rule) => failed.has(rule));
  let cases = 0;
  let reboots = 0;
  for (const point of pointsOn(subject, geometryFor(member, GEOMETRY))) {
    const totals = runPoint(subject, point, cases++);
    reboots += totals.counts.reboots;
    for (const { rule } of totals.failures) failed.add(rule);
    if (caught()) break;
  }
  return {
    generator: member.name,
    field: member.field,
    expected: rules,
    failed: [...failed].sort(),
    caught: caught(),
    cases,
    reboots,
  };
}

/** NOR flash in words of 8 bytes: it is erased, and records are torn inside. */
const GEOMETRY = part("nor 4×448/8");

function part(name: string) {
  const geometry = GEOMETRIES.find((one) => geometryName(one) === name);
  if (geometry === undefined) throw new Error(`there is no geometry ${name}`);
  return geometry;
}

function memberOf(name: string): { member: ZooMember; rules: readonly RuleId[] } {
  const member = [...ZOO, ...CUT_ZOO].find((one) => one.name === name);
  const rules = member?.rules.filter((rule) => JUDGED.includes(rule)) ?? [];
  if (member !== undefined && rules.length > 0) return { member, rules };
  const fit = [...ZOO, ...CUT_ZOO].filter((one) => one.rules.some((id) => JUDGED.includes(id)));
  throw new UsageError(
    "unknown-generator",
    member === undefined
      ? `there is no bad generator ${JSON.stringify(name)} to be a canary`
      : `${name} breaks none of the rules that exhaustive mode judges, so it is no canary there`,
    `exhaustive mode takes ${fit.map((one) => one.name).join(", ")}`,
  );
}

const JUDGED: readonly RuleId[] = ORACLE_RULES;
