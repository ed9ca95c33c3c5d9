import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { analyzeCapture } from "../../../host/analyze/analyze-capture.ts";
import { DIAGNOSES } from "../../../host/analyze/diagnoses/index.ts";
import { analyzeJson } from "../../../host/analyze/views/analyze-json.ts";
import { diagnosisIndex, diagnosisPage } from "../../../host/analyze/views/diagnosis-page.ts";
import { PEERS } from "../../../host/peers/index.ts";
import { FIXTURES } from "../../support/captures.ts";

describe("the pages on isnkit analyze", () => {
  it("docs/diagnoses/README.md lists the diagnoses", async () => {
    await expect(diagnosisIndex(DIAGNOSES)).toMatchFileSnapshot(
      "../../../docs/diagnoses/README.md",
    );
  });

  it.each(DIAGNOSES)("docs/diagnoses/$id.md is what the diagnosis says", async (diagnosis) => {
    const page = `../../../docs/diagnoses/${diagnosis.id}.md`;
    await expect(diagnosisPage(diagnosis)).toMatchFileSnapshot(page);
  });

  it("docs/diagnoses has no page of a diagnosis that is no more", () => {
    const pages = readdirSync(new URL("../../../docs/diagnoses/", import.meta.url));
    const expected = ["README.md", ...DIAGNOSES.map(({ id }) => `${id}.md`)];
    expect(pages.sort()).toEqual(expected.sort());
  });

  it("docs/analyze.md names every filter and every peer model", () => {
    const page = readFileSync(new URL("../../../docs/analyze.md", import.meta.url), "utf8");
    const flags = ["host", "port", "connection", "from", "to", "narrate", "peer", "follow"];
    for (const flag of flags) expect(page).toContain(`\`--${flag}`);
    for (const { name } of PEERS) expect(page).toContain(`\`${name}\``);
  });
});

describe("the page on the analysis", () => {
  it("names every field of the JSON report", async () => {
    const page = readFileSync(new URL("../../../docs/analyze.md", import.meta.url), "utf8");
    const words = [...page.matchAll(/`([\w.[\]]+)`/g)].map(([, word = ""]) => word);
    // `numbers[]` names numbers, `connections[].client` names client.
    const known = new Set(words.map((word) => word.replace(/\[\]$/, "").split(".").at(-1)));
    const analysis = await analyzeCapture(
      join(FIXTURES, "d1_halfopen_established_rst_recovery.pcap"),
    );
    const report = JSON.parse(analyzeJson({ analysis, filters: [] }));
    const [finding] = report.findings;
    const [row] = report.connections;
    const names = [
      report.capture,
      report.checksums,
      report.checksums.tcp,
      finding,
      row,
      row.client,
    ];
    for (const name of names.flatMap((one) => Object.keys(one))) {
      expect(known.has(name), name).toBe(true);
    }
  });
});
