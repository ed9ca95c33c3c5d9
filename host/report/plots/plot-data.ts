/**
 * What the plots of a report are drawn from: small whatever the length of the run, and the same for
 * the same samples. Times are microseconds since the first sample; numbers are u32 unless it says so.
 */

/** The connections of one 4-tuple that came back at least once. Arrays run in step. */
export interface TupleTrack {
  /** `10.77.0.2:5000 > 10.77.0.1:1883` */
  readonly name: string;
  /** Connections of this tuple in the view, those that are not drawn included. */
  readonly seen: number;
  readonly timesUs: readonly number[];
  readonly isns: readonly number[];
  readonly boots: readonly number[];
  /**
   * How far the ISN has come, in ticks of 4 µs: the sum of the signed distances from connection to
   * connection, from 0; where leases are known, the point of the device's clock that the ISN stands for.
   */
  readonly advances: readonly number[];
  /** Indexes of connections at which a rule was broken. */
  readonly breaches: readonly number[];
  /** Indexes at which the line begins anew: the device had lost its storage. */
  readonly fresh: readonly number[];
}

export interface BootMark {
  readonly boot: number;
  readonly timeUs: number;
  readonly cause?: string;
}

/** A stretch of time: a lease from `low` up to its `high` ceiling in ticks of 4 µs, or quiet time. */
export interface Band {
  readonly kind: "lease" | "quiet";
  readonly fromUs: number;
  readonly toUs: number;
  readonly low?: number;
  readonly high?: number;
}

export interface TimelineView {
  /** `First connections`, `Around the first failure`, `Device 3`. */
  readonly title: string;
  readonly fromUs: number;
  readonly toUs: number;
  readonly tracks: readonly TupleTrack[];
  /** Tuples that were seen once in the view: they have no line of their own. */
  readonly single: { readonly timesUs: readonly number[]; readonly isns: readonly number[] };
  readonly boots: readonly BootMark[];
  readonly bands: readonly Band[];
  /** Every how many connections one is shown, at least. */
  readonly every: number;
  /** Later connections, which are not shown. */
  readonly later?: number;
  /** What the marks mean; `breaks a rule` without it. */
  readonly mark?: string;
}

/** Steps from the ISN of one new tuple to the next one's (Zalewski's delay coordinates). */
export interface PhasePlot {
  /** Cells a side; the cell of a pair of steps is `row * side + column`, both signed, from −2^31. */
  readonly side: number;
  /** Cells that are not empty: cell, count, cell, count, … */
  readonly cells: readonly number[];
  /** Pairs of steps counted. */
  readonly pairs: number;
  /** The first triples of steps (signed, mod 2^32): x, y, z, x, y, z, … */
  readonly points: readonly number[];
}

export interface PortPlot {
  /** Ports `first + i × binPorts` and up, in the i-th bin; the last one ends at `last`. */
  readonly first: number;
  readonly last: number;
  readonly binPorts: number;
  readonly bins: readonly number[];
  /** Ports that the device chose (not those that the application bound). */
  readonly total: number;
  /** The first ones: boot, port, boot, port, … */
  readonly points: readonly number[];
}

export interface WearPlot {
  /** Totals over the boots of one device; arrays run in step. */
  readonly history?: {
    readonly boots: readonly number[];
    readonly writes: readonly number[];
    readonly erasesMax: readonly number[];
  };
  readonly parts: readonly WornPart[];
}

/** One kind of memory: its sectors (key-value store: keys), summed over all devices that have it. */
export interface WornPart {
  /** `NOR flash, 4 × 2048 bytes, granule 8` */
  readonly title: string;
  readonly devices: number;
  /** Empty where the source cannot count them. */
  readonly erases: readonly number[];
  readonly programs: readonly number[];
  /** Cycles of the most used sector (EEPROM: granule) of any one device, and what it is rated for. */
  readonly cyclesMax: number;
  readonly enduranceCycles: number;
}

/** How many connections were opened in each stretch of a capture, by what came of them. */
export interface ActivityPlot {
  readonly binUs: number;
  readonly outcomes: readonly {
    readonly name: string;
    readonly good: boolean;
    readonly counts: readonly number[];
  }[];
}

export interface PlotData {
  /** Samples that went in. */
  readonly samples: number;
  /** Whose numbers they are, where there are several: `client 10.77.0.2`. */
  readonly of?: string;
  readonly activity?: ActivityPlot;
  readonly views: readonly TimelineView[];
  readonly phase?: PhasePlot;
  readonly ports?: PortPlot;
  readonly wear?: WearPlot;
}
