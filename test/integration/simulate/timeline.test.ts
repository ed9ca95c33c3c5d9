/** The picture of a life shows the ceilings that the module has really made durable. */
import { describe, expect, it } from "vitest";
import { deviceOf, drawCase } from "../../../host/simulate/campaign.ts";
import { judgeLife } from "../../../host/simulate/judge-life.ts";
import { TimelineWriter } from "../../../host/simulate/timeline.ts";
import { FAULT_KINDS } from "../../../host/virtual/fault-kinds.ts";
import { GEOMETRIES, geometryName } from "../../../host/virtual/geometries.ts";
import { campaign } from "../../support/simulation.ts";

const NO_FAULTS = Object.fromEntries(FAULT_KINDS.map((kind) => [kind, 0])) as Record<
  (typeof FAULT_KINDS)[number],
  number
>;
const GUARD_TICKS = 2 ** 18;
const LEASE_TICKS = 2 ** 20;

describe.each(GEOMETRIES.map((storage) => [geometryName(storage), storage] as const))(
  "the timeline of a life on %s",
  (_, storage) => {
    const settings = { storage: [storage], faults: NO_FAULTS, rebootsPerCase: 20 };
    const of = campaign({ settings, seed: 3 });
    const script = drawCase(of, 0);
    const writer = new TimelineWriter(script);
    judgeLife(script, deviceOf(of), {
      witness: writer,
      watch: (sample) => writer.watch(sample),
      prepare: (life) => writer.listenTo(life),
    });
    const { boots, ceilings, series } = writer.finish();

    it("begins with the first lease, and only rises", () => {
      expect(ceilings[0]?.ticks).toBeGreaterThanOrEqual(LEASE_TICKS);
      expect(ceilings[0]?.ticks).toBeLessThan(LEASE_TICKS + 2 * GUARD_TICKS);
      const falls = ceilings.filter((one, i) => one.ticks < (ceilings[i - 1]?.ticks ?? 0));
      expect(falls).toEqual([]);
      expect(ceilings.length).toBeGreaterThanOrEqual(boots.length);
    });

    it("starts each boot a guard above the ceiling that is durable", () => {
      for (const { boot, fromUs, startTicks } of boots.slice(1)) {
        const before = ceilings.filter(({ timeUs }) => timeUs < fromUs);
        const starts = before.map(({ ticks }) => ticks + GUARD_TICKS);
        expect([boot, starts.includes(startTicks ?? 0)]).toEqual([boot, true]);
      }
    });

    it("shows every number a guard below the ceiling", () => {
      const points = series.flatMap((one) => one.points);
      expect(points.length).toBeGreaterThan(10);
      for (const { timeUs, ticks = 0 } of points) {
        const durable = Math.max(
          ...ceilings.filter((one) => one.timeUs <= timeUs).map((one) => one.ticks),
        );
        expect(ticks).toBeLessThan(durable - GUARD_TICKS + 2_000);
      }
    });
  },
);
