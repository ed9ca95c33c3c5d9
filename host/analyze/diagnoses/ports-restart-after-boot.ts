/** ports-restart-after-boot: after a restart the host takes the same ports in the same order. */
import type { Diagnosis } from "../diagnosis.ts";
import { plural, synFilter } from "../wording.ts";

const SETTLE =
  "a capture with the ARP and DHCP packets of the host, or its serial console, shows whether it restarted";

export const portsRestartAfterBoot: Diagnosis = {
  id: "ports-restart-after-boot",
  severity: "fault",
  title: "the source ports start over after each boot",
  explanation:
    "A port allocator that starts at a fixed port (or with a fixed seed) meets, after each restart, the connections that the server still holds from before. Only a port that was not used before avoids that altogether.",
  clause: "RFC 6056 §3.1, RFC 9293 §3.4.3",
  remedy:
    "persist a port counter (written ahead, a few ports at a time), and permute it with a key",
  start: (report) => ({
    booted({ host, evidence, confidence, repeats, timeUs }) {
      if (!evidence.includes("ports-repeat")) return;
      const ports = [...new Set(repeats.map(({ later }) => later.port))];
      report({
        group: host,
        confidence,
        // After a pause alone an application that binds its ports looks the same.
        ...(confidence === "possible" ? { severity: "information" } : { blames: host }),
        summary:
          ports.length === 1
            ? `${host} takes the source port ${ports[0]} first after each restart`
            : `${host} starts over with the same source ports after a restart: ${ports.join(", ")}, …`,
        detail: `The openings in frames ${repeats.map(({ later }) => later.frame).join(", ")} repeat the ports of frames ${repeats.map(({ earlier }) => earlier.frame).join(", ")} (${plural(repeats.length, "opening")} so far).`,
        frames: repeats.flatMap(({ earlier, later }) => [earlier.frame, later.frame]),
        timeUs,
        numbers: repeats.map(({ later }) => ({
          name: "port",
          value: later.port,
          frame: later.frame,
        })),
        host,
        ...(confidence === "certain" ? {} : { settle: SETTLE }),
        filter: synFilter(host, false),
      });
    },
  }),
};
