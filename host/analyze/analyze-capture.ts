/** Analyses a capture from a file or a stream. */
import { type CaptureSource, openCapture } from "../capture/capture-reader.ts";
import type { CaptureNote } from "../capture/packet.ts";
import { formatDurationUs } from "../core/duration.ts";
import { EvidenceError, UsageError } from "../core/errors.ts";
import { grouped, plural } from "../core/plural.ts";
import {
  Analysis,
  type AnalysisCounts,
  type AnalysisOptions,
  type AnalysisResult,
} from "./analysis.ts";

export interface CaptureAnalysis extends AnalysisResult {
  readonly name: string;
  readonly format: "pcap" | "pcapng" | undefined;
  /** The capture is cut short or damaged: nothing found is not a clean bill. */
  readonly truncated: boolean;
}

export interface AnalyzeOptions extends AnalysisOptions {
  readonly name?: string;
  /** Called between batches of packets; return true to stop and judge what was read. */
  readonly pause?: (progress: Analysis["progress"]) => Promise<boolean> | boolean;
}

/**
 * Reads the capture to its end and gives the findings. Throws UsageError as `CaptureReader` does,
 * but a damaged place behind whole packets only ends the reading, as if the capture were cut there;
 * and EvidenceError `capture-no-tcp` if nothing that could be judged is in it.
 */
export async function analyzeCapture(
  source: CaptureSource,
  options: AnalyzeOptions = {},
): Promise<CaptureAnalysis> {
  const reader = openCapture(source, options.name === undefined ? {} : { name: options.name });
  const analysis = new Analysis(options);
  let stopped = false;
  let damage: UsageError | undefined;
  try {
    for await (const _count of reader.pieces((packet) => analysis.packet(packet))) {
      stopped = (await options.pause?.(analysis.progress)) === true;
      if (stopped) break;
    }
  } catch (error) {
    if (!isDamage(error) || analysis.progress.packets === 0) throw error;
    damage = error;
  }
  analysis.end();
  const result = analysis.result();
  if (result.counts.analysed === 0 && !stopped) {
    throw damage ?? nothingToJudge(reader.name, result, analysis.passedOver);
  }
  const readerNotes = reader.notes.map((note: CaptureNote) => note.message);
  if (damage) readerNotes.push(`${damage.message}; what followed was not read`);
  return {
    ...result,
    notes: [...readerNotes, ...result.notes],
    name: reader.name,
    format: reader.format,
    truncated: reader.truncated || damage !== undefined,
  };
}

/** The packets before a damaged place are sound, and a fault in them is one. */
function isDamage(error: unknown): error is UsageError {
  return (
    error instanceof UsageError &&
    (error.code === "capture-bad-length" || error.code === "capture-bad-gzip")
  );
}

function nothingToJudge(
  name: string,
  result: AnalysisResult,
  passedOver: readonly string[],
): EvidenceError {
  const { counts, firstUs = 0, lastUs = 0 } = result;
  if (counts.tcpPackets > 0) {
    const [some, few] = [passedOver.join(", "), passedOver.length === 1];
    return new EvidenceError(
      "capture-filtered-out",
      `${name} has ${plural(counts.tcpPackets, "TCP packet")}, and the filter lets none of them through`,
      `widen or leave out the filter; the capture covers ${formatDurationUs(lastUs - firstUs)}, and ${few ? "its connection is" : "among its connections are"} ${some}`,
    );
  }
  if (counts.packets === 0) {
    return new EvidenceError(
      "capture-no-tcp",
      `${name} has no packet in it: the recording was started, and nothing was seen`,
      "check the interface and the capture filter, and record while the device is at work",
    );
  }
  return new EvidenceError(
    "capture-no-tcp",
    `${name} has ${plural(counts.packets, "packet")}, and ${counts.packets === 1 ? "it cannot" : "none of them can"} be read as TCP${reasons(counts)}`,
    "record the device's TCP traffic, headers whole: tcpdump -s 128 -w FILE tcp or arp",
  );
}

function reasons(counts: AnalysisCounts): string {
  const { packets, unreadable, cut, laterFragments, tunnelled } = counts;
  const other = packets - unreadable - laterFragments - tunnelled;
  const parts = [
    ...(cut > 0 ? [`${grouped(cut)} cut before the end of the TCP header`] : []),
    ...(unreadable > cut ? [`${grouped(unreadable - cut)} that contradict themselves`] : []),
    ...(laterFragments > 0 ? [`${plural(laterFragments, "later IP fragment")}`] : []),
    ...(tunnelled > 0 ? [`${grouped(tunnelled)} in tunnels that cannot be followed`] : []),
    ...(other > 0 ? [`${grouped(other)} of other protocols`] : []),
  ];
  return ` (${parts.join(", ")})`;
}
