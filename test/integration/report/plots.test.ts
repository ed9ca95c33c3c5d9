/** The data of the plots: bounded whatever the length of the run, and true to the samples. */
import { describe, expect, it } from "vitest";
import type { Sample } from "../../../host/core/sample.ts";
import { PlotAggregator } from "../../../host/report/plots/plot-aggregator.ts";
import type { PlotData } from "../../../host/report/plots/plot-data.ts";
import { Thinned } from "../../../host/report/plots/thinned.ts";
import { reportHtml } from "../../../host/report/report-html.ts";
import type { Report } from "../../../host/report/report-model.ts";
import { bootAt, openAt, randomFrom, SECOND_US, tupleTo } from "../../support/sample-streams.ts";

function aggregated(samples: Iterable<Sample>, isBreach = (_: Sample) => false) {
  const plots = new PlotAggregator({ ports: { first: 1024, last: 65_535 } });
  for (const sample of samples) plots.observe(sample, isBreach(sample));
  return plots.finish();
}

/** `boots` boots of a device that opens one connection from a bound port, and three from its own. */
function* life(boots: number): Generator<Sample> {
  const random = randomFrom(1);
  for (let boot = 0; boot < boots; boot++) {
    const timeUs = boot * 10 * SECOND_US;
    yield bootAt(boot, timeUs);
    yield openAt(boot, timeUs, tupleTo(5000), (boot * 1000) >>> 0, { portChoice: "bound" });
    for (let i = 1; i < 4; i++) {
      yield openAt(boot, timeUs + i, tupleTo(1024 + (random() % 64_512)), random());
    }
    yield { kind: "nvm", boot, timeUs, writes: boot, erasesMax: boot >> 4, enduranceCycles: 1e5 };
  }
}

/** A page that opens at once, and that a mail takes. */
const HTML_BYTES_MAX = 5 * 1024 * 1024;

function reportWith(plots: PlotData): Report {
  return {
    command: "simulate",
    verdict: "pass",
    subject: "virtual board sim",
    sentence: "Every number was safe.",
    figures: [],
    rules: [],
    findings: [],
    findingsTotal: 0,
    statistics: [],
    plots,
    tables: [],
    settings: [],
    notes: [],
  };
}

describe("the plots' data", () => {
  it("stays small and counts everything over two million samples", { timeout: 120_000 }, () => {
    const boots = 400_000;
    const plots = aggregated(life(boots));
    expect(plots.samples).toBe(6 * boots);
    expect(Buffer.byteLength(JSON.stringify(plots))).toBeLessThan(400_000);
    expect(Buffer.byteLength(reportHtml(reportWith(plots)))).toBeLessThan(HTML_BYTES_MAX);
    expect(plots.ports?.total).toBe(3 * boots);
    expect(plots.ports?.bins.reduce((a, b) => a + b, 0)).toBe(3 * boots);
    expect(plots.wear?.history?.boots.at(-1)).toBe(boots - 1);
    const whole = plots.views.find(({ title }) => title === "Whole run");
    expect(whole?.tracks[0]?.seen).toBeGreaterThan(boots - 2);
    expect(whole?.tracks[0]?.boots.at(-1)).toBe(boots - 1);
    expect(whole?.every).toBeGreaterThan(100);
  });

  it("is the same for the same samples", () => {
    expect(aggregated(life(2000))).toEqual(aggregated(life(2000)));
  });

  it("unwraps a tuple's ISNs across 2^32, and starts anew when storage was lost", () => {
    const open = (boot: number, isn: number) => openAt(boot, boot * SECOND_US, tupleTo(5), isn);
    const plots = aggregated([
      open(0, 0xffff_fff0),
      open(1, 0x10),
      open(2, 0x8),
      { kind: "storage-lost", boot: 3, timeUs: 3 * SECOND_US },
      open(3, 0x1234),
      open(4, 0x1235),
    ]);
    const [track] = plots.views[0]?.tracks ?? [];
    expect(track?.advances).toEqual([0, 32, 24, 0, 1]);
    expect(track?.fresh).toEqual([3]);
    expect(plots.views[0]?.bands).toEqual([
      { kind: "quiet", fromUs: 3 * SECOND_US, toUs: 3 * SECOND_US },
    ]);
  });

  it("keeps what led to the first breach, and what followed", () => {
    const plots = aggregated(life(500), (sample) => sample.kind === "open" && sample.boot === 300);
    const [view] = plots.views;
    expect(view?.title).toBe("Around the first failure");
    const [track] = view?.tracks ?? [];
    expect(track?.breaches.map((i) => track.boots[i])).toEqual([300]);
    expect(track?.boots[0]).toBeLessThan(300);
    expect(track?.boots.at(-1)).toBeGreaterThan(300);
  });

  it("tells numbers that fill the space from a clock that can be guessed", () => {
    const random = randomFrom(3);
    const opens = (isn: (i: number) => number) =>
      Array.from({ length: 5000 }, (_, i) => openAt(0, i, tupleTo(1024 + i), isn(i)));
    const good = aggregated(opens(() => random()));
    const clock = aggregated(opens((i) => (i * 250_000) >>> 0));
    expect((good.phase?.cells.length ?? 0) / 2).toBeGreaterThan(2500);
    expect(clock.phase?.cells).toEqual([32 * 64 + 32, 4998]);
    expect(clock.phase?.points.slice(0, 3)).toEqual([250_000, 250_000, 250_000]);
  });

  it("thins a stream evenly and keeps its last item", () => {
    const thinned = new Thinned<number>(100);
    for (let i = 0; i < 10_001; i++) thinned.push(i);
    const items = thinned.items();
    expect(items.length).toBeLessThanOrEqual(101);
    expect(items.at(-1)).toBe(10_000);
    expect(items.slice(0, 3)).toEqual([0, thinned.every, 2 * thinned.every]);
  });
});
