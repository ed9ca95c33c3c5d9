import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { DIAGNOSES } from "../../host/analyze/diagnoses/index.ts";
import { diagnosisIndex, diagnosisPage } from "../../host/analyze/views/diagnosis-page.ts";
import { PEERS } from "../../host/peers/index.ts";

describe("the pages on isnkit analyze", () => {
  it("docs/diagnoses/README.md lists the diagnoses", async () => {
    await expect(diagnosisIndex(DIAGNOSES)).toMatchFileSnapshot("../../docs/diagnoses/README.md");
  });

  it.each(DIAGNOSES)("docs/diagnoses/$id.md is what the diagnosis says", async (diagnosis) => {
    const page = `../../docs/diagnoses/${diagnosis.id}.md`;
    await expect(diagnosisPage(diagnosis)).toMatchFileSnapshot(page);
  });

  it("docs/diagnoses has no page of a diagnosis that is no more", () => {
    const pages = readdirSync(new URL("../../docs/diagnoses/", import.meta.url));
    const expected = ["README.md", ...DIAGNOSES.map(({ id }) => `${id}.md`)];
    expect(pages.sort()).toEqual(expected.sort());
  });

  it("docs/analyze.md names every filter and every peer model", () => {
    const page = readFileSync(new URL("../../docs/analyze.md", import.meta.url), "utf8");
    const flags = ["host", "port", "connection", "from", "to", "narrate", "peer", "follow"];
    for (const flag of flags) expect(page).toContain(`\`--${flag}`);
    for (const { name } of PEERS) expect(page).toContain(`\`${name}\``);
  });
});
