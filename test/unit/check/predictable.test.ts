/** isn-predictable and port-predictable: generators of the field, one test each. */
import { describe, expect, it } from "vitest";
import { Check, type CheckResult } from "../../../host/check/engine.ts";
import type { CheckContext, RuleId } from "../../../host/check/rule.ts";
import { ruleById } from "../../../host/check/rules/index.ts";
import type { Sample } from "../../../host/core/sample.ts";
import {
  bootAt,
  CONTEXT,
  hash,
  openAt,
  randomFrom,
  SECOND_US,
  tupleTo,
  usedAt,
} from "../../support/sample-streams.ts";

function judge(
  id: RuleId,
  samples: Iterable<Sample>,
  more: Partial<CheckContext> = {},
): CheckResult {
  const check = new Check({ rules: [ruleById(id)], context: { ...CONTEXT, ...more } });
  for (const sample of samples) check.observe(sample);
  return check.finish();
}

const random = randomFrom(11);
const times = Array.from({ length: 5000 }, (_, i) => i * 2 * SECOND_US + (random() % SECOND_US));
/** Connections on tuples that are all different, with ISNs by connection number and time. */
function isns(
  count: number,
  isn: (i: number, timeUs: number) => number,
  port = (i: number) => 20_000 + ((i * 7919) % 9973),
) {
  return times
    .slice(0, count)
    .map((timeUs, i) => openAt(0, timeUs, tupleTo(port(i)), isn(i, timeUs) >>> 0));
}

/** The ISNs of capture i1 (64K rule) and of i6 (random numbers). */
const I1 = [
  128000, 192000, 384000, 448000, 640000, 832000, 896000, 1088000, 1152000, 1344000, 1536000,
  1600000,
];
const I6 = [
  1390851128, 625644691, 2496029389, 636390476, 4204988241, 4123000827, 3771407979, 3052363376,
  1058631966, 560580121, 1200800002, 4012624555,
];

