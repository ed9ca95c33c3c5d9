/**
 * A connection as most are, in three fifths of the words: one SYN, both FINs, all acknowledged, nothing
 * repeated, missing or reset. What follows from that is not stored.
 */
import { serialAdd } from "../core/serial.ts";
import type { Incarnation } from "./flow.ts";
import type { FlowPool } from "./flow-pool.ts";
import type { Half } from "./half.ts";
import {
  moment,
  readOpened,
  SIDES,
  sideBits,
  since,
  unsigned,
  writeOpened,
} from "./record-words.ts";

const OWN_WORDS = 13;
const HALF_WORDS = 10;
export const BRIEF_WORDS = OWN_WORDS + 2 * HALF_WORDS;

/** Flags; a side takes two bits, a window shift (0 … 14) four. Above them: packets of the handshake. */
const CLIENT_IS_A = 1;
const DATA_SEEN = 2;
const SYN_TSVAL = 4;
const CLIENT_TSVAL = 8;
const SERVER_TSVAL = 16;
const CLOSED_FIRST_SHIFT = 5;
const CLIENT_SHIFT_SHIFT = 8;
const SERVER_SHIFT_SHIFT = 12;
const HANDSHAKE_SHIFT = 16;

const U16_MAX = 0xffff;

/** A plain incarnation (full-record.ts) of which a brief record loses nothing. */
export function isBrief(one: Incarnation): boolean {
  const { client, server, openedUs, openedFrame } = one;
  return (
    one.sawSyn &&
    one.tunnel === 0 &&
    one.syns === 1 &&
    one.synUs === openedUs &&
    one.synFrame === openedFrame &&
    one.synIntervalUs === 0 &&
    one.resetBy === undefined &&
    one.resetFrame === 0 &&
    one.resetUs === 0 &&
    one.keepalives === 0 &&
    one.lastFrame - openedFrame < U16_MAX &&
    isBriefHalf(client, server) &&
    isBriefHalf(server, client)
  );
}

function isBriefHalf(half: Half, other: Half): boolean {
  const { isn, next } = half;
  return (
    half.sent &&
    half.hasAcked &&
    half.fin &&
    isn !== undefined &&
    next === endOf(isn, half.bytes) &&
    half.finSequence === serialAdd(next, -1) &&
    half.acked === other.next &&
    half.packets <= U16_MAX &&
    half.gaps === 0 &&
    half.finHalfAckedFrame === 0
  );
}

/** One past the FIN: SYN and FIN use a number each (RFC 9293 §3.4). */
function endOf(isn: number, bytes: number): number {
  return serialAdd(isn, bytes + 2);
}

export function writeBrief(from: Incarnation, words: Int32Array, at: number): void {
  const { client, server, openedUs, openedFrame } = from;
  words[at] =
    (from.clientIsA ? CLIENT_IS_A : 0) |
    (from.dataSeen ? DATA_SEEN : 0) |
    (from.synTsval === undefined ? 0 : SYN_TSVAL) |
    (client.hasTsval ? CLIENT_TSVAL : 0) |
    (server.hasTsval ? SERVER_TSVAL : 0) |
    (sideBits(from.closedFirst) << CLOSED_FIRST_SHIFT) |
    (client.windowShift << CLIENT_SHIFT_SHIFT) |
    (server.windowShift << SERVER_SHIFT_SHIFT) |
    (from.handshakePackets << HANDSHAKE_SHIFT);
  writeOpened(from, words, at + 1);
  words[at + 4] = from.synTsval ?? 0;
  words[at + 5] = since(from.connectedUs, openedUs);
  words[at + 6] = since(from.handshakeUs, openedUs);
  words[at + 7] = from.lastUs - openedUs;
  words[at + 8] = from.longestSilenceUs;
  words[at + 9] = pair(
    since(from.connectedFrame, openedFrame),
    since(from.handshakeFrame, openedFrame),
  );
  words[at + 10] = pair(from.lastFrame - openedFrame, since(from.longestSilenceFrame, openedFrame));
  words[at + 11] = pair(client.packets, server.packets);
  words[at + 12] = pair(since(client.lastFrame, openedFrame), since(server.lastFrame, openedFrame));
  writeHalf(client, words, at + OWN_WORDS, openedUs, openedFrame);
  writeHalf(server, words, at + OWN_WORDS + HALF_WORDS, openedUs, openedFrame);
}

