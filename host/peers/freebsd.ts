/** FreeBSD, read in its sources (tcp_twcheck): a SYN that is not ahead is dropped in silence. */
import { CHALLENGE, FRESH, NOBODY_LISTENS, type PeerModel } from "./peer-model.ts";

export const FREEBSD: PeerModel = {
  name: "freebsd",
  title: "FreeBSD",
  source: "read in its sources",
  timeWaitUs: 60_000_000,
  halfwayIsAhead: false,
  resetEndsTimeWait: false,
  ackIntervalUs: 0,
  resets: [
    {
      states: [
        "SYN_RECV",
        "ESTABLISHED",
        "CLOSE_WAIT",
        "FIN_WAIT",
        "FIN_WAIT_2_ORPHANED",
        "LAST_ACK",
        "CLOSING",
      ],
      number: "in-window",
      only: "insecureRst",
    },
  ],
  rules: [
    FRESH,
    NOBODY_LISTENS,
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
    {
      states: [
        "ESTABLISHED",
        "CLOSE_WAIT",
        "FIN_WAIT",
        "FIN_WAIT_2_ORPHANED",
        "LAST_ACK",
        "CLOSING",
      ],
      number: "in-window",
      only: "insecureSyn",
      answer: "rst",
      because: "with insecure_syn a SYN in the window resets the connection",
    },
    CHALLENGE,
  ],
};
