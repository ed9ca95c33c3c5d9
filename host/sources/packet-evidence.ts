/**
 * Judges what QEMU recorded on the wire by the same rules as the device's records, and compares the two,
 * connection by connection: port, ISN, TSval, and the numbers used.
 */

import { Check, type CheckResult } from "../check/engine.ts";
import { CAPTURE_RULES, RULES } from "../check/rules/index.ts";
import { parseAddress } from "../core/address.ts";
import type { OpenSample, Sample, UsedSample } from "../core/sample.ts";
import { tupleKey } from "../core/tuple.ts";
import { type CapturePart, joinCaptures } from "../emulated/joined-capture.ts";
import { captureSamples } from "./capture/samples.ts";

export interface PacketEvidenceOptions {
  readonly parts: readonly CapturePart[];
  /** The device's IPv4 address. */
  readonly device: string;
  /** Where the joined recording goes. */
  readonly target: string;
  /** What the device said, in order: `boot`, `open` and `used` samples count. */
  readonly said: readonly Sample[];
  /** 2 × MSL in microseconds. */
  readonly twoMslUs: number;
  /** Port ranges that the application binds: a packet does not say who chose its port. */
  readonly boundPorts: readonly (readonly [number, number])[];
}

export interface PacketEvidence {
  readonly verdict: CheckResult;
  /** Connections that were compared. */
  readonly compared: number;
  /** One line for each thing that only one of the two knows, or knows otherwise. */
  readonly disagreements: readonly string[];
}

export async function packetEvidence(options: PacketEvidenceOptions): Promise<PacketEvidence> {
  const { parts, device, target, said, twoMslUs, boundPorts } = options;
  const lines = (await joinCaptures(parts, device, target)).map(
    ({ part, expected, found }) =>
      `power cycle ${part}: the device marked ${found} instants on the wire, the console ${expected}`,
  );
  const bootTimesUs = said.filter(({ kind }) => kind === "boot").map(({ timeUs }) => timeUs);
  const seen: Sample[] = [];
  const check = new Check({
    rules: RULES,
    asked: CAPTURE_RULES,
    context: { twoMslUs, source: "capture" },
  });
  const samples = captureSamples(target, {
    device: parseAddress(device),
    bootTimesUs: bootTimesUs.slice(1),
    twoMslUs,
  });
  for await (const one of samples) {
    const sample = withBoundPort(one, boundPorts);
    seen.push(sample);
    check.observe(sample);
  }
  const verdict = check.finish({ incomplete: samples.summary().truncated });
  for (const finding of verdict.findings) {
    lines.push(`the packets break ${finding.rule} in boot ${finding.boot}: ${finding.detail}`);
  }
  const saidConnections = connections(said);
  const endedByReset = new Set<number>();
  for (const sample of said) {
    if (sample.kind === "boot" && sample.cause === "reset") endedByReset.add(sample.boot - 1);
  }
  lines.push(...compareConnections(saidConnections, connections(seen), endedByReset));
  return { verdict, compared: saidConnections.length, disagreements: lines };
}

/** Of a server that is called from bound and from other ports the rules could not tell which is which. */
function withBoundPort(sample: Sample, boundPorts: PacketEvidenceOptions["boundPorts"]): Sample {
  if (sample.kind !== "open") return sample;
  const { localPort } = sample.tuple;
  const bound = boundPorts.some(([first, last]) => localPort >= first && localPort <= last);
  return bound ? { ...sample, portChoice: "bound" } : sample;
}

/** A connection as one of the two tells it. */
export interface ToldConnection {
  readonly open: OpenSample;
  /** What it had used in the end; undefined when it was still under way. */
  readonly used?: UsedSample;
}

/** Puts `open` and `used` samples together, in order of opening. */
export function connections(samples: Iterable<Sample>): ToldConnection[] {
  const all: { open: OpenSample; used?: UsedSample }[] = [];
  const last = new Map<string, { open: OpenSample; used?: UsedSample }>();
  for (const sample of samples) {
    if (sample.kind !== "open" && sample.kind !== "used") continue;
    const key = tupleKey(sample.tuple);
    if (sample.kind === "open") {
      const connection = { open: sample };
      all.push(connection);
      last.set(key, connection);
      continue;
    }
    const connection = last.get(key);
    if (connection !== undefined) connection.used = sample;
  }
  return all;
}

/**
 * Boot by boot, in order. The wire may know one connection more than the records at the very end of a
 * boot, but for those in `endedByReset`: the power was cut before its record was out. Nothing else is
 * forgiven. The numbers used are compared where the device saw the connection to its end.
 */
export function compareConnections(
  said: readonly ToldConnection[],
  seen: readonly ToldConnection[],
  endedByReset: ReadonlySet<number> = new Set(),
): string[] {
  const lines: string[] = [];
  const saidByBoot = byBoot(said);
  const seenByBoot = byBoot(seen);
  for (const boot of new Set([...saidByBoot.keys(), ...seenByBoot.keys()])) {
    const ofDevice = saidByBoot.get(boot) ?? [];
    const ofWire = seenByBoot.get(boot) ?? [];
    const unrecorded = endedByReset.has(boot) ? 0 : 1;
    if (ofWire.length > ofDevice.length + unrecorded) {
      lines.push(
        `boot ${boot}: the wire shows ${ofWire.length} connections, the device told of ${ofDevice.length}`,
      );
    }
    for (const [i, connection] of ofDevice.entries()) {
      const line = difference(connection, ofWire[i]);
      if (line !== undefined) lines.push(`boot ${boot}, connection ${i}: ${line}`);
    }
  }
  return lines;
}

function byBoot(all: readonly ToldConnection[]): Map<number, ToldConnection[]> {
  const boots = new Map<number, ToldConnection[]>();
  for (const connection of all) {
    const { boot } = connection.open;
    const known = boots.get(boot);
    if (known === undefined) boots.set(boot, [connection]);
    else known.push(connection);
  }
  return boots;
}

function difference(device: ToldConnection, wire: ToldConnection | undefined): string | undefined {
  const said = openText(device.open);
  if (wire === undefined) return `device: ${said}; wire: nothing`;
  const seen = openText(wire.open);
  if (said !== seen) return `device: ${said}; wire: ${seen}`;
  const { used } = device;
  if (used === undefined || used.cutShort === true || wire.used?.next === used.next) {
    return undefined;
  }
  return `${tupleKey(device.open.tuple)}: the device used its numbers up to ${used.next}, the wire shows ${wire.used?.next ?? "none"}`;
}

function openText({ tuple, isn, tsval }: OpenSample): string {
  return `${tupleKey(tuple)} ISN ${isn}${tsval === undefined ? "" : ` TSval ${tsval}`}`;
}
