/**
 * Settings of a run as facts that can be read in a table: a group of values gives a line each
 * (`faults.bit-rot`), a list of groups one fact with an entry a line.
 */
import type { Fact } from "./report-model.ts";

/** Groups inside groups; what lies deeper is written into one line. */
const DEPTH_MAX = 3;

export function settingFacts(settings: Readonly<Record<string, unknown>>): Fact[] {
  return Object.entries(settings).flatMap(([name, value]) => factsOf(name, value, 1));
}

function factsOf(name: string, value: unknown, depth: number): Fact[] {
  if (Array.isArray(value) && value.some((one) => isGroup(one) && !Array.isArray(one))) {
    const items = value.map(lineOf);
    return [{ name, value: items.join("; "), items }];
  }
  if (isGroup(value) && !Array.isArray(value) && depth < DEPTH_MAX) {
    const parts = Object.entries(value);
    if (parts.length > 0) {
      return parts.flatMap(([part, one]) => factsOf(`${name}.${part}`, one, depth + 1));
    }
  }
  return [{ name, value: lineOf(value) }];
}

/** One line of text: `kind nor, sectors 4`, `linux, lwip`, `1883, 5000 to 5003`. */
function lineOf(value: unknown): string {
  if (typeof value === "string") return value === "" ? "empty" : value;
  if (!isGroup(value)) return value === undefined || value === null ? "none" : String(value);
  if (Array.isArray(value)) return value.length === 0 ? "none" : value.map(partOf).join(", ");
  const parts = Object.entries(value).map(([name, one]) => `${name} ${lineOf(one)}`);
  return parts.length === 0 ? "none" : parts.join(", ");
}

/** Inside a list, two numbers are a range: the ports that are reserved. */
function partOf(value: unknown): string {
  if (!Array.isArray(value) || value.length !== 2 || !value.every(Number.isInteger)) {
    return lineOf(value);
  }
  const [first, last] = value;
  return first === last ? String(first) : `${first} to ${last}`;
}

function isGroup(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
