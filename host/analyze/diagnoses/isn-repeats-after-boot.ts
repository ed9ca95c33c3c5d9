/** isn-repeats-after-boot: after a restart the host chooses the same ISNs in the same order. */
import { formatDurationUs } from "../../core/duration.ts";
import type { Diagnosis } from "../diagnosis.ts";
import { absolute, synFilter } from "../wording.ts";

export const isnRepeatsAfterBoot: Diagnosis = {
  id: "isn-repeats-after-boot",
  severity: "fault",
  title: "the ISNs start over after each boot",
  explanation:
    "ISNs from a counter, an uptime clock or a generator with a fixed seed come again after each restart. With the same port the server, in TIME_WAIT or half-open, refuses the connection; and an old segment that still travels fits the new connection.",
  clause: "RFC 9293 §3.4.1 and §3.4.3, RFC 6528 §3",
  remedy:
    "persist a ceiling of the ISN clock and write a higher one before it is reached; after a boot go on from the ceiling; keep one hash key for the device's life",
  start: (report) => ({
    booted({ host, evidence, confidence, repeats, timeUs, lastBeforeUs }) {
      const [first] = repeats;
      if (!evidence.includes("isns-repeat") || !first) return;
      const isns = repeats.map(({ later }) => later.isn).join(", ");
      const agoUs = first.later.timeUs - first.earlier.timeUs;
      report({
        group: host,
        confidence,
        blames: host,
        summary: `${host} starts over with the same ISNs after a restart: ${isns}, …`,
        detail: `ISN ${absolute(first.later.isn)} of frame ${first.later.frame} was used ${formatDurationUs(agoUs)} before in frame ${first.earlier.frame}, and the next ones follow in the same order.`,
        frames: repeats.flatMap(({ earlier, later }) => [earlier.frame, later.frame]),
        timeUs,
        ...(lastBeforeUs === undefined ? {} : { elapsedUs: timeUs - lastBeforeUs }),
        numbers: repeats.map(({ later }) => ({
          name: "ISN",
          value: later.isn,
          frame: later.frame,
        })),
        distance: 0,
        host,
        filter: synFilter(host, false),
      });
    },
  }),
};
