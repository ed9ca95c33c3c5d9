/** isn-repeats-after-boot, port-repeats-after-boot, quiet-time, refused, reboot-unproven, wear. */
import { describe, expect, it } from "vitest";
import { Check, type CheckResult } from "../../host/check/engine.ts";
import type { CheckContext, RuleId } from "../../host/check/rule.ts";
import { ruleById } from "../../host/check/rules/index.ts";
import type { Sample } from "../../host/core/sample.ts";
import {
  bootAt,
  CONTEXT,
  openAt,
  randomFrom,
  SECOND_US,
  tupleTo,
} from "../support/sample-streams.ts";

function judge(id: RuleId, samples: Iterable<Sample>, more: Partial<CheckContext> = {}) {
  const check = new Check({ rules: [ruleById(id)], context: { ...CONTEXT, ...more } });
  for (const sample of samples) check.observe(sample);
  return check.finish();
}

function only(result: CheckResult) {
  const rule = result.rules[0];
  if (rule === undefined) throw new Error("no rule ran");
  return rule;
}

/** Boots that open one connection per pair of numbers. */
function boots(
  openings: readonly (readonly [port: number, isn: number])[][],
  portChoice: "allocated" | "unknown" | "bound" = "allocated",
): Sample[] {
  return openings.flatMap((opening, boot) => {
    const timeUs = boot * 5 * SECOND_US;
    const opens = opening.map(([port, isn], i) =>
      openAt(boot, timeUs + i * 1000, tupleTo(port), isn, { portChoice }),
    );
    return [bootAt(boot, timeUs), ...opens];
  });
}

const LWIP = [0, 1, 2, 3, 4, 5].map((i) => [49153 + i, 6510 + 2 * i] as const);

describe("isn-repeats-after-boot", () => {
  it("names six ISNs that come again after one reboot (capture i5)", () => {
    const result = judge("isn-repeats-after-boot", boots([LWIP, LWIP], "unknown"));
    expect(only(result)).toMatchObject({ status: "fail", findings: 1, judged: 1 });
    expect(result.findings[0]?.detail).toContain("6 of the first 6 ISNs are those of boot 0");
  });

  it("names two ISNs that come again, on other tuples too", () => {
    const result = judge(
      "isn-repeats-after-boot",
      boots([
        [
          [1, 77],
          [2, 99],
        ],
        [
          [3, 77],
          [4, 99],
        ],
      ]),
    );
    expect(only(result).status).toBe("fail");
  });

  it("leaves one shared ISN to chance, but not one at each of three boots", () => {
    const first = [1024, 0x196d] as const;
    const two = judge("isn-repeats-after-boot", boots([[first], [first]]));
    expect(only(two)).toMatchObject({ status: "open", judged: 1 });
    const three = judge("isn-repeats-after-boot", boots([[first], [first], [first]]));
    expect(only(three).status).toBe("fail");
  });

  it("is not misled by one equal ISN among many boots", () => {
    const random = randomFrom(3);
    const openings = Array.from({ length: 500 }, () => [
      [1, random()] as const,
      [2, random()] as const,
    ]);
    openings[400] = [
      [1, openings[399]?.[0]?.[1] ?? 0],
      [2, random()],
    ];
    expect(only(judge("isn-repeats-after-boot", boots(openings))).status).toBe("pass");
  });

  it("is open with one boot", () => {
    const result = judge("isn-repeats-after-boot", boots([LWIP]));
    expect(only(result).status).toBe("open");
    expect(result.verdict).toBe("inconclusive");
  });
});

describe("port-repeats-after-boot", () => {
  it("names six ports that come again after one reboot (capture i5)", () => {
    const result = judge("port-repeats-after-boot", boots([LWIP, LWIP], "unknown"), {
      source: "capture",
    });
    expect(only(result)).toMatchObject({ status: "fail", findings: 1 });
  });

  it("names a first port that is the same at each of many boots", () => {
    const random = randomFrom(9);
    const openings = Array.from({ length: 12 }, () => [[1024, random()] as const]);
    expect(only(judge("port-repeats-after-boot", boots(openings))).status).toBe("fail");
  });

  it("leaves a few equal ports to chance", () => {
    const openings = [
      [
        [5001, 1],
        [5002, 2],
      ],
      [
        [5001, 3],
        [7002, 4],
      ],
    ] as const;
    const result = judge("port-repeats-after-boot", boots(openings.map((one) => [...one])));
    expect(only(result)).toMatchObject({ status: "open", findings: 0 });
  });

  it("needs six ports of two boots, as its page says", () => {
    for (const [length, status] of [
      [5, "open"],
      [6, "fail"],
    ] as const) {
      const opening = LWIP.slice(0, length);
      expect(only(judge("port-repeats-after-boot", boots([opening, opening]))).status).toBe(status);
    }
  });

  it("ignores bound ports, and in a capture a destination's only port", () => {
    const openings = Array.from({ length: 40 }, (_, i) => [[31001, i * 7] as const]);
    for (const portChoice of ["bound", "unknown"] as const) {
      const rule = only(judge("port-repeats-after-boot", boots(openings, portChoice)));
      expect(rule).toMatchObject({ status: "open", judged: 0 });
      expect(rule.reason).toContain("looks bound");
    }
  });

  it("does not look back past lost storage and the quiet time that followed, and looks again", () => {
    const lostUs = 50 * SECOND_US;
    const lost: Sample = { kind: "storage-lost", boot: 1, timeUs: lostUs };
    const opening = (boot: number, fromUs: number) =>
      LWIP.map(([port], i) => openAt(boot, fromUs + i * 1000, tupleTo(port), boot * 100 + i));
    const heardAgain = (us: number) => [...opening(0, SECOND_US), lost, ...opening(1, lostUs + us)];
    const quiet = heardAgain(CONTEXT.twoMslUs);
    expect(only(judge("port-repeats-after-boot", quiet))).toMatchObject({ findings: 0 });
    // Who speaks sooner meets servers that remember.
    const soon = heardAgain(CONTEXT.twoMslUs - 1);
    expect(only(judge("port-repeats-after-boot", soon))).toMatchObject({ findings: 1 });
    // The boots behind the loss are measured by one another.
    const again = [...quiet, ...opening(2, lostUs + 2 * CONTEXT.twoMslUs)];
    expect(only(judge("port-repeats-after-boot", again))).toMatchObject({ findings: 1 });
  });
});

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

  it("is open when nothing was lost, or nothing was heard afterwards", () => {
    expect(only(judge("quiet-time", [openAfter(5)])).status).toBe("open");
    expect(only(judge("quiet-time", [lost])).status).toBe("open");
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

  it("is open for a capture, which does not show refusals", () => {
    const result = judge("refused", [openAt(0, 0, tupleTo(1), 1)], { source: "capture" });
    expect(only(result)).toMatchObject({ status: "open", judged: 0 });
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
  });
});
