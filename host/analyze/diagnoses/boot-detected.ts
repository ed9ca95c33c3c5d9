/** boot-detected: the packets show that a host restarted. */
import { formatDurationUs } from "../../core/duration.ts";
import type { BootEvidence, FoundBoot } from "../../tracking/found-boot.ts";
import type { Diagnosis } from "../diagnosis.ts";
import { synFilter } from "../wording.ts";

const WORDS: Readonly<Record<BootEvidence, string>> = {
  "arp-probe": "it probes for its own address by ARP",
  "dhcp-request": "it asks for its address by DHCP",
  "duplicate-address-detection": "it probes for its own address (duplicate address detection)",
  "timestamp-restart": "its timestamp clock starts over",
  "forgotten-connection": "it opens a connection anew that it has never closed",
  "ports-repeat": "its source ports start over in the same order",
  "isns-repeat": "its ISNs start over in the same order",
};

export const bootDetected: Diagnosis = {
  id: "boot-detected",
  severity: "information",
  title: "a host restarted",
  explanation:
    "A host that restarts asks for its address anew, forgets its connections, and what it did not keep starts over: its timestamp clock, its ports, its ISNs. A timestamp clock, a connection or a packet counter that runs on shows that it did not restart. What rests on a restart is no surer than the restart.",
  clause: "RFC 5227 §2.1.1, RFC 2131 §4.3.2, RFC 4862 §5.4.2, RFC 7323 §5.4",
  remedy: "nothing to do; what the restart broke is told apart",
  start: (report) => ({
    booted(boot) {
      if (boot.toldBefore) return;
      report({
        group: boot.host,
        confidence: boot.confidence,
        summary: `${boot.host} restarted before frame ${boot.frame}: ${boot.evidence.map((one) => WORDS[one]).join(", and ")}`,
        detail: detailOf(boot),
        frames: [boot.frame],
        timeUs: boot.timeUs,
        ...(boot.lastBeforeUs === undefined ? {} : { elapsedUs: boot.timeUs - boot.lastBeforeUs }),
        ...(boot.timestamps === undefined
          ? {}
          : {
              numbers: [
                { name: "last TSval", value: boot.timestamps.before },
                { name: "new TSval", value: boot.timestamps.after, frame: boot.timestamps.frame },
              ],
            }),
        host: boot.host,
        filter: synFilter(boot.host, false),
      });
    },
  }),
};

function detailOf({ timeUs, lastBeforeUs, timestamps }: FoundBoot): string {
  const silence =
    lastBeforeUs === undefined
      ? "Nothing of it was seen before."
      : `It had been silent for ${formatDurationUs(timeUs - lastBeforeUs)}.`;
  if (!timestamps) return silence;
  return `${silence} TSval ${timestamps.before} was followed by ${timestamps.after}.`;
}
