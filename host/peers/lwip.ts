/** lwIP 2.1.3 as a server, read in its sources (tcp_timewait_input): it never opens TIME_WAIT anew. */
import { CHALLENGE, FRESH, NOBODY_LISTENS, type PeerModel } from "./peer-model.ts";

export const LWIP: PeerModel = {
  name: "lwip",
  title: "lwIP 2.1.3",
  source: "read in its sources",
  // 2 × TCP_MSL of 60 s.
  timeWaitUs: 120_000_000,
  halfwayIsAhead: false,
  resetEndsTimeWait: false,
  ackIntervalUs: 0,
  rules: [
    FRESH,
    NOBODY_LISTENS,
    {
      states: ["TIME_WAIT"],
      number: "in-window",
      answer: "rst",
      because: "a SYN inside the window is refused with RST",
    },
    {
      states: ["TIME_WAIT"],
      answer: "ack",
      because: "lwIP never opens TIME_WAIT anew; it acknowledges what it has",
    },
    CHALLENGE,
  ],
};
