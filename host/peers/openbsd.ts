/** OpenBSD, read in its sources: a newer timestamp or a higher number opens TIME_WAIT anew. */
import { CHALLENGE, FRESH, NOBODY_LISTENS, type PeerModel } from "./peer-model.ts";

export const OPENBSD: PeerModel = {
  name: "openbsd",
  title: "OpenBSD",
  source: "read in its sources; its refusal as RFC 9293 §3.10.7.4 has it",
  timeWaitUs: 60_000_000,
  halfwayIsAhead: false,
  resetEndsTimeWait: true,
  ackIntervalUs: 0,
  rules: [
    FRESH,
    NOBODY_LISTENS,
    {
      states: ["TIME_WAIT"],
      timestamp: "newer",
      answer: "syn-ack",
      because: "the TSval is newer",
    },
    {
      states: ["TIME_WAIT"],
      number: "ahead",
      answer: "syn-ack",
      because: "the number is ahead of what is expected",
    },
    {
      states: ["TIME_WAIT"],
      answer: "ack",
      because: "neither number nor TSval is newer",
    },
    CHALLENGE,
  ],
};
