/** How often the servers of a capture refused a SYN. */
import type { CaptureSource } from "../capture/capture-reader.ts";
import { analyzeCapture } from "./analyze-capture.ts";

/** Answers to a SYN that refuse it: an ACK of something else, or a RST. Throws as `analyzeCapture`. */
export async function serverRefusals(source: CaptureSource): Promise<number> {
  let refusals = 0;
  await analyzeCapture(source, {
    onConnection: (row) => {
      const isReset = row.connectedUs === undefined && row.resetBy === "server";
      refusals += row.challenges + row.wrongAcks + (isReset ? 1 : 0);
    },
  });
  return refusals;
}
