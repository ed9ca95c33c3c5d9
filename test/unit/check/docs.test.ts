/** docs/check-rules.md and the rules say the same. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { RULE_IDS } from "../../../host/check/rule.ts";
import { RULES } from "../../../host/check/rules/index.ts";

const PAGE = readFileSync(new URL("../../../docs/check-rules.md", import.meta.url), "utf8");
const SECTIONS = new Map(
  PAGE.split(/^### /m)
    .slice(1)
    .map((section) => [section.slice(0, section.indexOf("\n")), section.replace(/\s+/g, " ")]),
);

describe("docs/check-rules.md", () => {
  it("has one section for each rule and no other", () => {
    expect([...SECTIONS.keys()]).toEqual([...RULE_IDS]);
    expect(RULES.map((rule) => rule.id)).toEqual([...RULE_IDS]);
  });

  it.each(RULES.map((rule) => [rule.id, rule] as const))("says what %s says itself", (id, rule) => {
    const section = SECTIONS.get(id) ?? "";
    expect(section).toContain(`**Holds when** ${rule.holds}.`);
    for (const part of ["Why", "Clause", "Exactly", "Evidence", "False alarms", "Remedy"]) {
      expect(section).toContain(`**${part}**`);
    }
    for (const clause of rule.clause.match(/RFC \d+ §[\d.]+\d/g) ?? []) {
      expect(section).toContain(clause);
    }
  });
});
