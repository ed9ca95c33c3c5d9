/** An incarnation that is over as words, whatever happened in it, as long as its numbers fit. */
import type { Incarnation } from "./flow.ts";
import type { FlowPool } from "./flow-pool.ts";
import type { Half } from "./half.ts";
import {
  moment,
  OPENED_FRAME_MAX,
  OPENED_US_MAX,
  readOpened,
  SIDES,
  sideBits,
  since,
  unsigned,
  writeOpened,
} from "./record-words.ts";

const HALF_WORDS = 18;
const OWN_WORDS = 19;
export const FULL_WORDS = OWN_WORDS + 2 * HALF_WORDS;

/** Flags of an incarnation; sides take two bits, the tunnel eight. Above them lies the number of SYNs. */
const CLIENT_IS_A = 1;
const SAW_SYN = 2;
const DATA_SEEN = 4;
const SYN_TSVAL = 8;
const RESET_BY_SHIFT = 4;
const CLOSED_FIRST_SHIFT = 6;
const TUNNEL_SHIFT = 8;
const TUNNEL_MASK = 0xff;
const COUNT_SHIFT = 16;

/** Flags of a half; the window shift (0 … 14) lies above them, then the number of gaps. */
const SENT = 1;
const HAS_ACKED = 2;
const FIN_SENT = 4;
const HAS_TSVAL = 8;
const HAS_ISN = 16;
const WINDOW_SHIFT_SHIFT = 5;

const U32 = 2 ** 32;
const U16_MAX = 0xffff;

/**
 * It fits a record: nothing of it is an object (an odd answer, or a number that waits for its
 * explanation), and all numbers fit their words. An hour is 3,600,000,000 µs, so a connection of
 * 71 minutes does not, and stays an object. All its frames and times lie between its first packet
 * and its last, or are 0.
 */
export function isPlain(incarnation: Incarnation): boolean {
  const { client, server, challenge, wrongAck, openedUs, openedFrame } = incarnation;
  return (
    challenge === undefined &&
    wrongAck === undefined &&
    incarnation.challenges === 0 &&
    incarnation.wrongAcks === 0 &&
    incarnation.rescueFrame === 0 &&
    incarnation.strayAnswers === 0 &&
    incarnation.refusals === 0 &&
    incarnation.wrongResets === 0 &&
    incarnation.secondIsn === undefined &&
    incarnation.hostTsval === undefined &&
    incarnation.opening === 0 &&
    incarnation.doubtfulResets === 0 &&
    incarnation.afterReset === 0 &&
    openedUs <= OPENED_US_MAX &&
    openedFrame <= OPENED_FRAME_MAX &&
    incarnation.lastUs - openedUs < U32 - 1 &&
    incarnation.lastFrame - openedFrame < U32 - 1 &&
    incarnation.syns <= U16_MAX &&
    incarnation.keepalives <= U16_MAX &&
    incarnation.handshakePackets <= U16_MAX &&
    isPlainHalf(client) &&
    isPlainHalf(server)
  );
}

function isPlainHalf({ misfit, stale, bytes, packets, gaps }: Half): boolean {
  return (
    misfit === undefined && stale === undefined && bytes < U32 && packets < U32 && gaps <= U16_MAX
  );
}

export function writeFull(from: Incarnation, words: Int32Array, at: number): void {
  writeOwn(from, words, at);
  const { openedUs, openedFrame } = from;
  writeHalf(from.client, words, at + OWN_WORDS, openedUs, openedFrame);
  writeHalf(from.server, words, at + OWN_WORDS + HALF_WORDS, openedUs, openedFrame);
}

/** The incarnation as it was, in an object of the pool. */
export function readFull(words: Int32Array, at: number, pool: FlowPool): Incarnation {
  const incarnation = readOwn(words, at, pool);
  const { openedUs, openedFrame } = incarnation;
  readHalf(incarnation.client, words, at + OWN_WORDS, openedUs, openedFrame);
  readHalf(incarnation.server, words, at + OWN_WORDS + HALF_WORDS, openedUs, openedFrame);
  return incarnation;
}

function writeOwn(from: Incarnation, words: Int32Array, at: number): void {
  const { openedUs, openedFrame } = from;
  words[at] =
    (from.clientIsA ? CLIENT_IS_A : 0) |
    (from.sawSyn ? SAW_SYN : 0) |
    (from.dataSeen ? DATA_SEEN : 0) |
    (from.synTsval === undefined ? 0 : SYN_TSVAL) |
    (sideBits(from.resetBy) << RESET_BY_SHIFT) |
    (sideBits(from.closedFirst) << CLOSED_FIRST_SHIFT) |
    (from.tunnel << TUNNEL_SHIFT) |
    (from.syns << COUNT_SHIFT);
  words[at + 1] = from.keepalives | (from.handshakePackets << COUNT_SHIFT);
  writeOpened(from, words, at + 2);
  words[at + 5] = from.synTsval ?? 0;
  words[at + 6] = since(from.synUs, openedUs);
  words[at + 7] = since(from.synFrame, openedFrame);
  words[at + 8] = from.synIntervalUs;
  words[at + 9] = since(from.connectedFrame, openedFrame);
  words[at + 10] = since(from.connectedUs, openedUs);
  words[at + 11] = since(from.handshakeFrame, openedFrame);
  words[at + 12] = since(from.handshakeUs, openedUs);
  words[at + 13] = since(from.resetFrame, openedFrame);
  words[at + 14] = since(from.resetUs, openedUs);
  words[at + 15] = from.lastUs - openedUs;
  words[at + 16] = from.lastFrame - openedFrame;
  words[at + 17] = from.longestSilenceUs;
  words[at + 18] = since(from.longestSilenceFrame, openedFrame);
}

