/**
 * isn-window: the ISN is less than 2^31 ahead of what the server expects, or it counts as old (field
 * case 1's second trace: 2233732218 ahead). Exact, no false alarms; see succession.ts for how too
 * far ahead is told from behind.
 */
import { serialForward } from "../../core/serial.ts";
import type { Rule } from "../rule.ts";
import { successionJudge } from "../succession.ts";

export const isnWindow: Rule = {
  id: "isn-window",
  holds:
    "each new ISN of a tuple is less than 2^31 ahead of its earlier connection while a peer can still be in TIME_WAIT",
  clause: "RFC 9293 §3.4, §3.10.7.4",
  remedy:
    "bound how far one boot moves the ISN clock: short leases after a boot, and a jump that does not grow with the boot count",
  sees: ["open"],
  start: () =>
    successionJudge("isn-window", (isn, { next }) => {
      const ahead = serialForward(next, isn);
      return `the ISN is ${ahead} ahead of the number that the server expects next, more than 2147483647: it counts as old and is refused`;
    }),
};
