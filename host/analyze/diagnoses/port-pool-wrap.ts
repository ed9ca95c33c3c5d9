/** port-pool-wrap: the client's ports come round again while the far side may be in TIME_WAIT. */
import { formatDurationUs } from "../../core/duration.ts";
import type { Diagnosis } from "../diagnosis.ts";
import { PortUse } from "../port-use.ts";
import { destinationFilter, endpointText, grouped, plural } from "../wording.ts";

/** Fewer reuses than this are an application that binds its port, not a pool. */
const REUSES_MIN = 3;
const DESTINATIONS_MAX = 512;
/**
 * So many are told while the capture still runs: a restart that shows a moment later takes back two
 * at most (RUN_MIN in restarts.ts). Told again with each doubling, and with the first refusal.
 */
const REUSES_TOLD_MIN = REUSES_MIN + 2;

export const portPoolWrap: Diagnosis = {
  id: "port-pool-wrap",
  severity: "fault",
  title: "the pool of source ports wraps within the TIME_WAIT of the far side",
  explanation:
    "The ports that a client (or the NAT in front of it) takes for one destination are used up and start over while the server still holds the old connections in TIME_WAIT. A new connection then works only if its number happens to be ahead: with random ISNs half of them fail.",
  clause: "RFC 6056 §2.1 and §3.1, RFC 9293 §3.4.1",
  remedy:
    "use the whole range 1024-65535 (or at least connections per second × 240 s ports for each destination), or keep the ISN of a 4-tuple going forward; fewer, longer connections help too",
  start(report, context) {
    const uses: PortUse[] = [];
    const byClient = new Map<string, PortUse[]>();
    const useOf = (client: string, server: string, port: number) => {
      const own = byClient.get(client);
      const known = own?.find((use) => use.serverPort === port && use.server === server);
      if (known || uses.length >= DESTINATIONS_MAX) return known;
      const use = new PortUse(client, server, port);
      uses.push(use);
      byClient.set(client, [...(own ?? []), use]);
      return use;
    };
    const tell = (use: PortUse) => {
      const server = endpointText(use.server, use.serverPort);
      const range =
        use.distinct === 1
          ? `the one port ${use.lowest}`
          : `${grouped(use.distinct)} ports (${use.lowest}-${use.highest})`;
      report({
        group: `${use.client} ${server}`,
        revises: true,
        severity: use.refused > 0 ? "fault" : "information",
        confidence: "certain",
        ...(use.refused > 0 ? { blames: use.client } : {}),
        summary: `${use.client} uses only ${range} towards ${server}, and comes round every ${formatDurationUs(use.wrapUs)}, within the TIME_WAIT of the server`,
        detail: `${plural(use.openings, "connection")} took ${range}; ${plural(use.reuses, "opening")} used a port whose last connection ended less than ${formatDurationUs(context.twoMslUs)} before, and ${grouped(use.refused)} of them ${use.refused === 1 ? "was" : "were"} refused.`,
        frames: use.frames,
        timeUs: use.firstReuseUs,
        elapsedUs: use.wrapUs,
        numbers: [
          { name: "ports", value: use.distinct },
          { name: "lowest port", value: use.lowest },
          { name: "highest port", value: use.highest },
          { name: "reuses", value: use.reuses },
          { name: "refused", value: use.refused },
        ],
        host: use.client,
        filter: `${destinationFilter(use.client, use.server, use.serverPort)} && tcp.flags.syn == 1 && tcp.flags.ack == 0`,
      });
    };
    const tellIfDue = (use: PortUse) => {
      if (use.reuses < REUSES_TOLD_MIN) return;
      const isNewFault = use.refused > 0 && use.refusedTold === 0;
      if (use.reuses < 2 * use.reusesTold && !isNewFault) return;
      use.reusesTold = use.reuses;
      use.refusedTold = use.refused;
      tell(use);
    };
    return {
      opened({ flow, previous, at }) {
        const use = useOf(flow.clientAddress(), flow.serverAddress(), flow.serverPort);
        if (!use) return;
        use.opened(flow.clientPort, at.timeUs);
        // A stack that runs on does not open what it holds open: that is a restart.
        if (!previous?.closed) return;
        const agoUs = at.timeUs - previous.lastUs;
        const client = flow.clientAddress();
        if (agoUs >= context.twoMslUs || context.isRestarting(client)) return;
        if ((context.lastBootUs(client) ?? 0) > previous.lastUs) return;
        // Between openings, whether they succeed or not.
        const beforeUs = flow.earlierOpenedUs || previous.openedUs;
        use.reused(at.timeUs - beforeUs, at.frame, at.timeUs);
        tellIfDue(use);
      },
      booted({ host, repeats }) {
        for (const use of byClient.get(host) ?? []) use.explained(repeats.length);
      },
      challenged({ flow, previous }) {
        if (!previous?.closed) return;
        const use = useOf(flow.clientAddress(), flow.serverAddress(), flow.serverPort);
        if (!use) return;
        use.refused += 1;
        tellIfDue(use);
      },
      finish() {
        for (const use of uses) if (use.reuses >= REUSES_MIN) tell(use);
      },
    };
  },
};