/** The incarnation as it was, in an object of the pool. */
export function readBrief(words: Int32Array, at: number, pool: FlowPool): Incarnation {
  const flags = words[at] ?? 0;
  const into = readOpened(words, at + 1, pool, (flags & CLIENT_IS_A) !== 0, true);
  const { client, server, openedUs, openedFrame } = into;
  into.dataSeen = (flags & DATA_SEEN) !== 0;
  into.closedFirst = SIDES[(flags >>> CLOSED_FIRST_SHIFT) & 3];
  into.handshakePackets = flags >>> HANDSHAKE_SHIFT;
  into.syns = 1;
  into.synUs = openedUs;
  into.synFrame = openedFrame;
  into.synTsval = (flags & SYN_TSVAL) !== 0 ? unsigned(words, at + 4) : undefined;
  into.connectedUs = moment(unsigned(words, at + 5), openedUs);
  into.handshakeUs = moment(unsigned(words, at + 6), openedUs);
  into.lastUs = unsigned(words, at + 7) + openedUs;
  into.longestSilenceUs = unsigned(words, at + 8);
  into.connectedFrame = moment(low(words, at + 9), openedFrame);
  into.handshakeFrame = moment(high(words, at + 9), openedFrame);
  into.lastFrame = low(words, at + 10) + openedFrame;
  into.longestSilenceFrame = moment(high(words, at + 10), openedFrame);
  client.packets = low(words, at + 11);
  server.packets = high(words, at + 11);
  client.lastFrame = moment(low(words, at + 12), openedFrame);
  server.lastFrame = moment(high(words, at + 12), openedFrame);
  client.hasTsval = (flags & CLIENT_TSVAL) !== 0;
  server.hasTsval = (flags & SERVER_TSVAL) !== 0;
  client.windowShift = (flags >>> CLIENT_SHIFT_SHIFT) & 15;
  server.windowShift = (flags >>> SERVER_SHIFT_SHIFT) & 15;
  readHalf(client, words, at + OWN_WORDS, openedUs, openedFrame);
  readHalf(server, words, at + OWN_WORDS + HALF_WORDS, openedUs, openedFrame);
  client.acked = server.next;
  server.acked = client.next;
  return into;
}

function writeHalf(
  from: Half,
  words: Int32Array,
  at: number,
  openedUs: number,
  openedFrame: number,
): void {
  words[at] = from.isn ?? 0;
  words[at + 1] = from.tsval;
  words[at + 2] = from.window;
  words[at + 3] = from.firstPrint;
  words[at + 4] = from.firstCheck;
  words[at + 5] = from.lastPrint;
  words[at + 6] = from.lastCheck;
  words[at + 7] = from.bytes;
  words[at + 8] = since(from.finUs, openedUs);
  words[at + 9] = pair(since(from.finFrame, openedFrame), since(from.firstFrame, openedFrame));
}

function readHalf(
  into: Half,
  words: Int32Array,
  at: number,
  openedUs: number,
  openedFrame: number,
): void {
  const isn = unsigned(words, at);
  into.isn = isn;
  into.tsval = unsigned(words, at + 1);
  into.window = unsigned(words, at + 2);
  into.firstPrint = words[at + 3] ?? 0;
  into.firstCheck = words[at + 4] ?? 0;
  into.lastPrint = words[at + 5] ?? 0;
  into.lastCheck = words[at + 6] ?? 0;
  into.bytes = unsigned(words, at + 7);
  into.finUs = moment(unsigned(words, at + 8), openedUs);
  into.finFrame = moment(low(words, at + 9), openedFrame);
  into.firstFrame = moment(high(words, at + 9), openedFrame);
  into.sent = true;
  into.hasAcked = true;
  into.fin = true;
  into.next = endOf(isn, into.bytes);
  into.finSequence = serialAdd(into.next, -1);
}

/** Two numbers of 16 bits in one word. */
function pair(low: number, high: number): number {
  return low | (high << 16);
}

function low(words: Int32Array, at: number): number {
  return (words[at] ?? 0) & U16_MAX;
}

function high(words: Int32Array, at: number): number {
  return (words[at] ?? 0) >>> 16;
}
