/** syn-ignored: SYNs without any answer, and what the capture knows of the reason. */
import { formatDurationUs } from "../../core/duration.ts";
import { serialDistance } from "../../core/serial.ts";
import type { Flow } from "../../tracking/flow.ts";
import { isWholeToItsEnd } from "../../tracking/peer-state.ts";
import type { Diagnosis, FindingDraft } from "../diagnosis.ts";
import { isBelowHighest, isPawsPerHost, type PawsEvidence } from "../host-timestamps.ts";
import { type FailedAttempt, isDroppedOnTheWay, silenceOf } from "../silence.ts";
import { connectionFilter, connectionOf, plural, serverOf } from "../wording.ts";

/** SYNs that may yet turn out to be dropped by PAWS per host are kept so long. */
const KEPT_MAX = 1000;

type Why = Pick<FindingDraft, "confidence" | "settle" | "blames"> & {
  readonly kind: string;
  readonly words: string;
};

export const synIgnored: Diagnosis = {
  id: "syn-ignored",
  severity: "fault",
  title: "the server does not answer the SYN at all",
  explanation:
    "A SYN without SYN-ACK, ACK or RST was lost, filtered, or dropped in silence. A server that still holds the connection open must answer with an ACK (RFC 9293 §3.10.7.4, RFC 5961 §4). FreeBSD drops a SYN that hits its TIME_WAIT in silence unless its number is ahead; firewalls and full accept queues drop SYNs too.",
  clause: "RFC 9293 §3.10.7.2 and §3.10.7.4, RFC 5961 §4",
  remedy:
    "take a fresh port and a forward ISN for the next attempt; if that fails too, look for a filter on the way",
  start(report, context) {
    const told = new Map<string, { pair: string; draft: FindingDraft; count: number }>();
    const paws = new Set<string>();
    const kept: { pair: string; evidence: PawsEvidence | undefined; draft: FindingDraft }[] = [];
    return {
      failed(event) {
        const { flow, attempt, at } = event;
        const waitedUs = silenceOf(event);
        if (waitedUs === undefined || isDroppedOnTheWay(event, context.twoMslUs)) return;
        const heard = context.heardFrom(flow, "server");
        const reason = reasonOf(event, context.twoMslUs);
        const { kind, words, ...why } = heard
          ? reason
          : unheard(flow.serverAddress(), reason.words);
        const draft: FindingDraft = {
          group: `${flow.clientAddress()} ${serverOf(flow)} ${kind}`,
          ...why,
          summary: `${serverOf(flow)} does not answer ${connectionOf(flow)}: ${plural(attempt.syns, "SYN")} in ${formatDurationUs(waitedUs)}, no answer`,
          detail: `${attempt.syns} SYNs with number ${attempt.client.isn} stayed without SYN-ACK, ACK and RST; ${words}.`,
          frames: [attempt.openedFrame, attempt.synFrame],
          timeUs: at.timeUs,
          elapsedUs: waitedUs,
          connection: connectionOf(flow),
          host: flow.clientAddress(),
          filter: connectionFilter(flow),
        };
        const evidence = context.pawsOf(flow);
        if (isBelowHighest(attempt) && kept.length < KEPT_MAX) {
          kept.push({ pair: pairOf(flow), evidence, draft });
          return;
        }
        report(draft);
        if (evidence === undefined && attempt.synTsval === undefined) return;
        const known = told.get(draft.group);
        if (known) known.count += 1;
        else if (told.size < KEPT_MAX)
          told.set(draft.group, { pair: pairOf(flow), draft, count: 1 });
      },
      finish() {
        for (const { pair, evidence, draft } of kept) {
          if (!evidence || !isPawsPerHost(evidence)) report(draft);
          else paws.add(pair);
        }
        // The same server drops others by PAWS per host, and what it took before may not be in the capture.
        for (const { pair, draft, count } of told.values()) {
          if (paws.has(pair)) report({ ...draft, count, revises: true, confidence: "possible" });
        }
      },
    };
  },
};

function pairOf(flow: Flow): string {
  return `${flow.clientAddress()} ${flow.serverAddress()}`;
}

/** Without one packet from that side the capture may show one direction only. */
function unheard(server: string, words: string): Why {
  return {
    kind: "unheard",
    confidence: "possible",
    words,
    settle: `nothing at all from ${server} is in the capture: one taken at the server shows whether the SYN arrives`,
  };
}

function reasonOf({ flow, attempt, previous }: FailedAttempt, twoMslUs: number): Why {
  if (!previous) {
    return {
      kind: "alone",
      confidence: "certain",
      words: "no earlier connection of the same 4-tuple is in the capture",
    };
  }
  const frames = `frames ${previous.openedFrame} to ${previous.lastFrame}`;
  if (!previous.closed && !isWholeToItsEnd(previous)) {
    return {
      kind: "lost",
      confidence: "possible",
      words: `the end of the last connection of the same 4-tuple (${frames}) is not in the capture`,
      settle: "a capture that misses no packets shows how the last connection ended",
    };
  }
  if (!previous.closed) {
    return {
      kind: "open",
      confidence: "likely",
      blames: flow.serverAddress(),
      words: `the last connection of the same 4-tuple (${frames}) was never closed, so the server should still hold it, half-open, and must answer with an ACK (RFC 5961 §4)`,
      settle:
        "a capture at the server shows whether the SYN arrives; if it does, the server breaks RFC 9293 §3.10.7.4",
    };
  }
  const agoUs = attempt.openedUs - previous.lastUs;
  const isBehind = serialDistance(previous.client.next, attempt.client.isn ?? 0) <= 0;
  const isTimeWait = previous.bothFins && previous.closedFirst === "server" && agoUs < twoMslUs;
  if (isTimeWait && previous.resetBy === undefined && isBehind) {
    return {
      kind: "time-wait",
      confidence: "likely",
      words: `the server closed the last connection of the same 4-tuple first (${frames}, ${formatDurationUs(agoUs)} before) and the ISN is not ahead of it, so a server that drops in silence during TIME_WAIT (FreeBSD) explains it`,
    };
  }
  return {
    kind: "closed",
    confidence: "likely",
    words: `the last connection of the same 4-tuple (${frames}) is over, and no rule of TCP lets the server drop this SYN`,
  };
}
