/**
 * How a server answers a SYN for a 4-tuple that it still knows: a model is a list of rules, and the
 * first that fits decides. The rules are data, so that a report can name the one that decided.
 */
import { serialAdd, serialForward } from "../core/serial.ts";

export type PeerName = "linux" | "freebsd" | "openbsd" | "aix" | "lwip";

export type PeerState =
  | "CLOSED"
  | "SYN_RECV"
  | "ESTABLISHED"
  | "CLOSE_WAIT"
  | "FIN_WAIT"
  /** FIN_WAIT_2 after the application has gone. */
  | "FIN_WAIT_2_ORPHANED"
  | "LAST_ACK"
  | "CLOSING"
  | "TIME_WAIT";

/** Settings of a server that change its answers; each is off, or as the system has it, unless given. */
export interface PeerSettings {
  /** The server protects TIME_WAIT from resets, on Linux `net.ipv4.tcp_rfc1337=1`. */
  readonly rfc1337?: boolean;
  /** FreeBSD `net.inet.tcp.insecure_syn=1`: a SYN in the window resets the connection, as RFC 793 had it. */
  readonly insecureSyn?: boolean;
  /** FreeBSD `net.inet.tcp.insecure_rst=1`: so does a RST anywhere in the window. */
  readonly insecureRst?: boolean;
  /** FreeBSD `net.inet.tcp.nolocaltimewait=1`, and both ends are on one machine: there is no TIME_WAIT. */
  readonly noLocalTimeWait?: boolean;
  /** Nobody listens on the port any more: nothing new is opened. */
  readonly nobodyListens?: boolean;
}

/** What the server holds, and the SYN that comes. Numbers are u32. */
export interface SynSituation extends PeerSettings {
  readonly state: PeerState;
  /** R: the number that the server expects next from the client. */
  readonly expected: number;
  /** S: the server's own next number. */
  readonly next: number;
  /** Receive window in bytes; 65,535 if it is not known. */
  readonly window?: number | undefined;
  readonly isn: number;
  /** TSval of the SYN, and the last one of the old connection; each absent without timestamps. */
  readonly tsval?: number | undefined;
  readonly lastTsval?: number | undefined;
}

export type PeerAnswer =
  | {
      readonly kind: "syn-ack";
      readonly acknowledgement: number;
      /** The server's new ISN, where the model tells it. */
      readonly isn: number | undefined;
    }
  | { readonly kind: "ack"; readonly sequence: number; readonly acknowledgement: number }
  | { readonly kind: "rst" }
  | { readonly kind: "silence" };

/** What becomes of TIME_WAIT: it ends, its timer goes on, or its timer starts anew. */
export type TimerEffect = "ends" | "goes-on" | "restarts";

export interface PeerRule {
  readonly states: readonly PeerState[];
  /** The ISN is ahead of `expected`, or inside the receive window. */
  readonly number?: "ahead" | "in-window";
  /** The TSval against the last one; only where both ends use timestamps. */
  readonly timestamp?: "newer" | "older";
  /** It applies only where the server has this setting, or only where it has not. */
  readonly only?: keyof PeerSettings;
  readonly unless?: keyof PeerSettings;
  readonly answer: PeerAnswer["kind"];
  /** Added to S for the new ISN of the server. */
  readonly isnStep?: number;
  readonly timer?: TimerEffect;
  /** One sentence: why. */
  readonly because: string;
}

/** A RST that ends a connection although its number is not exactly the one that is expected. */
export interface PeerResetRule {
  readonly states: readonly PeerState[];
  /** One below what is expected, or anywhere in the receive window. */
  readonly number: "one-below" | "in-window";
  readonly only?: keyof PeerSettings;
}

export interface PeerModel {
  readonly name: PeerName;
  readonly title: string;
  /** Where the rules come from. */
  readonly source: string;
  /** How long TIME_WAIT lasts, in microseconds. */
  readonly timeWaitUs: number;
  /** Whether a distance of exactly 2^31 counts as ahead, in numbers and in timestamps. */
  readonly halfwayIsAhead: boolean;
  /** A RST with exactly the number that is expected ends TIME_WAIT (RFC 1337 advises against it). */
  readonly resetEndsTimeWait: boolean;
  /** What else ends a connection; the exact number does in every other state. */
  readonly resets?: readonly PeerResetRule[];
  /** At most one plain ACK for a connection in this time, in microseconds; 0: one for each SYN. */
  readonly ackIntervalUs: number;
  readonly rules: readonly PeerRule[];
}

export interface PeerReply {
  readonly answer: PeerAnswer;
  /** What the server holds for the 4-tuple afterwards. */
  readonly state: PeerState;
  readonly timer: TimerEffect;
  readonly rule: PeerRule;
}

const HALFWAY = 2 ** 31;
const WINDOW = 65_535;

