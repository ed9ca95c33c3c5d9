/**
 * What HTML, JUnit and Markdown are made from, whichever command the run comes from. All text is
 * plain: whoever renders it escapes it.
 */

import type { PlotData } from "./plots/plot-data.ts";

/** A figure with its limit, and the chance that it is this bad by accident. */
export interface ReportStatistic {
  readonly id: string;
  readonly name: string;
  /** Absent: there were too few samples. */
  readonly value?: number;
  readonly unit: string;
  /** The value as people read it. */
  readonly figure: string;
  readonly limit: string;
  readonly sampleSize: number;
  /** Bound on the chance of a value this bad when nothing is wrong, 0 … 1. */
  readonly chance: number;
  readonly falseAlarmRate: number;
  /** `fail`: an alarm; `open`: too few samples. */
  readonly verdict: "pass" | "fail" | "open";
  readonly explanation: string;
  readonly source: string;
  /** The rule that the same weakness breaks. */
  readonly rule?: string;
}

export interface Fact {
  readonly name: string;
  readonly value: string;
  /** The value as a list, where it is one: an entry a line. */
  readonly items?: readonly string[];
  /** A second line in small print. */
  readonly note?: string;
}

export interface ReportRule {
  readonly id: string;
  readonly status: "pass" | "fail" | "open" | "info";
  /** Whether the verdict needs it: open, it makes the run inconclusive. */
  readonly asked: boolean;
  /** When it holds, or what it finds, in one sentence. */
  readonly holds: string;
  /** What it means for somebody who does not know TCP, if it is broken. */
  readonly meaning: string;
  /** How many comparisons were made: `1,204`. */
  readonly tried: string;
  readonly findings: number;
  /** Why it was not judged. */
  readonly reason?: string;
  readonly clause: string;
  readonly remedy: string;
}

export interface ReportFinding {
  /** Id of the rule or diagnosis. */
  readonly rule: string;
  /** `fault` fails the run. */
  readonly severity: "fault" | "information" | "harmless";
  /** One sentence: what happened. */
  readonly summary: string;
  /** More of it: why, what follows. */
  readonly details: readonly string[];
  readonly evidence: readonly Fact[];
  readonly clause: string;
  readonly remedy: string;
  /** A command line that shows it again, or the packets of it. */
  readonly commands: readonly Fact[];
  /** What happened, one line an event. */
  readonly story?: readonly string[];
}

/** A table for whatever else belongs into the report: connections of a capture, say. */
export interface ReportTable {
  readonly title: string;
  /** For the navigation, where the title is long. */
  readonly short?: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** Rows that are not listed. */
  readonly more: number;
}

export interface Report {
  readonly command: "check" | "simulate" | "analyze";
  readonly verdict: "pass" | "fail" | "inconclusive";
  /** What was looked at: `virtual board sim`, `capture x.pcap`. */
  readonly subject: string;
  /** The verdict in one sentence that a customer understands. */
  readonly sentence: string;
  /** How much was tried, for the top of the page. */
  readonly figures: readonly Fact[];
  readonly rules: readonly ReportRule[];
  readonly findings: readonly ReportFinding[];
  /** Breaches that were counted; the findings above may be fewer. */
  readonly findingsTotal: number;
  readonly statistics: readonly ReportStatistic[];
  readonly plots?: PlotData;
  readonly tables: readonly ReportTable[];
  readonly settings: readonly Fact[];
  /** The command that repeats the run. */
  readonly replay?: string;
  readonly notes: readonly string[];
}
