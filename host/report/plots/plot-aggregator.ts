/**
 * Sums a stream of samples up for the plots of a report, in bounded memory whatever its length, and
 * the same for the same samples: first ones, thinned ones and counts, no chance.
 */
import type { OpenSample, Sample } from "../../core/sample.ts";
import { serialDistance } from "../../core/serial.ts";
import { tupleKey } from "../../core/tuple.ts";
import { PhaseSpace } from "./phase-space.ts";
import type { Band, BootMark, PlotData, TimelineView } from "./plot-data.ts";
import { PortSpread } from "./port-spread.ts";
import { Thinned } from "./thinned.ts";
import { type Opening, TRACKS_MAX, viewOf } from "./timeline.ts";
import { WearTrack } from "./wear-track.ts";

const START_OPENINGS = 240;
const BEFORE_FAILURE = 90;
const AFTER_FAILURE = 40;
const WHOLE_POINTS = 400;
const MARKS_MAX = 400;
/** Tuples remembered so as to know one that comes back; the oldest are forgotten. */
const TUPLES_MAX = 4096;

interface Pool {
  readonly first: number;
  readonly last: number;
}

interface KnownTuple {
  isn: number;
  advance: number;
}

export class PlotAggregator {
  readonly #phase = new PhaseSpace();
  readonly #ports: PortSpread;
  readonly #wear = new WearTrack();
  readonly #tuples = new Map<string, KnownTuple>();
  readonly #start: Opening[] = [];
  readonly #recent: Opening[] = [];
  #failure: Opening[] | undefined;
  readonly #whole = new Map<string, Thinned<Opening>>();
  readonly #startMarks = new Marks();
  readonly #recentMarks = new Marks();
  readonly #wholeBoots = new Thinned<BootMark>(MARKS_MAX);
  readonly #wholeBands = new Thinned<Band>(MARKS_MAX);
  #samples = 0;
  #firstUs = 0;
  #nowUs = 0;
  #quietSinceUs: number | undefined;

  /** `ports`: the range that the device may choose from, when it is known. */
  constructor(options: { readonly ports?: Pool } = {}) {
    this.#ports = new PortSpread(options.ports);
  }

