/** Writes down the beginning of a device's life for a picture: boots, ceilings, ISNs by tuple. */
import type { OpenSample, Sample, UsedSample } from "../core/sample.ts";
import { serialAdd, serialDistance } from "../core/serial.ts";
import { type Tuple, tupleKey } from "../core/tuple.ts";
import type { FaultKind } from "../virtual/fault-kinds.ts";
import type { Life, LifeWitness } from "../virtual/life.ts";
import type { LifeScript } from "../virtual/life-script.ts";
import { ceilingOf } from "./journal-record.ts";
import {
  type DeviceTimeline,
  SIMULATE_BOUNDS,
  type TimelineBoot,
  type TimelinePoint,
  type TimelineSeries,
} from "./simulate-run.ts";

const US_PER_TICK = 4;
/** Where V starts above the durable ceiling (assembly/config.ts). */
const GUARD_TICKS = 2 ** 18;
/** Further than this from where the clock should stand, a tuple has another key. */
const OFFSET_SLACK = 2 ** 30;

type Draft<T> = { -readonly [K in keyof T]: T[K] };

export class TimelineWriter implements LifeWitness {
  readonly #script: LifeScript;
  readonly #boots: TimelineBoot[] = [];
  readonly #ceilings: { timeUs: number; ticks: number }[] = [];
  readonly #series = new Map<string, TimelinePoint[]>();
  /** The latest point of each tuple, until its connection is over. */
  readonly #open = new Map<string, Draft<TimelinePoint>>();
  readonly #offsets = new Map<string, number>();
  #points = 0;
  #pointsLeftOut = 0;
  #bootsLeftOut = 0;
  #faults: FaultKind[] = [];
  #fromUs = 0;
  #startTicks: number | undefined;

  constructor(script: LifeScript) {
    this.#script = script;
  }

  /** Sees what the device programs; to be called before the life runs. */
  listenTo(life: Life): void {
    const { nvm } = life;
    const program = nvm.program.bind(nvm);
    const keyValue = nvm.geometry.kind === "keyValue";
    nvm.program = (offset, bytes) => {
      const code = program(offset, bytes);
      const ticks = code === 0 ? ceilingOf(bytes, keyValue) : undefined;
      if (ticks !== undefined) this.#durable(life.timeUs, ticks);
      return code;
    };
  }

  powered(): void {
    const ceiling = this.#ceilings.at(-1)?.ticks;
    this.#startTicks = ceiling === undefined ? undefined : ceiling + GUARD_TICKS;
  }

  booted(_boot: number, timeUs: number): void {
    this.#fromUs = timeUs;
  }

  struck(kind: FaultKind): void {
    if (!this.#faults.includes(kind)) this.#faults.push(kind);
  }

  ended(boot: number, timeUs: number, end: string): void {
    const faults = this.#faults;
    this.#faults = [];
    this.#open.clear();
    if (this.#boots.length >= SIMULATE_BOUNDS.timelineBoots) {
      this.#bootsLeftOut++;
      return;
    }
    const base = { boot, fromUs: this.#fromUs, toUs: timeUs, end, faults };
    const startTicks = this.#startTicks;
    this.#boots.push(startTicks === undefined ? base : { ...base, startTicks });
  }

  watch(sample: Sample): void {
    if (sample.kind === "open") this.#opened(sample);
    else if (sample.kind === "used") this.#used(sample);
    else if (sample.kind === "storage-lost") {
      this.#offsets.clear();
      this.#startTicks = undefined;
    }
  }

  finish(): DeviceTimeline {
    const series = [...this.#series].map(([tuple, points]): TimelineSeries => ({ tuple, points }));
    const lastUs = this.#boots.at(-1)?.toUs ?? 0;
    return {
      case: this.#script.index,
      storage: this.#script.board.storage,
      boots: this.#boots,
      ceilings: this.#ceilings.filter(({ timeUs }) => timeUs <= lastUs),
      series,
      pointsLeftOut: this.#pointsLeftOut,
      bootsLeftOut: this.#bootsLeftOut,
    };
  }

  #durable(timeUs: number, ticks: number): void {
    // Each record is programmed twice.
    if (this.#ceilings.at(-1)?.ticks === ticks) return;
    if (this.#boots.length < SIMULATE_BOUNDS.timelineBoots) this.#ceilings.push({ timeUs, ticks });
  }

  #opened(sample: OpenSample): void {
    const full = this.#points >= SIMULATE_BOUNDS.timelinePoints;
    if (full || this.#boots.length >= SIMULATE_BOUNDS.timelineBoots) {
      this.#pointsLeftOut++;
      return;
    }
    this.#points++;
    const { timeUs, boot, isn, tuple, answer } = sample;
    const point: Draft<TimelinePoint> = { timeUs, boot, isn };
    if (answer !== undefined) point.answer = answer.kind;
    const ticks = this.#ticksOf(sample);
    if (ticks !== undefined) point.ticks = ticks;
    this.#open.set(tupleKey(tuple), point);
    const name = seriesName(tuple, sample.portChoice);
    const points = this.#series.get(name) ?? [];
    points.push(point);
    this.#series.set(name, points);
  }

  #used(sample: UsedSample): void {
    const point = this.#open.get(tupleKey(sample.tuple));
    if (point !== undefined) point.next = sample.next;
  }

  /** The ISN as a point of V: V by the time since boot, corrected by the tuple's own offset. */
  #ticksOf({ tuple, timeUs, isn }: OpenSample): number | undefined {
    if (this.#startTicks === undefined) return undefined;
    const due = this.#startTicks + Math.floor((timeUs - this.#fromUs) / US_PER_TICK);
    const key = tupleKey(tuple);
    const offset = this.#offsets.get(key);
    const error = offset === undefined ? 0 : serialDistance(serialAdd(due, offset), isn);
    if (offset === undefined || Math.abs(error) > OFFSET_SLACK) {
      this.#offsets.set(key, serialAdd(isn, -due));
      return due;
    }
    return due + error;
  }
}

/** Ports that the device chose are one series for each destination. */
function seriesName(tuple: Tuple, choice: OpenSample["portChoice"]): string {
  const name = tupleKey(tuple);
  if (choice === "bound") return name;
  return name.replace(`:${tuple.localPort} > `, ":* > ");
}
