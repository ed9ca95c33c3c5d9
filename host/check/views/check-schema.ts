/** The file that `isnkit check --format json` writes, read back into the run that it tells of. */
import { z } from "zod";
import { list, name, signed, text, timeUs, u32, whole } from "../../report/files/bounds.ts";
import { plotSchema } from "../../report/files/plot-schema.ts";
import { RULE_IDS, type RuleId, SIMULATION_RULE_IDS } from "../rule.ts";
import { STATISTIC_IDS } from "../statistics/statistic.ts";
import { CHECK_SCHEMA } from "./check-json.ts";
import type { CheckRun } from "./check-run.ts";

export const ruleId = z.enum([...RULE_IDS, ...SIMULATION_RULE_IDS] as [RuleId, ...RuleId[]]);

const tuple = z.strictObject({
  localAddress: name,
  localPort: u32.max(65_535),
  remoteAddress: name,
  remotePort: u32.max(65_535),
});

export const findingShape = {
  rule: ruleId,
  boot: whole,
  timeUs,
  tuple: tuple.optional(),
  before: signed.optional(),
  after: signed.optional(),
  distance: signed.optional(),
  elapsedUs: timeUs.optional(),
  detail: text,
  frame: whole.optional(),
};

const rule = z.strictObject({
  id: ruleId,
  status: z.enum(["pass", "fail", "open"]),
  asked: z.boolean(),
  judged: whole,
  findings: whole,
  reason: text.optional(),
  holds: text,
  clause: text,
  remedy: text,
});

export const statisticSchema = z.strictObject({
  id: z.enum(STATISTIC_IDS),
  name: text,
  value: z.number().optional(),
  unit: name,
  limit: text,
  sampleSize: whole,
  chance: z.number().min(0).max(1),
  falseAlarmRate: z.number().min(0).max(1),
  verdict: z.enum(["pass", "fail", "open"]),
  explanation: text,
  source: text,
  rule: ruleId.optional(),
});

const source = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("board"), board: name, reboots: whole }),
  z.strictObject({
    kind: z.literal("capture"),
    file: name,
    device: name,
    bootOptions: list(name, 16),
    packets: whole,
    devicePackets: whole,
    bootMethod: text,
  }),
]);

const counts = z.strictObject({
  samples: whole,
  boots: whole,
  connections: whole,
  refusals: whole,
  storageLosses: whole,
  findings: whole,
});

const checkDocument = z
  .strictObject({
    schema: z.literal(CHECK_SCHEMA),
    verdict: z.enum(["pass", "fail", "inconclusive"]),
    source,
    seed: u32.nullable(),
    settings: z.strictObject({
      msl: name.nullable(),
      rules: list(name, 64).nullable(),
      campaign: text.optional(),
    }),
    replay: text,
    counts,
    rules: list(rule, 64),
    findings: list(
      z.strictObject({ ...findingShape, clause: text.optional(), replay: text.optional() }),
      10_000,
    ),
    statistics: list(statisticSchema, 64),
    notes: list(text, 10_000),
    plots: plotSchema.optional(),
  })
  .superRefine(({ verdict, rules }, context) => {
    const isBroken = rules.some(({ status }) => status === "fail");
    const isOpen = rules.some(({ asked, status }) => asked && status === "open");
    const contradiction =
      verdict === "fail" ? !isBroken : isBroken || (verdict === "pass" && isOpen);
    if (!contradiction) return;
    context.addIssue({ code: "custom", path: ["verdict"], message: "the rules say otherwise" });
  });

/** Throws ZodError for whatever is no such document. */
export function parseCheckDocument(value: unknown): CheckRun {
  const document = checkDocument.parse(value);
  const { verdict, rules, counts, notes, seed, settings, plots, statistics } = document;
  const findings = document.findings.map(({ clause: _clause, replay: _replay, ...rest }) => rest);
  const run = {
    result: { verdict, rules, findings, counts, notes },
    source: document.source,
    ...(seed === null ? {} : { seed }),
    ...(settings.msl === null ? {} : { msl: settings.msl }),
    ...(settings.campaign === undefined ? {} : { campaign: settings.campaign }),
    ...(settings.rules === null ? {} : { rules: settings.rules }),
    ...(plots === undefined ? {} : { plots }),
    ...(statistics.length === 0 ? {} : { statistics }),
  };
  return run as CheckRun;
}