describe("isn-predictable", () => {
  let lcg = 12345;
  it.each([
    ["a counter", 12, (i: number) => 1_000_000 + i, "steps between connections are 1"],
    ["the 64K rule (capture i1)", 12, (i: number) => I1[i] ?? 0, "equal modulo 64000"],
    [
      "ticks from 6510 (capture i5)",
      6,
      (i: number) => 6510 + 2 * i,
      "steps between connections are 2",
    ],
    ["RFC 793's clock", 12, (_: number, us: number) => us / 4 + 77, "a clock of 250000 Hz"],
    ["a 64 ns clock", 12, (_: number, us: number) => (us * 1000) / 64, "Hz"],
    ["a clock of an odd rate", 16, (_: number, us: number) => us * 33.7, "Hz"],
    [
      "a slow clock with jitter",
      20,
      (i: number, us: number) => us / 500 + (hash(5, `${i}`) % 999),
      "within ±",
    ],
    [
      "a congruential generator",
      12,
      () => (lcg = (Math.imul(lcg, 1664525) + 1013904223) >>> 0),
      "factor 1664525",
    ],
    ["multiples of 4096", 40, (i: number) => hash(1, `${i}`) & ~4095, "equal modulo 4096"],
    ["31-bit random numbers", 80, (i: number) => hash(2, `${i}`) >>> 1, "bit 31 is 0"],
    [
      "a generator that starts over",
      40,
      (i: number) => hash(3, `${i % 20}`),
      "given to another tuple",
    ],
    [
      "top nibbles from a small set",
      300,
      (i: number) => (hash(4, `${i}`) & 0x0fff_ffff) | (([1, 2, 4, 8, 14, 13][i % 6] ?? 0) << 28),
      "spread unevenly",
    ],
  ] as const)("sees through %s", (_name, count, isn, how) => {
    const result = judge("isn-predictable", isns(count, isn));
    expect(result.rules[0]).toMatchObject({ status: "fail", findings: 1 });
    expect(result.findings[0]?.detail).toContain(how);
  });

  it("sees through a step that comes only now and then, and through steps that are merely small", () => {
    let last = 0;
    const now = isns(60, (i) => {
      last = i % 4 === 0 ? last + 0x12345679 : hash(10, `${i}`);
      return last;
    });
    const step = judge("isn-predictable", now).findings[0]?.detail;
    expect(step).toMatch(/^\d+ of \d+ steps between connections are 305419897/);
    let walk = 0;
    const walked = isns(20, (i) => (walk += hash(11, `${i}`) % 2 ** 20));
    expect(judge("isn-predictable", walked).findings[0]?.detail).toContain("of the one before");
  });

  it("sees through an ISN that is the local port (Mongoose) or a function of it", () => {
    const shuffled = (i: number) => 1024 + (hash(6, `${i}`) % 60_000);
    const same = judge(
      "isn-predictable",
      isns(40, (i) => shuffled(i), shuffled),
    );
    expect(same.findings[0]?.detail).toContain("the local port plus a constant");
    const shifted = judge(
      "isn-predictable",
      isns(40, (i) => shuffled(i) * 65537 + 9, shuffled),
    );
    expect(shifted.findings[0]?.detail).toContain("65537 times the local port");
  });

  it("does not see through random numbers (capture i6), and says what it judged", () => {
    const result = judge(
      "isn-predictable",
      isns(12, (i) => I6[i] ?? 0),
    );
    expect(result.rules[0]).toMatchObject({ status: "pass", judged: 12 });
  });

  it("does not see through a clock with a keyed hash", () => {
    const result = judge(
      "isn-predictable",
      isns(5000, (i, us) => us / 4 + hash(7, `${i}`)),
    );
    expect(result.rules[0]).toMatchObject({ status: "pass", judged: 5000 });
  });

  it("looks at openings only, and names the last one with the ISN before it", () => {
    const opens = isns(12, (i) => 1_000_000 + i).map((open, i) => ({ ...open, frame: 100 + i }));
    const samples = opens.flatMap((open) => [
      bootAt(0, open.timeUs),
      open,
      usedAt(0, open.timeUs, open.tuple, 7),
    ]);
    const result = judge("isn-predictable", samples);
    expect(result.rules[0]).toMatchObject({ judged: 12, findings: 1 });
    expect(result.findings[0]).toMatchObject({
      ...{ before: 1_000_010, after: 1_000_011, distance: 1, frame: 111 },
    });
    const plain = judge(
      "isn-predictable",
      isns(12, (i) => 1_000_000 + i),
    );
    expect(plain.findings[0]).not.toHaveProperty("frame");
  });

  it("is open with fewer than 12 tuples, and does not count a tuple twice", () => {
    expect(
      judge(
        "isn-predictable",
        isns(11, (i) => I6[i] ?? 0),
      ).rules[0]?.status,
    ).toBe("open");
    const back = isns(
      40,
      (_, us) => us / 4,
      () => 5000,
    );
    expect(judge("isn-predictable", back).rules[0]).toMatchObject({ status: "open", judged: 1 });
  });
});

