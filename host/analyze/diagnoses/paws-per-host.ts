/** paws-per-host: the server compares the TSval of a SYN with the last one of the whole address. */
import type { Diagnosis } from "../diagnosis.ts";
import { isBelowHighest, isPawsPerHost, type PawsEvidence } from "../host-timestamps.ts";
import { silenceOf } from "../silence.ts";
import { connectionOf, field, plural } from "../wording.ts";

const GROUPS_MAX = 100;
/** By chance so many agree once in 1024. */
const SURE_MIN = 10;

interface Dropped {
  readonly client: string;
  readonly server: string;
  readonly evidence: PawsEvidence;
  readonly connection: string;
  readonly frames: number[];
  readonly timeUs: number;
  readonly tsval: number;
  readonly tsvalFrame: number;
  readonly highest: number;
}

export const pawsPerHost: Diagnosis = {
  id: "paws-per-host",
  severity: "fault",
  title: "the server drops each SYN whose timestamp is below the last one of the client's address",
  explanation:
    "Linux before 4.12 with net.ipv4.tcp_tw_recycle=1 keeps the last TSval of an address, not of a connection, and drops each SYN with a lower one in silence. Timestamps are only comparable within a 4-tuple: a device whose offset differs for each tuple, as RFC 7323 §5.4 advises, and any two devices behind one NAT, are then served or dropped by chance.",
  clause: "RFC 7323 §5.4 and appendix B, RFC 6191 §2",
  remedy:
    "at the server: switch it off (sysctl -w net.ipv4.tcp_tw_recycle=0; it is gone since Linux 4.12); where the server cannot be changed, leave timestamps off at the device",
  start(report, context) {
    const dropped = new Map<string, Dropped>();
    return {
      failed(event) {
        const { flow, attempt, at } = event;
        if (silenceOf(event) === undefined) return;
        const evidence = context.pawsOf(flow);
        const { synTsval: tsval, hostTsval: highest } = attempt;
        if (!evidence || !isBelowHighest(attempt)) return;
        if (tsval === undefined || highest === undefined) return;
        const [client, server] = [flow.clientAddress(), flow.serverAddress()];
        const known = dropped.get(`${client} ${server}`);
        if (known) {
          if (known.frames.length < 12) known.frames.push(attempt.openedFrame);
          return;
        }
        if (dropped.size >= GROUPS_MAX) return;
        dropped.set(`${client} ${server}`, {
          client,
          server,
          evidence,
          connection: connectionOf(flow),
          frames: [attempt.openedFrame],
          timeUs: at.timeUs,
          tsval,
          tsvalFrame: attempt.openedFrame,
          highest,
        });
      },
      finish() {
        for (const one of dropped.values()) {
          const { client, server, evidence, frames } = one;
          if (!isPawsPerHost(evidence)) continue;
          const { droppedBehind, acceptedAhead, droppedAhead, acceptedBehind } = evidence;
          const others = droppedAhead + acceptedBehind;
          const isSure = others === 0 && droppedBehind + acceptedAhead >= SURE_MIN;
          const except = others === 0 ? "" : `, but for ${others} of which packets may be missing`;
          report({
            group: `${client} ${server}`,
            confidence: isSure ? "certain" : "likely",
            blames: server,
            summary: `${server} drops each SYN of ${client} whose TSval is below the highest one of that address so far, whatever the connection (PAWS per host, tcp_tw_recycle)`,
            detail: `${others === 0 ? "All " : ""}${plural(droppedBehind, "attempt")} without an answer had a TSval below it, and ${others === 0 ? "all " : ""}${acceptedAhead} that were accepted after the first had one above${except}.`,
            frames,
            timeUs: one.timeUs,
            count: droppedBehind,
            numbers: [
              { name: "highest TSval before", value: one.highest },
              { name: "TSval of the first dropped SYN", value: one.tsval, frame: one.tsvalFrame },
            ],
            connection: one.connection,
            host: client,
            filter: `${field(client)}.src == ${client} && tcp.flags.syn == 1 && tcp.flags.ack == 0`,
            settle: `sysctl net.ipv4.tcp_tw_recycle at ${server}, or nstat TcpExtPAWSPassive there while it fails`,
          });
        }
      },
    };
  },
};
