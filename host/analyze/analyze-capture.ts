/** Analyses a capture from a file or a stream. */
import { type CaptureSource, openCapture } from "../capture/capture-reader.ts";
import type { CaptureNote } from "../capture/packet.ts";
import { EvidenceError } from "../core/errors.ts";
import { Analysis, type AnalysisOptions, type AnalysisResult } from "./analysis.ts";

export interface CaptureAnalysis extends AnalysisResult {
  readonly name: string;
  readonly format: "pcap" | "pcapng" | undefined;
  /** The capture is cut short: nothing found is not a clean bill. */
  readonly truncated: boolean;
}

export interface AnalyzeOptions extends AnalysisOptions {
  readonly name?: string;
  /** Called between batches of packets; return true to stop and judge what was read. */
  readonly pause?: (progress: Analysis["progress"]) => Promise<boolean> | boolean;
}

/**
 * Reads the capture to its end and gives the findings. Throws UsageError as `CaptureReader` does,
 * and EvidenceError `capture-no-tcp` if nothing that could be judged is in it.
 */
export async function analyzeCapture(
  source: CaptureSource,
  options: AnalyzeOptions = {},
): Promise<CaptureAnalysis> {
  const reader = openCapture(source, options.name === undefined ? {} : { name: options.name });
  const analysis = new Analysis(options);
  let stopped = false;
  for await (const _count of reader.pieces((packet) => analysis.packet(packet))) {
    stopped = (await options.pause?.(analysis.progress)) === true;
    if (stopped) break;
  }
  analysis.end();
  const result = analysis.result();
  if (result.counts.analysed === 0 && !stopped) throw nothingToJudge(reader.name, result);
  const readerNotes = reader.notes.map((note: CaptureNote) => note.message);
  return {
    ...result,
    notes: [...readerNotes, ...result.notes],
    name: reader.name,
    format: reader.format,
    truncated: reader.truncated,
  };
}

function nothingToJudge(name: string, { counts }: AnalysisResult): EvidenceError {
  if (counts.tcpPackets > 0) {
    return new EvidenceError(
      "capture-filtered-out",
      `${name} has ${counts.tcpPackets} TCP packets, and the filter lets none of them through`,
      "widen --host, --port, --connection, --from and --to, or leave them out",
    );
  }
  return new EvidenceError(
    "capture-no-tcp",
    `${name} has ${counts.packets} packets, and none of them can be read as TCP`,
    "record the device's TCP traffic, headers whole: tcpdump -s 128 -w FILE tcp or arp",
  );
}
