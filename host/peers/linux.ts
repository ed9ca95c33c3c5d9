/** Linux, measured on 6.18 in 99 cases (test/fixtures/timewait-matrix-linux.json). */
import { CHALLENGE, FRESH, NOBODY_LISTENS, type PeerModel } from "./peer-model.ts";

/** tcp_timewait_state_process: the new ISN is tw_snd_nxt + 65535 + 2. */
const ISN_STEP = 65_537;

export const LINUX: PeerModel = {
  name: "linux",
  title: "Linux",
  source: "measured on Linux 6.18 (99 cases)",
  timeWaitUs: 60_000_000,
  halfwayIsAhead: true,
  resetEndsTimeWait: true,
  ackIntervalUs: 500_000,
  resets: [
    // tcp_reset_check: the number of the FIN itself. Measured but for CLOSING, which is read.
    { states: ["CLOSE_WAIT", "LAST_ACK", "CLOSING"], number: "one-below" },
    // tcp_timewait_state_process, while the substate is FIN_WAIT_2. Measured.
    { states: ["FIN_WAIT_2_ORPHANED"], number: "in-window" },
  ],
  rules: [
    FRESH,
    NOBODY_LISTENS,
    {
      states: ["TIME_WAIT"],
      timestamp: "older",
      answer: "ack",
      timer: "restarts",
      because: "the TSval is older (PAWS), and TIME_WAIT starts anew",
    },
    {
      states: ["TIME_WAIT"],
      only: "nobodyListens",
      answer: "ack",
      because: "the program that listened has ended, so that TIME_WAIT is not opened anew",
    },
    {
      states: ["TIME_WAIT"],
      timestamp: "newer",
      answer: "syn-ack",
      isnStep: ISN_STEP,
      because: "the TSval is newer (RFC 6191), whatever the number",
    },
    {
      states: ["TIME_WAIT"],
      number: "ahead",
      answer: "syn-ack",
      isnStep: ISN_STEP,
      because: "the number is ahead of what is expected",
    },
    {
      states: ["TIME_WAIT"],
      answer: "ack",
      because: "neither number nor TSval is newer",
    },
    {
      states: ["SYN_RECV", "FIN_WAIT_2_ORPHANED"],
      number: "in-window",
      answer: "rst",
      because: "a SYN inside the window of a connection without an owner is refused",
    },
    CHALLENGE,
  ],
};
