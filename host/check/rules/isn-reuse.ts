/**
 * isn-reuse: no ISN lies on the sequence numbers that the tuple's earlier connections used (field
 * case 5: an old segment would be taken for data of the new connection). Exact, no false alarms:
 * only numbers that were seen on the tuple less than 2 × MSL ago are compared.
 */
import { serialForward } from "../../core/serial.ts";
import type { Rule } from "../rule.ts";
import { successionJudge } from "../succession.ts";

export const isnReuse: Rule = {
  id: "isn-reuse",
  holds:
    "no ISN of a tuple falls on or inside the sequence numbers of its earlier connections while these can still live",
  clause: "RFC 9293 §3.4.1, §3.4.3",
  remedy:
    "take ISNs from a clock that continues after a reboot: persist a ceiling before numbers below it are used, and start above it",
  sees: ["open"],
  start: () =>
    successionJudge("isn-reuse", (isn, { isn: oldIsn, next }) => {
      const offset = serialForward(oldIsn, isn);
      const count = serialForward(oldIsn, next);
      const where =
        offset === 0
          ? "the ISN is that of the tuple's earlier connection"
          : `the ISN is number ${offset} of the tuple's earlier connection`;
      return `${where}, which used ${count}: its old segments fit the new connection, and a server in TIME_WAIT refuses the SYN`;
    }),
};
