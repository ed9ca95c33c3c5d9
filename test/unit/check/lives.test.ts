/** What a life owes: quiet-time, refused, reboot-unproven, wear. */
import { describe, expect, it } from "vitest";
import type { Sample } from "../../../host/core/sample.ts";
import { judge, only } from "../../support/judge-rule.ts";
import { bootAt, CONTEXT, openAt, tupleTo } from "../../support/sample-streams.ts";

describe("quiet-time", () => {
  const lost: Sample = { kind: "storage-lost", boot: 3, timeUs: 100 };
  const openAfter = (us: number) => openAt(3, 100 + us, tupleTo(1), 1);

  it("names a connection before 2 × MSL have passed", () => {
    const result = judge("quiet-time", [
      lost,
      openAfter(CONTEXT.twoMslUs - 1),
      openAfter(CONTEXT.twoMslUs),
    ]);
    expect(only(result)).toMatchObject({ status: "fail", findings: 1, judged: 1 });
    expect(result.findings[0]).toMatchObject({ elapsedUs: CONTEXT.twoMslUs - 1, boot: 3 });
  });

  it("holds when the first connection comes after 2 × MSL", () => {
    const result = judge("quiet-time", [lost, openAfter(CONTEXT.twoMslUs)]);
    expect(only(result)).toMatchObject({ status: "pass", judged: 1 });
  });

  it("starts anew when storage is lost again", () => {
    const again: Sample = { ...lost, timeUs: 100 + 1000 };
    const result = judge("quiet-time", [lost, again, openAfter(CONTEXT.twoMslUs)]);
    expect(only(result).status).toBe("fail");
  });

  it("judges a loss once, however often the device speaks too early, and each loss by itself", () => {
    const early = [lost, openAfter(1), openAfter(2)];
    expect(only(judge("quiet-time", early))).toMatchObject({ findings: 2, judged: 1 });
    const again: Sample = { ...lost, timeUs: 100 + 3 };
    const twice = [...early, again, openAfter(4)];
    expect(only(judge("quiet-time", twice))).toMatchObject({ findings: 3, judged: 2 });
  });

  it("names the frame of a capture", () => {
    const [plain, framed] = [openAfter(1), { ...openAfter(2), frame: 17 }];
    const { findings } = judge("quiet-time", [lost, plain, framed]);
    expect(findings[0]).not.toHaveProperty("frame");
    expect(findings[1]).toMatchObject({ frame: 17 });
  });

  it("is open when nothing was lost, or nothing was heard afterwards", () => {
    const never = only(judge("quiet-time", [openAfter(5)]));
    expect(never).toMatchObject({ status: "open", judged: 0 });
    expect(never.reason).toContain("never lost");
    const silent = only(judge("quiet-time", [lost, bootAt(3, 200)]));
    expect(silent).toMatchObject({ status: "open", judged: 0 });
    expect(silent.reason).toContain("not heard again");
  });
});

describe("refused", () => {
  const refusal = (expected: boolean): Sample => ({
    kind: "refused",
    boot: 1,
    timeUs: 5,
    call: "isn",
    reason: "portsBusy",
    expected,
  });

  it("names an unexpected refusal with its reason, and accepts an expected one", () => {
    const result = judge("refused", [refusal(true), refusal(false)]);
    expect(only(result)).toMatchObject({ status: "fail", findings: 1, judged: 2 });
    expect(result.findings[0]?.detail).toBe("isn was refused: portsBusy");
    expect(only(judge("refused", [refusal(true)])).status).toBe("pass");
  });

  it("counts a number that was given as judged, and nothing else", () => {
    const given = [bootAt(0, 0), openAt(0, 0, tupleTo(1), 1)];
    expect(only(judge("refused", given))).toMatchObject({ status: "pass", judged: 1 });
    expect(only(judge("refused", [...given, refusal(true)]))).toMatchObject({ judged: 2 });
  });

  it("is open for a capture, which does not show refusals, and when nothing was asked", () => {
    const result = judge("refused", [openAt(0, 0, tupleTo(1), 1)], { source: "capture" });
    expect(only(result)).toMatchObject({ status: "open", judged: 0 });
    expect(only(result).reason).toContain("a capture does not show");
    expect(only(judge("refused", [bootAt(0, 0)])).reason).toContain("never asked");
  });
});