describe("port-predictable", () => {
  const pool = { first: 49152, last: 65535, reserved: [] };
  const opens = (count: number, port: (i: number) => number, servers = 1) =>
    times
      .slice(0, count)
      .map((timeUs, i) =>
        openAt(0, timeUs, tupleTo(port(i), `10.0.0.${i % servers}`), hash(8, `${i}`)),
      );

  it.each([
    ["counting up by one", 16, (i: number) => 2200 + i, "are 1"],
    ["counting up by two", 20, (i: number) => 40_000 + 2 * i, "are 2"],
    ["ten ports in turn (capture g1)", 40, (i: number) => 1025 + (i % 10), "are 1"],
    ["even ports only", 80, (i: number) => 32_768 + 2 * (hash(1, `${i}`) % 14_000), "bit 0 is 0"],
    [
      "low ports favoured",
      900,
      (i: number) => (1024 + ((hash(2, `${i}`) % 64_512) * (hash(3, `${i}`) % 9)) / 8) | 0,
      "unevenly",
    ],
  ] as const)("sees through %s", (_name, count, port, how) => {
    const result = judge("port-predictable", opens(count, port));
    expect(result.rules[0]).toMatchObject({ status: "fail", findings: 1 });
    expect(result.findings[0]?.detail).toContain(how);
  });

  it("sees through ports that count up for each destination (RFC 6056 algorithm 3)", () => {
    const base = [50_000, 61_000, 55_500, 52_123, 64_000];
    const result = judge(
      "port-predictable",
      opens(200, (i) => (base[i % 5] ?? 0) + Math.floor(i / 5), 5),
      { ports: pool },
    );
    expect(result.findings[0]?.detail).toContain("of a destination are 1");
  });

  it("sees through a global counter over many destinations", () => {
    const result = judge(
      "port-predictable",
      opens(60, (i) => 50_000 + i, 60),
    );
    expect(result.findings[0]?.detail).toContain("steps between successive ports are 1");
  });

  it("sees through steps that are merely small, over all destinations and for each", () => {
    let global = 30_000;
    const all = opens(60, (i) => (global += 1 + (hash(12, `${i}`) % 4)), 60);
    const steps = judge("port-predictable", all).findings[0]?.detail;
    expect(steps).toMatch(/steps between successive ports are within ±4/);
    const last = [50_000, 61_000, 55_500, 52_123, 64_000];
    const each = opens(
      200,
      (i) => {
        const next = (last[i % 5] ?? 0) + 1 + (hash(13, `${i}`) % 12);
        last[i % 5] = next;
        return next;
      },
      5,
    );
    const ofEach = judge("port-predictable", each, { ports: pool }).findings[0]?.detail;
    expect(ofEach).toMatch(/steps between successive ports of a destination are within ±/);
  });

  it("sees a corner of a known pool", () => {
    const corner = opens(60, (i) => 49_152 + (hash(4, `${i}`) % 700));
    expect(judge("port-predictable", corner, { ports: pool }).findings[0]?.detail).toContain(
      "unevenly",
    );
  });

  it("knows reserved ranges from unevenness", () => {
    const reserved = { ...pool, reserved: [[53_000, 60_000]] as const };
    const port = (i: number) => {
      const drawn = 49_152 + (hash(5, `${i}`) % 9383);
      return drawn < 53_000 ? drawn : drawn + 7001;
    };
    expect(judge("port-predictable", opens(2000, port), { ports: reserved }).rules[0]?.status).toBe(
      "pass",
    );
    expect(judge("port-predictable", opens(2000, port), { ports: pool }).rules[0]?.status).toBe(
      "fail",
    );
  });

  it("tells it as soon as 16 ports show it, once, with the frame of a capture", () => {
    const counting = opens(40, (i) => 2200 + i).map((open, i) => ({ ...open, frame: 1 + i }));
    const check = new Check({ rules: [ruleById("port-predictable")], context: CONTEXT });
    const found = counting.map((sample) => check.observe(sample));
    expect(found.indexOf(1)).toBe(15);
    expect(check.finish().rules[0]).toMatchObject({ findings: 1, judged: 40 });
    const result = judge("port-predictable", counting);
    expect(result.findings[0]).toMatchObject({ after: 2215, frame: 16 });
    const plain = judge(
      "port-predictable",
      opens(40, (i) => 2200 + i),
    );
    expect(plain.findings[0]).not.toHaveProperty("frame");
  });

  it("says whether it lacks ports, or has seen none but bound ones", () => {
    const few = judge(
      "port-predictable",
      opens(15, (i) => 1024 + (hash(4, `${i}`) % 60_000)),
    ).rules[0];
    expect(few).toMatchObject({ status: "open", judged: 15 });
    expect(few?.reason).toContain("16 allocated ports are needed, 15 were seen");
    const bound = opens(40, () => 5000).map((open) => ({ ...open, portChoice: "bound" }) as const);
    expect(judge("port-predictable", bound).rules[0]?.reason).toContain("looks bound");
  });

  it("accepts random ports", () => {
    const randomPorts = judge(
      "port-predictable",
      opens(4500, (i) => 1024 + (hash(7, `${i}`) % 64_512), 3),
    );
    expect(randomPorts.rules[0]).toMatchObject({ status: "pass", judged: 4500 });
  });

  it("is open with few ports, and with none but bound ones", () => {
    const few = opens(15, (i) => 2200 + (hash(9, `${i}`) % 9999));
    expect(judge("port-predictable", few).rules[0]?.reason).toContain(
      "16 allocated ports are needed, 15 were seen",
    );
    const bound = opens(40, () => 5000).map((open) => ({
      ...open,
      portChoice: "unknown" as const,
    }));
    expect(judge("port-predictable", bound).rules[0]?.reason).toContain("looks bound");
  });
});
