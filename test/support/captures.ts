/** Reads captures for the tests: fixtures by name, or bytes in chunks. */

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import { openCapture } from "../../host/capture/capture-reader.ts";
import { type Packet, packetData } from "../../host/capture/packet.ts";
import { parseAddress } from "../../host/core/address.ts";
import { UsageError } from "../../host/core/errors.ts";
import type { OpenSample, Sample } from "../../host/core/sample.ts";
import type { CaptureSamplesOptions } from "../../host/sources/capture/capture-summary.ts";
import { captureSamples } from "../../host/sources/capture/samples.ts";
import { collect, failure, inChunks } from "./packets.ts";

export const FIXTURES = fileURLToPath(new URL("../fixtures/captures/", import.meta.url));
export const DEVICE = parseAddress("10.77.0.2");
export const S = 1_000_000;
export const START = 1_795_000_000 * S;

/** The samples of a fixture, or of bytes, for the device 10.77.0.2 unless told otherwise. */
export async function judge(
  source: Uint8Array | string,
  options: Partial<CaptureSamplesOptions> = {},
) {
  const bytes = typeof source === "string" ? join(FIXTURES, source) : inChunks(source, 10_000);
  const stream = captureSamples(bytes, { device: DEVICE, ...options });
  const samples = await collect(stream);
  const summary = stream.summary();
  expectOrder(samples);
  const opens = samples.filter((sample): sample is OpenSample => sample.kind === "open");
  return { samples, opens, summary, boots: samples.filter(({ kind }) => kind === "boot") };
}

/** What holds for every stream: times never go back, boots count up, boot 0 comes first. */
function expectOrder(samples: readonly Sample[]) {
  let boot = -1;
  let timeUs = 0;
  for (const sample of samples) {
    if (sample.kind === "boot") boot += 1;
    expect(sample.boot).toBe(boot);
    expect(sample.timeUs).toBeGreaterThanOrEqual(timeUs);
    timeUs = sample.timeUs;
  }
}

export const I5 = join(FIXTURES, "i5_isn_fixed_6510_plus_ticks_reboot.pcap");

/** All that a packet tells, fit for comparing. */
export function plain(packet: Packet) {
  const { frame, timeUs, nanos, linkType, interfaceId, capturedLength, originalLength } = packet;
  const hex = Buffer.from(packetData(packet)).toString("hex");
  return { frame, timeUs, nanos, linkType, interfaceId, capturedLength, originalLength, hex };
}

/** Reads bytes that come in chunks of `size`. */
export async function read(data: Uint8Array, size = data.length) {
  const reader = openCapture(inChunks(data, Math.max(size, 1)));
  const packets = (await collect(reader)).map(plain);
  return { packets, notes: reader.notes, truncated: reader.truncated, format: reader.format };
}

/** The code of the error that reading ends with. */
export async function code(data: Uint8Array | string): Promise<string> {
  const reader = openCapture(typeof data === "string" ? data : inChunks(data, 64));
  const error = await failure(() => collect(reader));
  if (!(error instanceof UsageError)) throw error;
  expect(error.message).not.toContain("\n");
  expect(error.next.length).toBeGreaterThan(10);
  return error.code;
}

/** Three packets: whole, cut to one byte, and nothing kept of it. */
export const RECORDS = [
  { data: Uint8Array.of(1, 2, 3), timeUs: 1_795_173_205_000_001, nanos: 0 },
  { data: Uint8Array.of(4), timeUs: 1_795_173_205_999_999, nanos: 0, originalLength: 1500 },
  { data: new Uint8Array(0), timeUs: 1_795_173_206_000_000, nanos: 0, originalLength: 60 },
];
