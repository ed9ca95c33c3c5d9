/** Follows writes and erases of the non-volatile memory over a run. */
import type { NvmSample } from "../../core/sample.ts";
import type { WearPlot } from "./plot-data.ts";
import { Thinned } from "./thinned.ts";

const POINTS_MAX = 400;

export class WearTrack {
  readonly #samples = new Thinned<NvmSample>(POINTS_MAX);
  #last: NvmSample | undefined;

  observe(sample: NvmSample): void {
    this.#samples.push(sample);
    this.#last = sample;
  }

  finish(): WearPlot | undefined {
    const last = this.#last;
    if (last === undefined) return undefined;
    const items = this.#samples.items();
    const history = {
      boots: items.map(({ boot }) => boot),
      writes: items.map(({ writes }) => writes),
      erasesMax: items.map(({ erasesMax }) => erasesMax),
    };
    const part = {
      title: "the device's memory",
      devices: 1,
      erases: last.sectorErases ?? [],
      programs: [],
      cyclesMax: last.erasesMax,
      enduranceCycles: last.enduranceCycles,
    };
    return { history, parts: [part] };
  }
}
