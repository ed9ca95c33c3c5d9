/**
 * Settings of a run as facts that can be read in a table: a group of values gives a line each
 * (`faults.bit-rot`), a list of groups one fact with an entry a line. Known ones are named in words,
 * with their unit, and the name that JSON has stands below.
 */
import { formatDurationUs } from "../core/duration.ts";
import { grouped } from "../core/plural.ts";
import type { Fact } from "./report-model.ts";

interface Wording {
  readonly name: string;
  readonly value?: (value: unknown) => string | undefined;
}

/** By the name that the setting has in JSON. */
const WORDINGS: Readonly<Record<string, Wording>> = {
  rebootsPerCase: { name: "reboots of a device", value: count },
  mslMs: { name: "maximum segment lifetime", value: duration(1000) },
  counterHz: { name: "rates of the device's counter", value: frequencies },
  "ports.first": { name: "first source port" },
  "ports.last": { name: "last source port" },
  "ports.reserved": { name: "reserved source ports" },
  swarm: { name: "each device has a random half of the faults", value: yesOrNo },
  late: { name: "connections with a late segment", value: share("of connections") },
  peers: { name: "kinds of servers" },
  closesFirst: { name: "who closes first" },
  connectionsPerBoot: { name: "connections in a boot" },
  bytes: { name: "bytes in a connection" },
  "uptimeUs.min": { name: "shortest time a boot lasts", value: duration(1) },
  "uptimeUs.max": { name: "longest time a boot lasts", value: duration(1) },
  "offUs.min": { name: "shortest time without power", value: duration(1) },
  "offUs.max": { name: "longest time without power", value: duration(1) },
  canaries: { name: "known-bad generators" },
};

/** Groups inside groups; what lies deeper is written into one line. */
const DEPTH_MAX = 3;

export function settingFacts(settings: Readonly<Record<string, unknown>>): Fact[] {
  return Object.entries(settings).flatMap(([name, value]) => factsOf(name, value, 1));
}

function worded(name: string): Wording | undefined {
  if (Object.hasOwn(WORDINGS, name)) return WORDINGS[name];
  const fault = /^faults\.([a-z-]+)$/.exec(name)?.[1];
  if (fault === undefined) return undefined;
  // What fails in the supply of entropy fails for the device's life.
  const of = fault.startsWith("entropy-") ? "of devices" : "of boots";
  return { name: `fault: ${fault.replaceAll("-", " ")}`, value: share(of) };
}

function count(value: unknown): string | undefined {
  return typeof value === "number" && Number.isSafeInteger(value) ? grouped(value) : undefined;
}

function duration(us: number): (value: unknown) => string | undefined {
  return (value) =>
    typeof value === "number" && Number.isFinite(value) ? formatDurationUs(value * us) : undefined;
}

function frequencies(value: unknown): string | undefined {
  if (!Array.isArray(value) || !value.every(Number.isSafeInteger)) return undefined;
  return value.map((hz: number) => `${grouped(hz)} Hz`).join(", ");
}

function share(of: string): (value: unknown) => string | undefined {
  return (value) => {
    if (typeof value !== "number" || !(value >= 0 && value <= 1)) return undefined;
    return value === 0 ? "off" : `${Number((value * 100).toPrecision(3))} % ${of}`;
  };
}

function yesOrNo(value: unknown): string | undefined {
  return typeof value === "boolean" ? (value ? "yes" : "no") : undefined;
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
  const wording = worded(name);
  if (wording === undefined) return [{ name, value: lineOf(value) }];
  return [{ name: wording.name, value: wording.value?.(value) ?? lineOf(value), note: name }];
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
