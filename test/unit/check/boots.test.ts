/** isn-repeats-after-boot, port-repeats-after-boot. */
import { describe, expect, it } from "vitest";
import { Check } from "../../../host/check/engine.ts";
import { ruleById } from "../../../host/check/rules/index.ts";
import type { Sample } from "../../../host/core/sample.ts";
import { judge, only } from "../../support/judge-rule.ts";
import {
  bootAt,
  CONTEXT,
  openAt,
  randomFrom,
  SECOND_US,
  tupleTo,
} from "../../support/sample-streams.ts";

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

  it("gives the first ISN that came again, how long ago, and how likely that is by chance", () => {
    const result = judge("isn-repeats-after-boot", boots([[[9, 9]], LWIP, LWIP]));
    expect(result.findings[0]).toMatchObject({
      ...{ boot: 2, timeUs: 10 * SECOND_US, elapsedUs: 5 * SECOND_US },
      ...{ before: 6510, after: 6510, distance: 0 },
    });
    // 1 + 2 comparisons of six numbers, 2^-32 for each, and e for the bound of a tail (chance.ts).
    expect(result.findings[0]?.detail).toContain("by chance 10^-56");
  });

  it("tells boots by their numbers too, and speaks up when the next one begins", () => {
    const opens = boots([LWIP, LWIP]).filter(({ kind }) => kind === "open");
    expect(only(judge("isn-repeats-after-boot", opens))).toMatchObject({ findings: 1, judged: 1 });
    const check = new Check({ rules: [ruleById("isn-repeats-after-boot")], context: CONTEXT });
    const found = boots([LWIP, LWIP, []]).map((sample) => check.observe(sample));
    expect(found.at(-1)).toBe(1);
    expect(found.slice(0, -1)).not.toContain(1);
  });

  it("compares the first eight ISNs of a boot, and no more", () => {
    const ten = (boot: number, sameFrom: number) =>
      Array.from({ length: 10 }, (_, i) => [i, i + (i < sameFrom ? 1000 * boot : 0)] as const);
    const late = judge("isn-repeats-after-boot", boots([ten(1, 8), ten(2, 8)]));
    expect(only(late)).toMatchObject({ findings: 0, judged: 1 });
    const all = judge("isn-repeats-after-boot", boots([ten(1, 0), ten(2, 0)]));
    expect(all.findings[0]?.detail).toContain("8 of the first 8 ISNs");
  });

  it.each([
    ["isn-repeats-after-boot", 512],
    ["port-repeats-after-boot", 32],
  ] as const)("looks back as far as its page says: %s, %i boots", (id, remembered) => {
    const random = randomFrom(5);
    const eight = Array.from({ length: 8 }, (_, i) => [49153 + i, 6510 + i] as const);
    const others = (count: number) =>
      Array.from({ length: count }, () => eight.map(() => [random() & 0xffff, random()] as const));
    const inReach = judge(id, boots([eight, ...others(remembered - 1), eight]));
    expect(only(inReach).findings).toBe(1);
    const beyond = judge(id, boots([eight, ...others(remembered), eight]));
    expect(only(beyond).findings).toBe(0);
  });

  it("is open with one boot, or with too little in each, and says which", () => {
    const result = judge("isn-repeats-after-boot", boots([LWIP]));
    expect(only(result).status).toBe("open");
    expect(only(result).reason).toContain("at least two boots");
    expect(result.verdict).toBe("inconclusive");
    const thin = only(judge("isn-repeats-after-boot", boots([[[1, 5]], [[1, 6]]])));
    expect(thin).toMatchObject({ status: "open", judged: 1 });
    expect(thin.reason).toContain("too few connections per boot");
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

  it("gives the first port that came again, and how long ago", () => {
    const result = judge("port-repeats-after-boot", boots([[[9, 9]], LWIP, LWIP]));
    expect(result.findings[0]).toMatchObject({
      ...{ boot: 2, timeUs: 10 * SECOND_US, elapsedUs: 5 * SECOND_US },
      ...{ before: 49153, after: 49153, distance: 0 },
    });
  });

  it("tells boots by their numbers too, and speaks up when the next one begins", () => {
    const opens = boots([LWIP, LWIP]).filter(({ kind }) => kind === "open");
    expect(only(judge("port-repeats-after-boot", opens))).toMatchObject({ findings: 1, judged: 1 });
    for (const kind of ["boot", "storage-lost"] as const) {
      const check = new Check({ rules: [ruleById("port-repeats-after-boot")], context: CONTEXT });
      const end: Sample = kind === "boot" ? bootAt(2, 1e9) : { kind, boot: 2, timeUs: 1e9 };
      const found = [...boots([LWIP, LWIP]), end].map((sample) => check.observe(sample));
      expect(found.at(-1)).toBe(1);
      expect(found.slice(0, -1)).not.toContain(1);
    }
  });

  it("passes once enough ports of enough boots are not those of an earlier one", () => {
    const random = randomFrom(11);
    const openings = Array.from({ length: 40 }, () =>
      LWIP.map(() => [1024 + (random() % 60_000), random()] as const),
    );
    expect(only(judge("port-repeats-after-boot", boots(openings)))).toMatchObject({
      status: "pass",
      judged: 39,
    });
  });

  it("says what it lacks: a second boot, or more ports", () => {
    const reason = (...openings: (readonly [number, number])[][]) =>
      only(judge("port-repeats-after-boot", boots(openings))).reason;
    expect(reason(LWIP)).toContain("at least two boots");
    expect(reason([[1024, 1]], [[1025, 2]])).toContain("too few allocated ports");
  });

  it("looks at 32 connections of a boot for ports of the device's own choice", () => {
    // Before them come connections from a port that the application has bound.
    const opening = (boot: number, before: number) => [
      ...Array.from({ length: before }, () =>
        openAt(boot, boot, tupleTo(5000), 1, { portChoice: "unknown" }),
      ),
      ...LWIP.map(([port]) =>
        openAt(boot, boot, tupleTo(port, "10.77.0.3"), 1, { portChoice: "unknown" }),
      ),
    ];
    for (const [before, findings] of [
      [26, 1],
      [27, 0],
    ] as const) {
      const samples = [...opening(0, before), ...opening(1, before)];
      expect(only(judge("port-repeats-after-boot", samples)).findings).toBe(findings);
    }
    const many = (boot: number) =>
      Array.from({ length: 40 }, (_, i) =>
        openAt(boot, boot, tupleTo(5000), i, { portChoice: "bound" }),
      );
    const behindBound = [...many(0), ...boots([LWIP]), ...many(1), ...boots([[], LWIP])];
    expect(only(judge("port-repeats-after-boot", behindBound)).findings).toBe(1);
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
