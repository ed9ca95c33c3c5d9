/** `analyze` and `check --capture` name the same hosts, over all captures. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { Check } from "../../../host/check/engine.ts";
import { CAPTURE_RULES, RULES } from "../../../host/check/rules/index.ts";
import { parseAddress } from "../../../host/core/address.ts";
import { captureSamples } from "../../../host/sources/capture/samples.ts";
import { FIXTURES } from "../../support/captures.ts";
import { diagnose } from "../../support/sessions.ts";

/** The one rule of a capture for which there is no diagnosis. */
const NOT_DIAGNOSED = "port-predictable";

const FILES = [
  ...readdirSync(FIXTURES).filter((name) => name.endsWith(".pcap")),
  ...readdirSync(join(FIXTURES, "field"))
    .filter((name) => name.includes(".pcap"))
    .map((name) => join("field", name)),
];

async function checkOf(file: string, host: string) {
  const context = { twoMslUs: 240e6, source: "capture" } as const;
  const check = new Check({ rules: RULES, asked: CAPTURE_RULES, context });
  const samples = captureSamples(join(FIXTURES, file), { device: parseAddress(host) });
  for await (const sample of samples) check.observe(sample);
  return check.finish();
}

describe("analyze and check --capture", () => {
  it.each(FILES)("agree on who is to blame in %s", async (file) => {
    const { findings, connections } = await diagnose(file);
    const clients = new Set(
      connections.filter(({ sawSyn }) => sawSyn).map(({ tuple }) => tuple.localAddress),
    );
    expect(clients.size).toBeGreaterThan(0);
    for (const client of clients) {
      const { rules, verdict } = await checkOf(file, client);
      const failed = rules.filter(({ id, status }) => status === "fail" && id !== NOT_DIAGNOSED);
      const blamed = findings.filter(({ blames }) => blames === client);
      if (failed.length > 0) expect(blamed, `check blames ${client}`).not.toEqual([]);
      const sure = blamed.filter((one) => one.severity === "fault" && one.confidence === "certain");
      if (sure.length > 0) expect(verdict, `analyze blames ${client}`).not.toBe("pass");
    }
  });
});
