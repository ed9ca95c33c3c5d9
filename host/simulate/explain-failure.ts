/** A failure of the totals as a report shows it: made small, told, and with the line that replays it. */

import type { LifeScript } from "../virtual/life-script.ts";
import { type Campaign, deviceOf, drawCase } from "./campaign.ts";
import { everything, type KeptBoot, keepOnly, keptText } from "./case-text.ts";
import { ruleText } from "./finish-run.ts";
import { judgeLife } from "./judge-life.ts";
import { boardReplay } from "./on-board/board-replay.ts";
import { caseReplay } from "./replay.ts";
import { shrink } from "./shrink.ts";
import { type CaseSize, SIMULATE_BOUNDS, type SimulateFailure } from "./simulate-run.ts";
import { StoryTeller } from "./story.ts";
import type { CaseFailure } from "./totals.ts";

export function explainFailure(campaign: Campaign, failure: CaseFailure): SimulateFailure {
  const { rule, case: index } = failure;
  if (campaign.mode === "exhaustive") {
    const none = { boots: 0, connections: 0, faults: 0 };
    const replay = caseReplay(campaign, String(index));
    const { findings } = failure;
    return { case: index, rule, findings, ...ruleText(rule), drawn: none, replay, story: [] };
  }
  const script = drawCase(campaign, index);
  const factory = deviceOf(campaign);
  const shrunk = shrink(script, factory, rule);
  const base = { case: index, rule, ...ruleText(rule), drawn: sizeOf(everything(script)) };
  if (shrunk === undefined) {
    const replay = caseReplay(campaign, String(index));
    return { ...base, findings: failure.findings, replay, story: [] };
  }
  const text = `${index}:${keptText(shrunk.kept)}`;
  const small = keepOnly(script, shrunk.kept);
  const replayOnBoard = boardReplay(campaign, small, text);
  return {
    ...base,
    findings: shrunk.result.findings.slice(0, SIMULATE_BOUNDS.findingsPerFailure),
    shrunk: { ...sizeOf(shrunk.kept), case: `${campaign.seed}:${text}` },
    replay: caseReplay(campaign, text),
    ...(replayOnBoard === undefined ? {} : { replayOnBoard }),
    story: storyOf(small, factory),
  };
}

function storyOf(script: LifeScript, factory: ReturnType<typeof deviceOf>): readonly string[] {
  const teller = new StoryTeller(script);
  judgeLife(script, factory, {
    rules: [],
    witness: teller,
    watch: (sample) => teller.watch(sample),
  });
  return teller.lines;
}

function sizeOf(kept: readonly KeptBoot[]): CaseSize {
  const sum = (part: "connections" | "faults") =>
    kept.reduce((total, boot) => total + boot[part].length, 0);
  return { boots: kept.length, connections: sum("connections"), faults: sum("faults") };
}
