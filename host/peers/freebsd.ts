/** FreeBSD, read in its sources (tcp_twcheck): a SYN that is not ahead is dropped in silence. */
import { CHALLENGE, FRESH, type PeerModel } from "./peer-model.ts";

export const FREEBSD: PeerModel = {
  name: "freebsd",
  title: "FreeBSD",
  source: "read in its sources",
  timeWaitUs: 60_000_000,
  halfwayIsAhead: false,
  resetEndsTimeWait: false,
  ackIntervalUs: 0,
  rules: [
    FRESH,
    {
      states: ["TIME_WAIT"],
      number: "ahead",
      answer: "syn-ack",
      because: "the number is ahead of what is expected; timestamps do not matter",
    },
    {
      states: ["TIME_WAIT"],
      answer: "silence",
      because: "the number is not ahead: the SYN is dropped, and timestamps do not help",
    },
    CHALLENGE,
  ],
};
