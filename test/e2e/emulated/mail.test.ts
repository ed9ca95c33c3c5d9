import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeAll, expect, it } from "vitest";
import { serverRefusals } from "../../../host/analyze/server-refusals.ts";
import { type CheckResult, checkSamples } from "../../../host/check/engine.ts";
import { RULES } from "../../../host/check/rules/index.ts";
import { openEmulatedSource } from "../../../host/sources/emulated-source.ts";
import { type MailFirmware, mailCampaign } from "../../../host/sources/mail-campaign.ts";
import { judgeMailCampaign } from "../../../host/sources/mail-evidence.ts";
import { mailOutage } from "../../../host/sources/mail-outage.ts";
import { mailTable } from "../../../host/sources/mail-table.ts";
import { describeNetwork } from "./network-tests.ts";
import { buildFirmware, emulatorsLeft } from "./tools.ts";

describeNetwork("the mail device and a server of the Linux kernel", () => {
  const folders: string[] = [];
  beforeAll(() => buildFirmware("lm3s6965evb"), 300_000);
  afterEach(() => {
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
  });

  async function run(firmware: MailFirmware, reboots: number, rfc1337: boolean) {
    const captureFolder = mkdtempSync(join(tmpdir(), "isnkit-mail-"));
    folders.push(captureFolder);
    const campaign = await mailCampaign({
      firmware,
      reboots,
      rfc1337,
      captureFolder,
      newKey: () => randomBytes(16),
      nowUs: () => (performance.timeOrigin + performance.now()) * 1000,
    });
    const evidence = await judgeMailCampaign(campaign, captureFolder);
    return { campaign, evidence, refusals: await serverRefusals(evidence.capture) };
  }

  const broken = (result: CheckResult) =>
    result.rules.filter(({ status }) => status === "fail").map(({ id }) => id);

  it.each(["wasm2c", "wasm3"] as const)(
    "with isnkit over %s connects at the first SYN at every boot, 20 power cuts, whatever the server does",
    async (runtime) => {
      const { campaign, evidence, refusals } = await run(runtime, 20, true);
      expect(campaign.mails).toHaveLength(42);
      expect(campaign.mails.filter(({ sent, repeats }) => !sent || repeats !== 0)).toEqual([]);
      // lwIP sends the hook's value less one on an active open; the wire has to show the module's number.
      expect(campaign.mails.filter(({ isn, given }) => isn !== given)).toEqual([]);
      expect(campaign.arrived).toBe(42);
      expect(evidence.disagreements).toEqual([]);
      expect(broken(evidence.records)).toEqual([]);
      expect(broken(evidence.packets)).toEqual([]);
      expect(evidence.packets.counts.connections).toBe(42);
      expect(refusals).toBe(0);
      expect(emulatorsLeft()).toEqual([]);
    },
    120_000,
  );

  it("with lwIP's defaults repeats ISN and port, and needs a second SYN", async () => {
    const { campaign, evidence, refusals } = await run("lwip-default", 6, false);
    const [first, , second] = campaign.mails;
    expect(first).toMatchObject({ localPort: 49153, isn: 6509, repeats: 0, sent: true });
    expect(second).toMatchObject({ localPort: 49153, isn: 6509, repeats: 1, sent: true });
    expect(evidence.disagreements).toEqual([]);
    // Both mails of the six boots after the first: the server is in TIME_WAIT each time.
    expect(refusals).toBeGreaterThanOrEqual(12);
    for (const verdict of [evidence.records, evidence.packets]) {
      expect(broken(verdict)).toContain("isn-repeats-after-boot");
      expect(broken(verdict)).toContain("port-repeats-after-boot");
    }
    expect(broken(evidence.packets)).toContain("isn-reuse");
  }, 120_000);

  it.each(["wasm2c", "wasm3", "lwip-default"] as const)(
    "%s: a server that is down for five minutes gets its mail as soon as it is back",
    async (firmware) => {
      const outage = await mailOutage({
        firmware,
        rfc1337: false,
        newKey: () => randomBytes(16),
        nowUs: () => (performance.timeOrigin + performance.now()) * 1000,
      });
      // More than the module's table holds.
      expect(outage.failed).toBeGreaterThan(32);
      expect(outage.refused).toBe(0);
      expect(outage.recoveryMs).toBeDefined();
      expect(emulatorsLeft()).toEqual([]);
    },
    120_000,
  );

  it("is a source for `check`: lwIP's defaults break the rules", async () => {
    const source = await openEmulatedSource({
      selector: "qemu:lm3s6965evb:lwip-default",
      reboots: 6,
      seed: 1,
      nowUs: () => (performance.timeOrigin + performance.now()) * 1000,
      sleep: () => Promise.resolve(),
      newKey: () => randomBytes(16),
    });
    const result = await checkSamples(source.samples, { rules: RULES, context: source.context });
    expect(result.verdict).toBe("fail");
    expect(broken(result)).toContain("isn-repeats-after-boot");
    expect(source.ending().incomplete).toBe(false);
  }, 60_000);

  it("with lwIP's defaults sends no mail after a reboot to a server with tcp_rfc1337", async () => {
    const { campaign, evidence, refusals } = await run("lwip-default", 1, true);
    expect(campaign.mails.filter(({ boot }) => boot === 0).every(({ sent }) => sent)).toBe(true);
    const later = campaign.mails.filter(({ boot }) => boot === 1);
    expect(later).toHaveLength(2);
    expect(later.filter(({ sent, connectMs }) => sent || connectMs !== undefined)).toEqual([]);
    expect(mailTable([{ campaign, evidence, refusals }])).toMatch(
      /lwIP's defaults +1 +2 +2 of 4 +2 of 4/,
    );
  }, 120_000);
});
