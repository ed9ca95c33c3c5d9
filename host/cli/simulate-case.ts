/** `isnkit simulate --case`: one life again, told line by line, and judged. */
import type { CheckResult } from "../check/engine.ts";
import { EXIT, type ExitCode } from "../core/errors.ts";
import type { Paint } from "../core/paint.ts";
import { printable, printableJson } from "../core/plain-text.ts";
import { type Campaign, deviceOf, drawCase } from "../simulate/campaign.ts";
import { type CaseName, keepOnly } from "../simulate/case-text.ts";
import { exhaustiveRunner } from "../simulate/exhaustive/exhaustive-runner.ts";
import { judgeLife } from "../simulate/judge-life.ts";
import { type ReplayOnBoardOptions, replayOnBoard } from "../simulate/on-board/replay-on-board.ts";
import { StoryTeller } from "../simulate/story.ts";
import type { LifeScript } from "../virtual/life-script.ts";

export interface CaseReport {
  readonly text: string;
  readonly exitCode: ExitCode;
}

type CaseFormat = "text" | "json";

export function replayCase(
  campaign: Campaign,
  name: CaseName,
  format: CaseFormat,
  paint: Paint,
): CaseReport {
  if (campaign.mode === "exhaustive") return replayPoint(campaign, name.index, paint);
  const script = scriptOf(campaign, name);
  const teller = new StoryTeller(script);
  const { result } = judgeLife(script, deviceOf(campaign), {
    witness: teller,
    watch: (sample) => teller.watch(sample),
  });
  return reportOf({ name, script, story: teller.lines, result }, format, paint);
}

/** The same on an emulated board. UsageError `not-on-board` for what cannot be played there. */
export async function replayCaseOnBoard(
  campaign: Campaign,
  name: CaseName,
  format: CaseFormat,
  paint: Paint,
  bench: Pick<ReplayOnBoardOptions, "signal" | "onBoot">,
): Promise<CaseReport> {
  const { board } = campaign;
  const options = { ...bench, selector: board, script: scriptOf(campaign, name) };
  return reportOf({ name, board, ...(await replayOnBoard(options)) }, format, paint);
}

function scriptOf(campaign: Campaign, { index, kept }: CaseName): LifeScript {
  const whole = drawCase(campaign, index);
  return kept === undefined ? whole : keepOnly(whole, kept);
}

interface PlayedCase {
  readonly name: CaseName;
  readonly script: LifeScript;
  readonly story: readonly string[];
  readonly result: CheckResult;
  /** Where it was played, if not on the simulated board; and what is different there. */
  readonly board?: string;
  readonly notes?: readonly string[];
}

function reportOf(played: PlayedCase, format: CaseFormat, paint: Paint): CaseReport {
  const { name, script, story, result, board, notes = [] } = played;
  const { findings, rules } = result;
  const exitCode = findings.length > 0 ? EXIT.fail : EXIT.pass;
  if (format === "json") {
    const verdict = findings.length > 0 ? "fail" : "pass";
    const { seed, index } = name;
    const head = { schema: "isnkit.case/1", verdict, seed, case: index };
    const place = board === undefined ? {} : { board, notes };
    const document = { ...head, ...place, script, findings, rules };
    return { text: `${printableJson(document)}\n`, exitCode };
  }
  const broken = rules.filter((rule) => rule.status === "fail");
  const lines = [
    ...story,
    "",
    ...findings.slice(0, 10).map(({ rule, boot, detail }) => `${rule}  boot ${boot}: ${detail}`),
    ...notes.map((note) => `note: ${note}`),
  ];
  const last =
    broken.length > 0
      ? `${paint.bad("FAIL")}  ${broken.map(({ id }) => id).join(", ")} broken in this case`
      : `${paint.good("PASS")}  nothing is broken in this case`;
  return { text: `${lines.map(printable).join("\n")}\n${last}\n`, exitCode };
}

/** A case of exhaustive mode: all power cuts at one operation. */
function replayPoint(campaign: Campaign, index: number, paint: Paint): CaseReport {
  const { failures, counts } = exhaustiveRunner(campaign).run(index);
  const found = failures.flatMap(({ findings }) => findings);
  const last =
    found.length > 0
      ? `${paint.bad("FAIL")}  ${found.map(({ rule }) => rule).join(", ")} broken in this case`
      : `${paint.good("PASS")}  nothing is broken in this case, ${counts.powerOns} power-ons`;
  const lines = found.map(({ rule, detail }) => `${rule}  ${printable(detail)}`);
  return {
    text: `${[...lines, last].join("\n")}\n`,
    exitCode: found.length > 0 ? EXIT.fail : EXIT.pass,
  };
}