function readOwn(words: Int32Array, at: number, pool: FlowPool): Incarnation {
  const flags = words[at] ?? 0;
  const isClientA = (flags & CLIENT_IS_A) !== 0;
  const into = readOpened(words, at + 2, pool, isClientA, (flags & SAW_SYN) !== 0);
  const { openedUs, openedFrame } = into;
  into.dataSeen = (flags & DATA_SEEN) !== 0;
  into.synTsval = (flags & SYN_TSVAL) !== 0 ? unsigned(words, at + 5) : undefined;
  into.resetBy = SIDES[(flags >>> RESET_BY_SHIFT) & 3];
  into.closedFirst = SIDES[(flags >>> CLOSED_FIRST_SHIFT) & 3];
  into.tunnel = (flags >>> TUNNEL_SHIFT) & TUNNEL_MASK;
  into.syns = flags >>> COUNT_SHIFT;
  const counts = words[at + 1] ?? 0;
  into.keepalives = counts & U16_MAX;
  into.handshakePackets = counts >>> COUNT_SHIFT;
  into.synUs = moment(unsigned(words, at + 6), openedUs);
  into.synFrame = moment(unsigned(words, at + 7), openedFrame);
  into.synIntervalUs = unsigned(words, at + 8);
  into.connectedFrame = moment(unsigned(words, at + 9), openedFrame);
  into.connectedUs = moment(unsigned(words, at + 10), openedUs);
  into.handshakeFrame = moment(unsigned(words, at + 11), openedFrame);
  into.handshakeUs = moment(unsigned(words, at + 12), openedUs);
  into.resetFrame = moment(unsigned(words, at + 13), openedFrame);
  into.resetUs = moment(unsigned(words, at + 14), openedUs);
  into.lastUs = unsigned(words, at + 15) + openedUs;
  into.lastFrame = unsigned(words, at + 16) + openedFrame;
  into.longestSilenceUs = unsigned(words, at + 17);
  into.longestSilenceFrame = moment(unsigned(words, at + 18), openedFrame);
  return into;
}

function writeHalf(
  from: Half,
  words: Int32Array,
  at: number,
  openedUs: number,
  openedFrame: number,
): void {
  words[at] =
    (from.sent ? SENT : 0) |
    (from.hasAcked ? HAS_ACKED : 0) |
    (from.fin ? FIN_SENT : 0) |
    (from.hasTsval ? HAS_TSVAL : 0) |
    (from.isn === undefined ? 0 : HAS_ISN) |
    (from.windowShift << WINDOW_SHIFT_SHIFT) |
    (from.gaps << COUNT_SHIFT);
  words[at + 1] = from.isn ?? 0;
  words[at + 2] = from.next;
  words[at + 3] = from.acked;
  words[at + 4] = from.finSequence;
  words[at + 5] = from.tsval;
  words[at + 6] = from.window;
  words[at + 7] = from.firstPrint;
  words[at + 8] = from.firstCheck;
  words[at + 9] = from.lastPrint;
  words[at + 10] = from.lastCheck;
  words[at + 11] = from.bytes;
  words[at + 12] = from.packets;
  words[at + 13] = since(from.finFrame, openedFrame);
  words[at + 14] = since(from.finUs, openedUs);
  words[at + 15] = since(from.finHalfAckedFrame, openedFrame);
  words[at + 16] = since(from.firstFrame, openedFrame);
  words[at + 17] = since(from.lastFrame, openedFrame);
}

function readHalf(
  into: Half,
  words: Int32Array,
  at: number,
  openedUs: number,
  openedFrame: number,
): void {
  const flags = words[at] ?? 0;
  into.sent = (flags & SENT) !== 0;
  into.hasAcked = (flags & HAS_ACKED) !== 0;
  into.fin = (flags & FIN_SENT) !== 0;
  into.hasTsval = (flags & HAS_TSVAL) !== 0;
  into.isn = (flags & HAS_ISN) !== 0 ? unsigned(words, at + 1) : undefined;
  into.windowShift = (flags >>> WINDOW_SHIFT_SHIFT) & 15;
  into.gaps = flags >>> COUNT_SHIFT;
  into.next = unsigned(words, at + 2);
  into.acked = unsigned(words, at + 3);
  into.finSequence = unsigned(words, at + 4);
  into.tsval = unsigned(words, at + 5);
  into.window = unsigned(words, at + 6);
  into.firstPrint = words[at + 7] ?? 0;
  into.firstCheck = words[at + 8] ?? 0;
  into.lastPrint = words[at + 9] ?? 0;
  into.lastCheck = words[at + 10] ?? 0;
  into.bytes = unsigned(words, at + 11);
  into.packets = unsigned(words, at + 12);
  into.finFrame = moment(unsigned(words, at + 13), openedFrame);
  into.finUs = moment(unsigned(words, at + 14), openedUs);
  into.finHalfAckedFrame = moment(unsigned(words, at + 15), openedFrame);
  into.firstFrame = moment(unsigned(words, at + 16), openedFrame);
  into.lastFrame = moment(unsigned(words, at + 17), openedFrame);
}
