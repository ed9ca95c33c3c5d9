/**
 * Turns a capture into the stream of samples that the rules judge (host/core/sample.ts): what a
 * device's SYNs, data and resets tell of its numbers, with the boots found on the way.
 */

import { type CaptureSource, openCapture } from "../../capture/capture-reader.ts";
import { UsageError } from "../../core/errors.ts";
import type { Sample } from "../../core/sample.ts";
import type { CaptureSamplesOptions, CaptureSummary } from "./capture-summary.ts";
import { SampleRecorder } from "./sample-recorder.ts";

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