/**
 * The reply of the model to a SYN. Pure: it keeps nothing, and takes well under a microsecond, so that
 * a simulation can ask it for every connection. Time is the caller's: it turns TIME_WAIT into CLOSED
 * when `timeWaitUs` have gone by, starts it anew on `restarts`, and holds back plain ACKs that come
 * sooner than `ackIntervalUs` after the last one. Throws RangeError if no rule covers the state, which
 * is a fault of the model.
 */
export function replyToSyn(model: PeerModel, asked: SynSituation): PeerReply {
  const isSkipped = asked.noLocalTimeWait === true && asked.state === "TIME_WAIT";
  const situation: SynSituation = isSkipped ? { ...asked, state: "CLOSED" } : asked;
  for (const rule of model.rules) {
    if (!fits(model, rule, situation)) continue;
    const ends = rule.answer === "syn-ack" || rule.answer === "rst";
    const timer = rule.timer ?? (ends ? "ends" : "goes-on");
    const answer = answerOf(rule, situation);
    return { answer, state: stateAfter(rule, situation.state), timer, rule };
  }
  throw new RangeError(`the peer model ${model.name} has no rule for ${situation.state}`);
}

/** A RST of the client, as it answers a plain ACK: its number is that ACK's acknowledgement. */
export interface ResetSituation extends PeerSettings {
  readonly state: PeerState;
  /** R: the number that the server expects next from the client. */
  readonly expected: number;
  readonly sequence: number;
  /** Receive window in bytes; 65,535 if it is not known. */
  readonly window?: number | undefined;
}

/**
 * What the server holds after a RST: CLOSED, so that the next SYN is answered by a SYN-ACK, or what it
 * held before. The exact number counts (RFC 5961 §3.2), and what the model adds; another one in the
 * window is challenged.
 */
export function stateAfterReset(model: PeerModel, situation: ResetSituation): PeerState {
  const { state, expected, sequence, rfc1337 = false } = situation;
  if (sequence !== expected) {
    return model.resets?.some((rule) => resets(rule, situation)) ? "CLOSED" : state;
  }
  if (state === "TIME_WAIT" && (rfc1337 || !model.resetEndsTimeWait)) return state;
  return "CLOSED";
}

function resets({ states, number, only }: PeerResetRule, situation: ResetSituation): boolean {
  const { state, expected, sequence, window = WINDOW } = situation;
  if (!states.includes(state) || (only !== undefined && situation[only] !== true)) return false;
  if (number === "one-below") return serialForward(sequence, expected) === 1;
  return serialForward(expected, sequence) < window;
}

function stateAfter({ answer }: PeerRule, before: PeerState): PeerState {
  if (answer === "syn-ack") return "SYN_RECV";
  return answer === "rst" ? "CLOSED" : before;
}

function fits(model: PeerModel, rule: PeerRule, situation: SynSituation): boolean {
  const { state, expected, isn, tsval, lastTsval, window = WINDOW } = situation;
  if (!rule.states.includes(state)) return false;
  if (rule.only !== undefined && situation[rule.only] !== true) return false;
  if (rule.unless !== undefined && situation[rule.unless] === true) return false;
  const ahead = serialForward(expected, isn);
  if (rule.number === "ahead" && !isAhead(model, ahead)) return false;
  if (rule.number === "in-window" && ahead >= window) return false;
  if (rule.timestamp === undefined) return true;
  if (tsval === undefined || lastTsval === undefined || tsval === lastTsval) return false;
  const isNewer = isAhead(model, serialForward(lastTsval, tsval));
  return isNewer === (rule.timestamp === "newer");
}

/** `distance` goes forward mod 2^32. */
function isAhead({ halfwayIsAhead }: PeerModel, distance: number): boolean {
  if (distance === 0) return false;
  return halfwayIsAhead ? distance <= HALFWAY : distance < HALFWAY;
}

function answerOf(rule: PeerRule, { isn, expected, next }: SynSituation): PeerAnswer {
  switch (rule.answer) {
    case "syn-ack": {
      const own = rule.isnStep === undefined ? undefined : serialAdd(next, rule.isnStep);
      return { kind: "syn-ack", acknowledgement: serialAdd(isn, 1), isn: own };
    }
    case "ack":
      return { kind: "ack", sequence: next, acknowledgement: expected };
    default:
      return { kind: rule.answer };
  }
}

/** Rules that all models share: nothing held, and connections that stand (RFC 5961 §4). */
export const FRESH: PeerRule = {
  states: ["CLOSED"],
  unless: "nobodyListens",
  answer: "syn-ack",
  because: "the server holds nothing for this 4-tuple",
};

export const NOBODY_LISTENS: PeerRule = {
  states: ["CLOSED"],
  only: "nobodyListens",
  answer: "rst",
  because: "nobody listens on the port (RFC 9293 §3.10.7.1)",
};

export const CHALLENGE: PeerRule = {
  states: [
    "ESTABLISHED",
    "CLOSE_WAIT",
    "FIN_WAIT",
    "LAST_ACK",
    "CLOSING",
    "SYN_RECV",
    "FIN_WAIT_2_ORPHANED",
  ],
  answer: "ack",
  because: "a SYN for a connection that stands is challenged by an ACK, whatever its number",
};
