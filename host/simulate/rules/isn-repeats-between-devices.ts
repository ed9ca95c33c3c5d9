/**
 * isn-repeats-between-devices: the first two ISNs of a device are not those of another device. Devices
 * of one make with a fixed seed, or with a key from the factory, all begin alike. It spans all cases,
 * so shards are judged by it once they are merged.
 *
 * False alarms: two devices agree in two independent 32-bit numbers with a chance of 2^-64; over
 * 16,384 devices that is below 10^-11.
 */
import type { RuleText } from "../../check/rule.ts";

export const isnRepeatsBetweenDevices: RuleText = {
  id: "isn-repeats-between-devices",
  holds: "the first ISNs of a device are not those of another device",
  clause: "RFC 6528 §3",
  remedy: "give each device a key of its own, from good randomness, when it is provisioned",
};

export interface RepeatBetweenDevices {
  readonly cases: readonly [number, number];
  readonly numbers: readonly [number, number];
}

/** Devices whose first two numbers are those of a device before them, in order of the case. */
export function repeatsBetweenDevices(
  firstNumbers: readonly (readonly [number, number, number])[],
): RepeatBetweenDevices[] {
  const seen = new Map<string, number>();
  const repeats: RepeatBetweenDevices[] = [];
  for (const [index, first, second] of firstNumbers) {
    const key = `${first} ${second}`;
    const before = seen.get(key);
    if (before === undefined) seen.set(key, index);
    else repeats.push({ cases: [before, index], numbers: [first, second] });
  }
  return repeats;
}
