/**
 * isn-backward: the ISN is serially after the last number of the tuple's earlier connections, and not
 * the very number that their server expects next (see succession.ts for that bound and for how
 * behind is told from too far ahead). Exact, no false alarms.
 */
import { serialDistance } from "../../core/serial.ts";
import type { Rule } from "../rule.ts";
import { successionJudge } from "../succession.ts";

export const isnBackward: Rule = {
  id: "isn-backward",
  holds: "each new ISN of a tuple is serially after its earlier connection's last number",
  clause: "RFC 9293 §3.4.1, §3.10.7.4",
  remedy:
    "keep the key of the ISN hash across reboots and let the ISN clock continue above its persisted ceiling",
  sees: ["open"],
  start: () =>
    successionJudge("isn-backward", (isn, { next }) => {
      const distance = serialDistance(next, isn);
      // A distance above zero cannot be: it would be after, and no breach.
      const how =
        distance === 0
          ? "the ISN is the number that the server expects next, which is not larger"
          : "the ISN is behind the number that the server expects next";
      return `${how}: a server in TIME_WAIT answers with a plain ACK, or not at all`;
    }),
};
