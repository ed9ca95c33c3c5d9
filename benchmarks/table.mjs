// Renders figures as one table of plain text, with a heading for each thing that was measured on.
import { goalMet } from "./measure.mjs";

/** @typedef {import("./measure.mjs").Figure & { bench: string }} Row */

const HEADINGS = ["figure", "value", "unit", "goal", ""];
const VALUE = 1;

/** @param {readonly Row[]} rows @returns {string} */
export function table(rows) {
  const grid = [HEADINGS, ...rows.map(cells)];
  const widths = HEADINGS.map((_, i) => Math.max(...grid.map((line) => line[i]?.length ?? 0)));
  const [head = "", ...body] = grid.map((line) => spread(line, widths));
  const lines = [head];
  let heading = "";
  for (const [i, { bench, of }] of rows.entries()) {
    const next = of === undefined ? bench : `${bench}: ${of}`;
    if (next !== heading) lines.push("", next);
    heading = next;
    lines.push(body[i] ?? "");
  }
  return lines.join("\n");
}

/** @param {readonly string[]} line @param {readonly number[]} widths */
function spread(line, widths) {
  const padded = line.map((cell, i) => {
    const width = widths[i] ?? 0;
    return i === VALUE ? cell.padStart(width) : cell.padEnd(width);
  });
  return `  ${padded.join("  ")}`.trimEnd();
}

/** @param {Row} row @returns {string[]} */
function cells(row) {
  const { name, value, unit, goal } = row;
  const met = goalMet(row);
  return [
    name,
    value === null ? "none" : number(value),
    unit,
    goal === undefined ? "" : `${goal.sense} ${number(goal.bound)}`,
    met === undefined ? "" : met ? "met" : row.exact ? "MISSED" : "missed here",
  ];
}

/** Three significant digits below 100, whole numbers above. @param {number} value */
function number(value) {
  if (Number.isInteger(value) || Math.abs(value) >= 100) {
    return Math.round(value).toLocaleString("en-US");
  }
  return String(Number(value.toPrecision(3)));
}
