/** connection-refused: a RST answers the SYN as it must: nobody listens on that port. */
import { formatDurationUs } from "../../core/duration.ts";
import type { Diagnosis } from "../diagnosis.ts";
import { connectionFilter, connectionOf, plural, serverOf } from "../wording.ts";

/** So many boots whose first attempt was refused, while others got through, are no accident. */
const BOOTS_MIN = 2;
const FIRSTS_MAX = 4096;

interface AfterBoots {
  refused: number;
  connected: number;
}

export const connectionRefused: Diagnosis = {
  id: "connection-refused",
  severity: "information",
  title: "nobody listens on the port: the server refuses with RST",
  explanation:
    "A RST that acknowledges the SYN says that the port is closed. It leaves nothing at the server, so the client may send the same SYN again, with the same number; some do so twice, half a second apart. If it is always the first attempt after a boot that is refused, while later ones get through, the server still has a rest of the connection from before the boot: Linux refuses a SYN that falls into the window of an orphaned FIN_WAIT_2 or a SYN_RECV.",
  clause: "RFC 9293 §3.5.2 and §3.10.7.1",
  remedy:
    "start the service, or connect later; where it follows each boot, take a port that was not used before the boot, and try once more after the first refusal",
  start(report, context) {
    const firsts = new Map<string, AfterBoots>();
    const bootOf = new Map<string, number>();
    /** Frames of the openings that were the first after a boot, while they are unanswered. */
    const firstFrames = new Set<number>();
    const afterBoots = (client: string) => {
      const known = firsts.get(client) ?? { refused: 0, connected: 0 };
      firsts.set(client, known);
      return known;
    };
    return {
      opened({ flow, at }) {
        const client = flow.clientAddress();
        const bootUs = context.lastBootUs(client);
        if (bootUs === undefined || bootOf.get(client) === bootUs) return;
        bootOf.set(client, bootUs);
        afterBoots(client);
        if (firstFrames.size < FIRSTS_MAX) firstFrames.add(at.frame);
      },
      connected({ flow, attempt }) {
        if (firsts.size === 0) return;
        firstFrames.delete(attempt.openedFrame);
        const after = firsts.get(flow.clientAddress());
        if (after) after.connected += 1;
      },
      failed({ flow, attempt }) {
        if (attempt.refusals === 0) return;
        const client = flow.clientAddress();
        const after = afterBoots(client);
        if (firstFrames.delete(attempt.openedFrame)) after.refused += 1;
        const isFault = after.refused >= BOOTS_MIN && after.connected >= BOOTS_MIN;
        report({
          group: `${client} ${flow.serverAddress()}`,
          ...(isFault ? { severity: "fault", revises: true, blames: client } : {}),
          confidence: isFault ? "likely" : "certain",
          summary: isFault
            ? `${serverOf(flow)} refuses the first connection of ${client} after each boot (${after.refused} boots), and takes later ones`
            : `${serverOf(flow)} refuses ${connectionOf(flow)} with RST: nobody listens there`,
          detail: `${plural(attempt.syns, "SYN")} with number ${attempt.client.isn} in ${formatDurationUs(attempt.synUs - attempt.openedUs)}, ${plural(attempt.refusals, "RST")} that ${attempt.refusals === 1 ? "acknowledges" : "acknowledge"} it: one attempt, of which nothing is left at the server.`,
          frames: [attempt.openedFrame, attempt.refusedFrame],
          timeUs: attempt.refusedUs,
          connection: connectionOf(flow),
          host: client,
          filter: `${connectionFilter(flow)} && (tcp.flags.syn == 1 || tcp.flags.reset == 1)`,
        });
      },
    };
  },
};
