/**
 * connect-first-syn: the server answers the first SYN of each connection by SYN-ACK, in whatever
 * state the tuple's last connection left it. A server that refuses the best of numbers there (a
 * half-open connection, TIME_WAIT on lwIP) is not held against the device; but a port that the device
 * chose itself must not meet such a state within 2 × MSL. Exact on modelled servers.
 */

import type { Rule, RuleJudge } from "../../check/rule.ts";
import { serialDistance } from "../../core/serial.ts";

export const connectFirstSyn: Rule = {
  id: "connect-first-syn",
  holds: "the first SYN of each connection is answered by SYN-ACK",
  clause: "RFC 9293 §3.10.7.4, RFC 6191 §2",
  remedy:
    "let ISN, port and TSval go on from what was used before the reboot; then a server in TIME_WAIT opens anew",
  sees: ["open"],
  start: judge,
};

function judge(): RuleJudge {
  let judged = 0;
  return {
    observe({ sample }, report) {
      if (sample.kind !== "open" || sample.answer === undefined) return;
      const { answer } = sample;
      if (answer.byNature) return;
      judged++;
      if (answer.kind === "syn-ack") return;
      const held = answer.state === "CLOSED" ? undefined : answer.expected;
      report({
        rule: "connect-first-syn",
        boot: sample.boot,
        timeUs: sample.timeUs,
        tuple: sample.tuple,
        ...(held === undefined ? {} : { before: held, distance: serialDistance(held, sample.isn) }),
        after: sample.isn,
        detail: `the server (${answer.peer}, ${answer.state}) answered the first SYN with ${NAMES[answer.kind]}: ${answer.because}`,
      });
    },
    finish: () =>
      judged > 0
        ? { judged }
        : { judged, open: "no first SYN of this run reached a modelled server" },
  };
}

const NAMES = {
  "syn-ack": "SYN-ACK",
  ack: "a plain ACK",
  rst: "RST",
  silence: "silence",
} as const;
