/** docs/precision.md: how often each rule was right, overclaimed and wrong, over all captures and their changes. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { DIAGNOSIS_IDS } from "../../../host/analyze/diagnosis.ts";
import { IsnkitError } from "../../../host/core/errors.ts";
import { FIXTURES } from "../../support/captures.ts";
import { CHANGES, fileOf, readPlain } from "../../support/changed-captures.ts";
import { EXPECTED } from "../../support/expected-findings.ts";
import { FIELD_CAPTURES } from "../../support/field-captures.ts";
import { diagnose } from "../../support/sessions.ts";

const SURENESS = ["possible", "likely", "certain"];

/** Rules that are right for each capture, and how sure they may be at most. */
const RIGHT: readonly { readonly path: string; readonly rules: ReadonlyMap<string, string> }[] = [
  ...Object.entries(EXPECTED).map(([name, rules]) => ({
    path: `${name}.pcap`,
    rules: new Map(rules.map((rule) => [rule, "certain"])),
  })),
  ...FIELD_CAPTURES.map(({ file, finds }) => ({
    path: join("field", file),
    rules: new Map(
      finds.map((one) => one.split(" ")).map(([, rule = "", sure = ""]) => [rule, sure]),
    ),
  })),
];

interface Tally {
  right: number;
  overclaimed: number;
  wrong: number;
  /** Faults that are wrong and said to be certain. */
  certainlyWrong: number;
}

async function findingsOf(bytes: Uint8Array) {
  try {
    return (await diagnose(bytes)).findings;
  } catch (error) {
    // Nothing to judge is left.
    if (error instanceof IsnkitError) return [];
    throw error;
  }
}

async function tallied() {
  const byRule = new Map<string, Tally>();
  const byChange = new Map<string, Tally>();
  const wrong: string[] = [];
  const tallyOf = (map: Map<string, Tally>, key: string) => {
    const known = map.get(key) ?? { right: 0, overclaimed: 0, wrong: 0, certainlyWrong: 0 };
    map.set(key, known);
    return known;
  };
  for (const { path, rules } of RIGHT) {
    const plain = await readPlain(join(FIXTURES, path));
    for (const [change, apply] of Object.entries(CHANGES)) {
      const found = await findingsOf(fileOf(apply(plain)));
      for (const { rule, confidence, severity } of found) {
        const most = rules.get(rule);
        const isOver = most !== undefined && SURENESS.indexOf(confidence) > SURENESS.indexOf(most);
        for (const tally of [tallyOf(byRule, rule), tallyOf(byChange, change)]) {
          if (most === undefined) tally.wrong += 1;
          else if (isOver) tally.overclaimed += 1;
          else tally.right += 1;
          if (most === undefined && severity === "fault" && confidence === "certain") {
            tally.certainlyWrong += 1;
          }
        }
        if (most === undefined)
          wrong.push(`${severity} ${rule} (${confidence}): ${path}, ${change}`);
      }
    }
  }
  return { byRule, byChange, wrong };
}

function row(name: string, { right, overclaimed, wrong, certainlyWrong }: Tally): string {
  return `| ${name} | ${right} | ${overclaimed} | ${wrong} | ${certainlyWrong} |`;
}

const COLUMNS = ["right", "overclaimed", "wrong", "certain, a fault, and wrong"];

function table(head: string, rows: readonly string[]): string[] {
  return [`| ${head} | ${COLUMNS.join(" | ")} |`, "| --- | --- | --- | --- | --- |", ...rows];
}

describe("the precision of analyze", () => {
  it("is what docs/precision.md says, and no fault is certain and wrong", async () => {
    const { byRule, byChange, wrong } = await tallied();
    const ids = DIAGNOSIS_IDS.filter((id) => byRule.has(id));
    const none = { right: 0, overclaimed: 0, wrong: 0, certainlyWrong: 0 };
    const page = [
      "# How often `isnkit analyze` is right",
      "",
      `Each rule over the ${RIGHT.length} captures of \`test/fixtures/captures\`, each of them in ${Object.keys(CHANGES).length} forms that`,
      "change nothing about its hosts. A finding is right if it is one of those that are right about the capture",
      "(`test/support/expected-findings.ts`, `test/support/field-captures.ts`), overclaimed if it is surer than",
      "there, and wrong if it is none of them. What a form hides is not counted. The page is made by",
      "`npx vitest run test/unit/analyze/precision.test.ts -u`, and each run of the tests compares it.",
      "",
      ...table(
        "rule",
        ids.map((id) => row(`\`${id}\``, byRule.get(id) ?? none)),
      ),
      "",
      ...table(
        "form",
        Object.keys(CHANGES).map((name) => row(name, byChange.get(name) ?? none)),
      ),
      "",
      ...(wrong.length === 0
        ? []
        : ["What is wrong:", "", ...wrong.map((line) => `* ${line}`), ""]),
    ];
    await expect(page.join("\n")).toMatchFileSnapshot("../../../docs/precision.md");
    const certain = [...byRule.values()].reduce((sum, tally) => sum + tally.certainlyWrong, 0);
    expect(certain).toBe(0);
  });

  it("counts every capture", () => {
    const names = [
      ...readdirSync(FIXTURES).filter((name) => name.endsWith(".pcap")),
      ...readdirSync(join(FIXTURES, "field"))
        .filter((name) => name.includes(".pcap"))
        .map((name) => join("field", name)),
    ];
    expect(RIGHT.map(({ path }) => path).sort()).toEqual(names.sort());
  });
});
