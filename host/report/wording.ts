/** Numbers and quantities as reports write them. */

import { grouped } from "../core/plural.ts";
import type { Fact, ReportStatistic } from "./report-model.ts";

/** A sequence number in both ways: `1841260670 (0x6dbf747e)`. */
export function bothWays(n: number): string {
  return `${n} (0x${n.toString(16).padStart(8, "0")})`;
}

/** `+12`, `-21`. */
export function signedNumber(n: number): string {
  return n > 0 ? `+${n}` : String(n);
}

/** `a`, `a and b`, `a, b and c`. */
export function listed(words: readonly string[]): string {
  if (words.length <= 1) return words.join("");
  return `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
}

/** What a board is, by its selector. */
export function boardKind(board: string): string {
  if (board === "sim" || board.startsWith("sim:")) return "virtual board";
  return /^(qemu|rp2040js):/.test(board) ? "emulated board" : "board";
}

/** A count of a report's headline: `1 fault`, `2 faults`, in two parts. */
export function counted(count: number, one: string, many = `${one}s`): Fact {
  return { name: count === 1 ? one : many, value: grouped(count) };
}

/** The value of a statistic with its unit; a share of all is a percentage. */
export function statisticFigure({ value, unit }: Figure): string {
  if (value === undefined) return "too few samples";
  if (unit.startsWith("of all ")) return `${Number((100 * value).toPrecision(3))} % ${unit}`;
  const text = Number.isInteger(value) ? grouped(value) : String(Number(value.toPrecision(4)));
  return unit === "" ? text : `${text} ${unit}`;
}

export function withFigure(statistic: Omit<ReportStatistic, "figure">): ReportStatistic {
  return { ...statistic, figure: statisticFigure(statistic) };
}

type Figure = Pick<ReportStatistic, "value" | "unit">;
