import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { DIAGNOSES } from "../../host/analyze/diagnoses/index.ts";
import { diagnosisPage } from "../../host/analyze/views/diagnosis-page.ts";
import { PEERS } from "../../host/peers/index.ts";

describe("the pages on isnkit analyze", () => {
  it("docs/diagnoses.md is what the diagnoses say", async () => {
    await expect(diagnosisPage(DIAGNOSES)).toMatchFileSnapshot("../../docs/diagnoses.md");
  });

  it("docs/analyze.md names every filter and every peer model", () => {
    const page = readFileSync(new URL("../../docs/analyze.md", import.meta.url), "utf8");
    const flags = ["host", "port", "connection", "from", "to", "narrate", "peer", "follow"];
    for (const flag of flags) expect(page).toContain(`\`--${flag}`);
    for (const { name } of PEERS) expect(page).toContain(`\`${name}\``);
  });
});
