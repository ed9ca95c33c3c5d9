/**
 * Turns a capture into the stream of samples that the rules judge (host/core/sample.ts): what a
 * device's SYNs, data and resets tell of its numbers, with the boots found on the way.
 */

import { type CaptureSource, openCapture } from "../../capture/capture-reader.ts";
import type { CaptureNote } from "../../capture/packet.ts";
import type { Address } from "../../core/address.ts";
import { UsageError } from "../../core/errors.ts";
import type { Sample } from "../../core/sample.ts";
import type { FoundBoot } from "./boot-numbering.ts";
import { SampleRecorder } from "./sample-recorder.ts";

export interface CaptureSamplesOptions {
  /** The device whose numbers are judged. */
  readonly device: Address;
  /** What errors call the capture; default: its path, or "standard input". */
  readonly name?: string;
  /**
   * A boot is wherever the device was silent for at least this long before a connection attempt
   * (more than 0). Without this and `bootTimesUs` boots are found by themselves.
   */
  readonly bootGapUs?: number;
  /**
   * Boots at these times, in microseconds: below 10^14 since the first packet, otherwise since 1970.
   * Boot 0 is the beginning of the capture; a time before it is passed over with a note.
   */
  readonly bootTimesUs?: readonly number[];
  /** How long a silent connection is remembered; default 2 × MSL = 240 s (RFC 9293 §3.4.3). */
  readonly twoMslUs?: number;
}

export interface CaptureSummary {
  readonly name: string;
  readonly format: "pcap" | "pcapng" | undefined;
  readonly packets: number;
  readonly tcpPackets: number;
  /** TCP packets that the device sent. */
  readonly devicePackets: number;
  /** Time of the first and the last packet, in microseconds since 1970; undefined without packets. */
  readonly firstUs: number | undefined;
  readonly lastUs: number | undefined;
  /** Incarnations of tuples: attempts, accepted ones, and those that began before the capture. */
  readonly connections: number;
  /** Connections that the device tried to open; repeated SYNs are counted apart. */
  readonly attempts: number;
  readonly synRetransmissions: number;
  readonly accepted: number;
  readonly midstream: number;
  /** Boots, boot 0 included; `boots` lists the first 1,000 with the evidence. */
  readonly bootCount: number;
  readonly boots: readonly FoundBoot[];
  /** How boots were looked for, in one sentence. */
  readonly bootMethod: string;
  readonly notes: readonly CaptureNote[];
  /** The capture is cut short: a verdict over it must not be a pass. */
  readonly truncated: boolean;
}

/** The samples of a capture; iterate once. `summary()` is complete when the iteration has ended. */
export interface CaptureSamples extends AsyncIterable<Sample> {
  summary(): CaptureSummary;
}

/**
 * Samples of `device` in a capture, in order of time: `boot` (boot 0 first), `open` at the first SYN
 * of an incarnation, `used` for all that was sent since, at the latest before the next `open`.
 * Ports: `unknown` for attempts, `bound` for accepted connections.
 *
 * Boots found by themselves: the device was silent for at least 1 s and 4 × the median spacing of
 * its attempts (of 4 or more), or it asked for its own address anew.
 *
 * Throws UsageError: those of `CaptureReader`; `bad-boot-time` for an option out of range;
 * `capture-no-device` at the end if the device takes part in no TCP packet.
 */
export function captureSamples(
  source: CaptureSource,
  options: CaptureSamplesOptions,
): CaptureSamples {
  checkOptions(options);
  const reader = openCapture(source, options.name === undefined ? {} : { name: options.name });
  const recorder = new SampleRecorder(reader.name, options);
  return {
    async *[Symbol.asyncIterator]() {
      for await (const _count of reader.pieces((packet) => recorder.packet(packet))) {
        yield* recorder.take();
      }
      recorder.end();
      yield* recorder.take();
    },
    summary: () => ({
      ...recorder.summary(),
      format: reader.format,
      notes: [...reader.notes, ...recorder.notes()],
      truncated: reader.truncated,
    }),
  };
}

function checkOptions({ bootGapUs, bootTimesUs }: CaptureSamplesOptions): void {
  if (bootGapUs !== undefined && !(Number.isFinite(bootGapUs) && bootGapUs > 0)) {
    throw new UsageError(
      "bad-boot-time",
      `a boot gap of ${bootGapUs} µs cannot be looked for`,
      "give a gap above 0, such as 2s",
    );
  }
  const bad = bootTimesUs?.find((time) => !Number.isFinite(time) || time < 0);
  if (bad !== undefined) {
    throw new UsageError(
      "bad-boot-time",
      `${bad} µs is not a time at which a device can boot`,
      "give times since the first packet, or since 1970, from 0 up",
    );
  }
}