describe("reboot-unproven", () => {
  it("names a reboot that the boot count does not show", () => {
    const counts = [7, 8, 8, 9];
    const samples = counts.map((persistedBootCount, boot) =>
      bootAt(boot, boot, { persistedBootCount }),
    );
    const result = judge("reboot-unproven", samples);
    expect(only(result)).toMatchObject({ status: "fail", findings: 1, judged: 3 });
    expect(result.findings[0]).toMatchObject({ boot: 2, before: 8, after: 8, distance: 0 });
    expect(result.findings[0]?.elapsedUs).toBe(1);
  });

  it("asks nothing of a boot that nobody asked for", () => {
    const same = { requested: false, persistedBootCount: 5 };
    const result = judge("reboot-unproven", [bootAt(0, 0, same), bootAt(1, 1, same)]);
    expect(only(result)).toMatchObject({ status: "open", judged: 0, findings: 0 });
    expect(only(result).reason).toBe("no reboot was asked for");
  });

  it("passes over a boot that was cut before it could tell, and judges the next", () => {
    const blind: Sample = { kind: "boot", boot: 1, timeUs: 1, requested: true };
    const first = bootAt(0, 0, { persistedBootCount: 5 });
    const good = judge("reboot-unproven", [first, blind, bootAt(2, 2, { persistedBootCount: 6 })]);
    expect(only(good)).toMatchObject({ status: "pass", judged: 1 });
    const bad = judge("reboot-unproven", [
      first,
      blind,
      bootAt(2, 2, { requested: false, persistedBootCount: 5 }),
    ]);
    expect(only(bad).status).toBe("fail");
  });

  it("starts anew when storage was lost, and is open without counts", () => {
    const lost: Sample = { kind: "storage-lost", boot: 1, timeUs: 1 };
    const fresh = judge("reboot-unproven", [
      bootAt(0, 0),
      lost,
      bootAt(1, 2, { persistedBootCount: 1 }),
    ]);
    expect(only(fresh)).toMatchObject({ status: "open", findings: 0 });
    const silent: Sample = { kind: "boot", boot: 1, timeUs: 1, requested: true };
    expect(only(judge("reboot-unproven", [silent])).status).toBe("open");
    expect(only(judge("reboot-unproven", [silent])).reason).toContain("no persisted boot count");
  });
});

describe("wear", () => {
  const nvm = (erasesMax: number): Sample => ({
    kind: "nvm",
    boot: 0,
    timeUs: 0,
    writes: 5,
    erasesMax,
    enduranceCycles: 10_000,
  });

  it("names a sector erased more often than the part is rated for, once", () => {
    const result = judge("wear", [nvm(10_000), nvm(10_001), nvm(10_002)]);
    expect(only(result)).toMatchObject({ status: "fail", findings: 1, judged: 3 });
    expect(only(judge("wear", [nvm(10_000)])).status).toBe("pass");
    expect(only(judge("wear", [])).status).toBe("open");
    expect(only(judge("wear", [nvm(10_001)])).status).toBe("fail");
  });

  it("is open where no endurance is rated", () => {
    const unrated = { ...nvm(1), enduranceCycles: 0 };
    const samples = [unrated, openAt(0, 0, tupleTo(1), 1)];
    expect(only(judge("wear", samples))).toMatchObject({ status: "open", judged: 0 });
    const once = { ...nvm(2), enduranceCycles: 1 };
    expect(only(judge("wear", [once]))).toMatchObject({ status: "fail", judged: 1 });
  });
});
