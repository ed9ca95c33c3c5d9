/** isn-repeats-on-tuple: connections of one 4-tuple begin with the same ISN, and the server takes them. */
import { formatDurationUs } from "../../core/duration.ts";
import type { Diagnosis } from "../diagnosis.ts";
import { absolute, connectionFilter, connectionOf } from "../wording.ts";

/** Two equal ones may be a timestamp that opened TIME_WAIT, or chance; three are a habit. */
const EQUAL_MIN = 3;
const TUPLES_MAX = 1024;

export const isnRepeatsOnTuple: Diagnosis = {
  id: "isn-repeats-on-tuple",
  severity: "fault",
  title: "connections of one 4-tuple begin with the same ISN again and again",
  explanation:
    "A number may be used once within the lifetime of a packet. Where each connection of a 4-tuple begins with the same ISN, a late segment of the one before fits the next, and the receiver takes its bytes for new ones. It goes well as long as the server has forgotten the connection before, or compares timestamps; nothing else protects it.",
  clause: "RFC 9293 §3.4.1 and §3.4.3, RFC 6528 §3",
  remedy:
    "let the ISN follow a clock that goes on across restarts (a persisted ceiling) plus a keyed hash of the 4-tuple",
  start(report, context) {
    const equal = new Map<string, { count: number; frames: number[] }>();
    return {
      connected({ flow, attempt, previous }) {
        const isn = attempt.client.isn;
        if (!previous || isn === undefined || previous.client.isn !== isn) return;
        const elapsedUs = attempt.openedUs - previous.lastUs;
        if (elapsedUs >= context.twoMslUs) return;
        const connection = connectionOf(flow);
        const known = equal.get(connection) ?? { count: 1, frames: [previous.openedFrame] };
        if (!equal.has(connection) && equal.size >= TUPLES_MAX) return;
        equal.set(connection, known);
        known.count += 1;
        if (known.frames.length < 12) known.frames.push(attempt.openedFrame);
        if (known.count < EQUAL_MIN) return;
        report({
          group: connection,
          revises: true,
          confidence: "certain",
          blames: flow.clientAddress(),
          summary: `${flow.clientAddress()} begins ${known.count} connections of ${connection} with the same ISN ${absolute(isn)}, and all were accepted`,
          detail: `The last one came ${formatDurationUs(elapsedUs)} after the one before, while segments of it may still travel.`,
          frames: known.frames,
          timeUs: attempt.openedUs,
          elapsedUs,
          numbers: [{ name: "ISN", value: isn, frame: attempt.openedFrame }],
          distance: 0,
          connection,
          host: flow.clientAddress(),
          filter: connectionFilter(flow),
        });
      },
    };
  },
};
