/** One figure of a run's numbers beside its limit, as reports show it. */
export interface Statistic {
  readonly id: string;
  readonly name: string;
  /** Absent: there were too few samples. */
  readonly value?: number;
  /** `bits`, `numbers`, … ; empty for a plain number. */
  readonly unit: string;
  /** What a good device keeps to, in words: `at least 24`. */
  readonly limit: string;
  readonly sampleSize: number;
  /** Bound on the chance of a value this bad on a good device, 0 … 1. */
  readonly chance?: number;
  /** How often a good device exceeds the limit by chance, 0 … 1; absent for a figure without one. */
  readonly falseAlarmRate?: number;
  /** `info`: the figure has no limit of its own. */
  readonly verdict: "pass" | "fail" | "open" | "info";
  /** One or two sentences: what it measures, and what a bad value means. */
  readonly explanation: string;
  /** Paper, RFC clause or program that it comes from. */
  readonly source?: string;
}
