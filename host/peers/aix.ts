/** AIX, from field case 1: an ISN more than 2^31 - 1 ahead is answered with a plain ACK. */
import { CHALLENGE, FRESH, NOBODY_LISTENS, type PeerModel } from "./peer-model.ts";

export const AIX: PeerModel = {
  name: "aix",
  title: "AIX",
  source: "a field trace of 2014: 2,233,732,218 ahead was refused",
  // Not seen in the trace; the RFC's 2 × MSL.
  timeWaitUs: 240_000_000,
  halfwayIsAhead: false,
  // Neither was seen in the trace: the careful choice.
  resetEndsTimeWait: false,
  ackIntervalUs: 0,
  rules: [
    FRESH,
    NOBODY_LISTENS,
    {
      states: ["TIME_WAIT"],
      number: "ahead",
      answer: "syn-ack",
      because: "the number is ahead by at most 2^31 - 1",
    },
    {
      states: ["TIME_WAIT"],
      answer: "ack",
      because: "the number is more than 2^31 - 1 ahead, which counts as behind",
    },
    CHALLENGE,
  ],
};
