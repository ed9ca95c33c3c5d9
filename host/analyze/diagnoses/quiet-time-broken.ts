/** quiet-time-broken: a host that forgot its numbers connects before old segments can have died. */
import { formatDurationUs } from "../../core/duration.ts";
import type { Diagnosis } from "../diagnosis.ts";
import { synFilter } from "../wording.ts";

export const quietTimeBroken: Diagnosis = {
  id: "quiet-time-broken",
  severity: "fault",
  title: "numbers were forgotten in a restart, and no quiet time was kept",
  explanation:
    "A host that does not remember which sequence numbers it used must wait one maximum segment lifetime (2 minutes) after a restart before it sends any, or old segments can be taken for new ones.",
  clause: "RFC 9293 §3.4.3, RFC 6528 §3",
  remedy:
    "remember the numbers (a persisted ceiling), or send nothing for 2 × MSL after the memory was lost",
  start: (report, context) => ({
    booted({ host, evidence, confidence, repeats, lastBeforeUs }) {
      const [first] = repeats;
      if (!evidence.includes("isns-repeat") || !first || lastBeforeUs === undefined) return;
      const quietUs = first.later.timeUs - lastBeforeUs;
      const mslUs = context.twoMslUs / 2;
      if (quietUs >= mslUs) return;
      report({
        group: host,
        confidence,
        blames: host,
        summary: `${host} forgot its sequence numbers in a restart and connected ${formatDurationUs(quietUs)} after its last packet, without the quiet time of ${formatDurationUs(mslUs)}`,
        detail: `Its ISNs start over in frame ${first.later.frame}, while segments with the numbers of frame ${first.earlier.frame} and later may still travel.`,
        frames: [first.earlier.frame, first.later.frame],
        timeUs: first.later.timeUs,
        elapsedUs: quietUs,
        host,
        filter: synFilter(host, false),
      });
    },
  }),
};
