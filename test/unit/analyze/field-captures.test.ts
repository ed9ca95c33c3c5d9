/** The captures of test/fixtures/captures/field: what is to be found in each, how surely, and what must not be said. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseAddress } from "../../../host/core/address.ts";
import { FIXTURES, judge } from "../../support/captures.ts";
import { FIELD_CAPTURES, type FieldCapture } from "../../support/field-captures.ts";
import { diagnose } from "../../support/sessions.ts";

const FOLDER = join(FIXTURES, "field");

/** All that a report says: sentences of findings and notes. */
function words({ findings, notes }: Awaited<ReturnType<typeof diagnose>>): string {
  const said = findings.flatMap(({ rule, summary, detail, settle = "", remedy }) => [
    rule,
    summary,
    detail,
    settle,
    remedy,
  ]);
  return [...said, ...notes].join("\n");
}

describe("the captures from field reports", () => {
  it("are all in the table", () => {
    const names = readdirSync(FOLDER).filter((name) => name.includes(".pcap"));
    expect(names.sort()).toEqual(FIELD_CAPTURES.map(({ file }) => file).sort());
  });

  it.each(FIELD_CAPTURES)("$file gives $finds", async (capture: FieldCapture) => {
    const analysis = await diagnose(join("field", capture.file));
    const found = analysis.findings.map(
      ({ rule, severity, confidence }) => `${severity} ${rule} ${confidence}`,
    );
    expect(found).toEqual(capture.finds);
    const faults = analysis.findings.filter(({ severity }) => severity === "fault");
    expect(faults.map(({ blames }) => blames)).toEqual(capture.blames ?? []);
    const text = words(analysis);
    for (const part of capture.says ?? []) expect(text).toContain(part);
    for (const part of capture.never ?? []) expect(text).not.toMatch(part);
  });

  it.each(FIELD_CAPTURES.filter(({ boots }) => boots !== undefined))(
    "check finds $boots boots in $file",
    async ({ file, device = "10.77.0.2", boots }) => {
      const judged = await judge(join("field", file), { device: parseAddress(device) });
      expect(judged.boots).toHaveLength(boots ?? 0);
    },
  );
});
