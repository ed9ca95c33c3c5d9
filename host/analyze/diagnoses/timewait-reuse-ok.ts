/** timewait-reuse-ok: a 4-tuple was used again while the server was in TIME_WAIT, and it worked. */
import { formatDurationUs } from "../../core/duration.ts";
import { serialAdd, serialDistance } from "../../core/serial.ts";
import type { Half } from "../../tracking/half.ts";
import type { Diagnosis } from "../diagnosis.ts";
import { absolute, connectionFilter, connectionOf, serverOf, signed } from "../wording.ts";

/** Linux opens TIME_WAIT anew with the ISN S + 65537 (tcp_timewait_state_process, tw_snd_nxt + 65535 + 2). */
const LINUX_STEP = 65_537;
const LINUX_TIME_WAIT_US = 62_000_000;

export const timewaitReuseOk: Diagnosis = {
  id: "timewait-reuse-ok",
  severity: "information",
  title: "a connection in TIME_WAIT was opened anew, as the standards allow",
  explanation:
    "A SYN that is newer than the old connection, by its number or by its timestamp, may open a 4-tuple that is in TIME_WAIT at the server. This is the good case.",
  clause: "RFC 9293 §3.10.7.4, RFC 6191 §2, RFC 1122 §4.2.2.13",
  remedy: "nothing to do",
  start: (report) => ({
    connected({ flow, attempt, previous, at, segment }) {
      if (!previous?.bothFins || previous.resetBy !== undefined) return;
      if (previous.closedFirst !== "server" || attempt.challenges > 0) return;
      const { client, server } = previous;
      const isn = attempt.client.isn ?? 0;
      const distance = serialDistance(client.next, isn);
      const elapsedUs = attempt.openedUs - previous.lastUs;
      const isLinux = segment.sequence === serialAdd(server.next, LINUX_STEP);
      const byTimestamp = distance <= 0;
      // Neither number nor timestamp is newer: TIME_WAIT had run out, and nothing was opened anew.
      if (byTimestamp && !isNewerTimestamp(client, attempt.synTsval)) return;
      const why = byTimestamp
        ? `its number is not ahead (${signed(distance)}); its newer timestamp opened it. The number rule is broken all the same: an old segment would fit the new connection`
        : `its ISN is ${signed(distance)} from the last number used`;
      report({
        group: `${flow.clientAddress()} ${serverOf(flow)} ${byTimestamp}`,
        ...(byTimestamp ? { blames: flow.clientAddress() } : {}),
        confidence: isLinux || elapsedUs < LINUX_TIME_WAIT_US ? "certain" : "possible",
        summary: `${serverOf(flow)} opened ${connectionOf(flow)} anew ${formatDurationUs(elapsedUs)} after the last connection: ${why}`,
        detail: isLinux
          ? `The server's ISN ${absolute(segment.sequence)} is its last number + 65,537: Linux leaving TIME_WAIT.`
          : "The server closed first, so it was in TIME_WAIT unless that had run out.",
        frames: [previous.lastFrame, attempt.openedFrame, at.frame],
        timeUs: attempt.openedUs,
        numbers: [
          { name: "last number used + 1", value: client.next, frame: previous.lastFrame },
          { name: "new ISN", value: isn, frame: attempt.openedFrame },
          { name: "server's new ISN", value: segment.sequence, frame: at.frame },
        ],
        distance,
        elapsedUs,
        connection: connectionOf(flow),
        host: flow.clientAddress(),
        filter: connectionFilter(flow),
      });
    },
  }),
};

function isNewerTimestamp({ hasTsval, tsval }: Half, synTsval: number | undefined): boolean {
  return hasTsval && synTsval !== undefined && serialDistance(tsval, synTsval) > 0;
}
