/** How reports write counts and the values of statistics. */
import { describe, expect, it } from "vitest";
import { dueText } from "../../../host/check/chance.ts";
import { judgeStatistics } from "../../../host/check/statistics/counts.ts";
import { portSerialCorrelation } from "../../../host/check/statistics/port-serial-correlation.ts";
import { formatDurationUs } from "../../../host/core/duration.ts";
import { counted, statisticFigure } from "../../../host/report/wording.ts";

const [base] = judgeStatistics({});

function figure(value: number | undefined, unit: string): string {
  if (base === undefined) throw new Error("there are no statistics");
  const { value: _, ...rest } = base;
  return statisticFigure({ ...rest, unit, ...(value === undefined ? {} : { value }) });
}

describe("a figure of a headline", () => {
  it("has one thing in the singular and more of them with thousands set off", () => {
    expect(counted(1, "fault")).toEqual({ name: "fault", value: "1" });
    expect(counted(0, "fault")).toEqual({ name: "faults", value: "0" });
    expect(counted(1204, "breach", "breaches")).toEqual({ name: "breaches", value: "1,204" });
  });
});

describe("the value of a statistic", () => {
  it.each([
    [0.9184, "of all boots", "91.8 % of all boots"],
    [0, "of all comparisons", "0 % of all comparisons"],
    [2_147_483_648, "ISNs", "2,147,483,648 ISNs"],
    [0.81649, "of 1", "0.8165 of 1"],
    [229, "", "229"],
    [undefined, "Hz", "too few samples"],
  ])("%s %s reads %s", (value, unit, text) => {
    expect(figure(value, unit)).toBe(text);
  });

  it("is a correlation within ±1, also where all ports lie at one end of the pool", () => {
    const { add, counts } = portSerialCorrelation.start({
      twoMslUs: 240_000_000,
      source: "board",
      ports: { first: 1024, last: 65535, reserved: [] },
    });
    for (let i = 0; i < 100; i++) {
      const tuple = {
        localAddress: "a",
        localPort: 1024 + (i % 3),
        remoteAddress: "b",
        remotePort: 1,
      };
      const sample = {
        kind: "open",
        boot: 0,
        timeUs: i,
        tuple,
        isn: i,
        portChoice: "allocated",
      } as const;
      const before = undefined;
      add({
        sample,
        tuple: "",
        destination: "",
        fresh: true,
        allocated: true,
        firstOfBoot: false,
        before,
      });
    }
    const { value = 0 } = portSerialCorrelation.judge(counts);
    expect(value).toBeGreaterThan(0.99);
    expect(value).toBeLessThanOrEqual(1);
  });
});

describe("what chance brings", () => {
  it("is never a number that reads as 0.0", () => {
    expect([0, 0.04, 0.06, 9.94, 12.4].map(dueText)).toEqual(["none", "none", "0.1", "9.9", "12"]);
  });
});

describe("a duration", () => {
  it("leaves out seconds that are none", () => {
    expect([120e6, 250e6, -180e6].map(formatDurationUs)).toEqual(["2 min", "4 min 10 s", "-3 min"]);
  });
});
