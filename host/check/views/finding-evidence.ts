/** The numbers of a finding, named for people. */

import { formatDurationUs } from "../../core/duration.ts";
import { grouped } from "../../core/plural.ts";
import { tupleKey } from "../../core/tuple.ts";
import type { Fact } from "../../report/report-model.ts";
import { bothWays, signedNumber } from "../../report/wording.ts";
import type { Finding } from "../rule.ts";

export function findingEvidence(finding: Finding): Fact[] {
  const { boot, frame, timeUs, tuple, before, after, distance, elapsedUs } = finding;
  const facts: Fact[] = [{ name: "boot", value: grouped(boot) }];
  if (frame !== undefined) facts.push({ name: "frame", value: String(frame) });
  else facts.push({ name: "time in the run", value: formatDurationUs(timeUs) });
  if (tuple !== undefined) facts.push({ name: "connection", value: tupleKey(tuple) });
  if (before !== undefined) facts.push({ name: "before", value: bothWays(before) });
  if (after !== undefined) facts.push({ name: "now", value: bothWays(after) });
  if (distance !== undefined) facts.push({ name: "distance", value: signedNumber(distance) });
  if (elapsedUs !== undefined) {
    facts.push({ name: "time between", value: formatDurationUs(elapsedUs) });
  }
  return facts;
}