  /** `breached`: a rule was broken by this sample. */
  observe(sample: Sample, breached = false): void {
    if (this.#samples === 0) this.#firstUs = sample.timeUs;
    this.#samples++;
    this.#nowUs = Math.max(this.#nowUs, sample.timeUs - this.#firstUs);
    if (sample.kind === "open") this.#open(sample, breached);
    else if (sample.kind === "boot") this.#boot(sample);
    else if (sample.kind === "nvm") this.#wear.observe(sample);
    else if (sample.kind === "storage-lost") this.#storageLost();
  }

  finish(): PlotData {
    const phase = this.#phase.finish();
    const ports = this.#ports.finish();
    const wear = this.#wear.finish();
    return {
      samples: this.#samples,
      views: this.#views(),
      ...(phase ? { phase } : {}),
      ...(ports ? { ports } : {}),
      ...(wear ? { wear } : {}),
    };
  }

  #open(sample: OpenSample, breached: boolean): void {
    this.#endQuiet();
    this.#ports.observe(sample);
    const tuple = tupleKey(sample.tuple);
    const known = this.#tuples.get(tuple);
    const advance = known ? known.advance + serialDistance(known.isn, sample.isn) : 0;
    const { isn, boot } = sample;
    const fresh = known === undefined;
    // A tuple that comes back has to go forward from where it was: that is no weakness.
    if (fresh) this.#phase.observe(sample.isn);
    const opening = { timeUs: this.#nowUs, tuple, isn, boot, advance, breached, fresh };
    this.#remember(tuple, { isn, advance });
    if (this.#start.length < START_OPENINGS) this.#start.push(opening);
    this.#noteFailure(opening);
    this.#noteWhole(opening, known !== undefined);
  }

  #remember(tuple: string, known: KnownTuple): void {
    this.#tuples.delete(tuple);
    this.#tuples.set(tuple, known);
    if (this.#tuples.size <= TUPLES_MAX) return;
    const oldest = this.#tuples.keys().next().value;
    if (oldest !== undefined) this.#tuples.delete(oldest);
  }

  /** Keeps the last openings until the first breach, and some more after it. */
  #noteFailure(opening: Opening): void {
    if (this.#failure === undefined) {
      this.#recent.push(opening);
      if (this.#recent.length > 2 * BEFORE_FAILURE) this.#recent.splice(0, BEFORE_FAILURE);
      if (opening.breached) this.#failure = this.#recent.slice(-BEFORE_FAILURE);
    } else if (this.#failure.length < BEFORE_FAILURE + AFTER_FAILURE) this.#failure.push(opening);
  }

  #noteWhole(opening: Opening, cameBack: boolean): void {
    const track = this.#whole.get(opening.tuple);
    if (track !== undefined) track.push(opening);
    else if (cameBack && this.#whole.size < TRACKS_MAX) {
      const fresh = new Thinned<Opening>(WHOLE_POINTS);
      fresh.push(opening);
      this.#whole.set(opening.tuple, fresh);
    }
  }

  #boot({ boot, cause }: { readonly boot: number; readonly cause?: string }): void {
    const timeUs = this.#nowUs;
    const mark = { boot, timeUs, ...(cause === undefined ? {} : { cause }) };
    if (!this.#startIsFull) this.#startMarks.boot(mark);
    if (!this.#failureIsFull) this.#recentMarks.boot(mark);
    this.#wholeBoots.push(mark);
  }

  /** Another key, other numbers: every line begins anew. */
  #storageLost(): void {
    this.#tuples.clear();
    this.#quietSinceUs = this.#nowUs;
  }

  #endQuiet(): void {
    const sinceUs = this.#quietSinceUs;
    if (sinceUs === undefined) return;
    this.#quietSinceUs = undefined;
    this.#band({ kind: "quiet", fromUs: sinceUs, toUs: this.#nowUs });
  }

  #band(band: Band): void {
    if (!this.#startIsFull) this.#startMarks.band(band);
    if (!this.#failureIsFull) this.#recentMarks.band(band);
    this.#wholeBands.push(band);
  }

  get #startIsFull(): boolean {
    return this.#start.length >= START_OPENINGS;
  }

  get #failureIsFull(): boolean {
    return (this.#failure?.length ?? 0) >= BEFORE_FAILURE + AFTER_FAILURE;
  }

  #views(): TimelineView[] {
    if (this.#start.length === 0) return [];
    const views: TimelineView[] = [];
    if (this.#failure !== undefined) {
      const marks = this.#recentMarks.between(this.#failure);
      views.push(
        viewOf({ title: "Around the first failure", openings: this.#failure, every: 1, ...marks }),
      );
    }
    const marks = this.#startMarks.between(this.#start);
    views.push(viewOf({ title: "First connections", openings: this.#start, every: 1, ...marks }));
    if (this.#startIsFull && this.#whole.size > 0) views.push(this.#wholeView());
    return views;
  }

  #wholeView(): TimelineView {
    const tracks = [...this.#whole.values()];
    return viewOf({
      title: "Whole run",
      openings: tracks.flatMap((track) => track.items()),
      boots: this.#wholeBoots.items(),
      bands: this.#wholeBands.items(),
      every: Math.max(...tracks.map((track) => track.every)),
      seen: (tuple) => this.#whole.get(tuple)?.seen ?? 0,
    });
  }
}

/** The last boots and bands; those between the openings of a view are drawn. */
class Marks {
  readonly #boots: BootMark[] = [];
  readonly #bands: Band[] = [];

  boot(mark: BootMark): void {
    this.#boots.push(mark);
    if (this.#boots.length > 2 * MARKS_MAX) this.#boots.splice(0, MARKS_MAX);
  }

  band(band: Band): void {
    this.#bands.push(band);
    if (this.#bands.length > 2 * MARKS_MAX) this.#bands.splice(0, MARKS_MAX);
  }

  between(openings: readonly Opening[]): { boots: readonly BootMark[]; bands: readonly Band[] } {
    const fromBoot = openings[0]?.boot ?? 0;
    const toBoot = openings.at(-1)?.boot ?? 0;
    return {
      boots: this.#boots.filter(({ boot }) => boot >= fromBoot && boot <= toBoot),
      bands: this.#bands,
    };
  }
}
