/** `isnkit simulate --case`: one life again, told line by line, and judged. */
import { EXIT, type ExitCode } from "../core/errors.ts";
import type { Paint } from "../report/check-text.ts";
import { printable, printableJson } from "../report/plain-text.ts";
import { type Campaign, deviceOf, drawCase } from "../simulate/campaign.ts";
import { type CaseName, keepOnly } from "../simulate/case-text.ts";
import { exhaustiveRunner } from "../simulate/exhaustive/exhaustive-runner.ts";
import { judgeLife } from "../simulate/judge-life.ts";
import { StoryTeller } from "../simulate/story.ts";

export function replayCase(
  campaign: Campaign,
  name: CaseName,
  format: "text" | "json",
  paint: Paint,
): { readonly text: string; readonly exitCode: ExitCode } {
  if (campaign.mode === "exhaustive") return replayPoint(campaign, name.index, paint);
  const whole = drawCase(campaign, name.index);
  const script = name.kept === undefined ? whole : keepOnly(whole, name.kept);
  const teller = new StoryTeller(script);
  const { result } = judgeLife(script, deviceOf(campaign), {
    witness: teller,
    watch: (sample) => teller.watch(sample),
  });
  const { findings, rules } = result;
  const exitCode = findings.length > 0 ? EXIT.fail : EXIT.pass;
  const verdict = findings.length > 0 ? "fail" : "pass";
  if (format === "json") {
    const { seed, index } = name;
    const document = {
      schema: "isnkit.case/1",
      verdict,
      seed,
      case: index,
      script,
      findings,
      rules,
    };
    return { text: `${printableJson(document)}\n`, exitCode };
  }
  const broken = rules.filter((rule) => rule.status === "fail");
  const lines = [
    ...teller.lines,
    "",
    ...findings.slice(0, 10).map(({ rule, boot, detail }) => `${rule}  boot ${boot}: ${detail}`),
  ];
  const last =
    broken.length > 0
      ? `${paint.bad("FAIL")}  ${broken.map(({ id }) => id).join(", ")} broken in this case`
      : `${paint.good("PASS")}  nothing is broken in this case`;
  return { text: `${lines.map(printable).join("\n")}\n${last}\n`, exitCode };
}

/** A case of exhaustive mode: all power cuts at one operation. */
function replayPoint(campaign: Campaign, index: number, paint: Paint) {
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
