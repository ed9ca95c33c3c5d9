/**
 * Connections that are over, as plain numbers in pages. As objects, 100,000 of them would be moved
 * about by the garbage collector again and again; here they cost it nothing, and half the memory.
 */
import { type Half, Incarnation, type Side } from "./flow.ts";

const PAGE_RECORDS = 1024;
const HALF_WORDS = 12;
const HALF_REALS = 7;
const OWN_WORDS = 7;
const OWN_REALS = 16;
const WORDS = OWN_WORDS + 2 * HALF_WORDS;
const REALS = OWN_REALS + 2 * HALF_REALS;

const SIDES: readonly (Side | undefined)[] = [undefined, "client", "server"];

/** Flags of an incarnation; sides take two bits. */
const CLIENT_IS_A = 1;
const SAW_SYN = 2;
const DATA_SEEN = 4;
const SYN_TSVAL = 8;
const RESET_BY_SHIFT = 4;
const CLOSED_FIRST_SHIFT = 6;

/** Flags of a half; the window shift (0 … 14) lies above them. */
const SENT = 1;
const HAS_ACKED = 2;
const FIN_SENT = 4;
const HAS_TSVAL = 8;
const HAS_ISN = 16;
const WINDOW_SHIFT_SHIFT = 5;

interface Page {
  readonly words: Int32Array;
  readonly reals: Float64Array;
}

/** Nothing of it is an object: an odd answer, or a number that waits for its explanation. */
export function isPlain(incarnation: Incarnation): boolean {
  const { client, server, challenge, wrongAck } = incarnation;
  return (
    challenge === undefined && wrongAck === undefined && isSettled(client) && isSettled(server)
  );
}

function isSettled({ misfit, stale }: Half): boolean {
  return misfit === undefined && stale === undefined;
}

export class IncarnationRecords {
  readonly #pages: Page[] = [];
  readonly #free: number[] = [];
  #used = 0;

  /** Stores an incarnation that is plain; gives the number of its record. */
  add(incarnation: Incarnation): number {
    const record = this.#free.pop() ?? this.#used++;
    const { words, reals } = this.#page(record);
    const place = record % PAGE_RECORDS;
    const word = place * WORDS;
    const real = place * REALS;
    writeOwn(incarnation, words, word, reals, real);
    writeHalf(incarnation.client, words, word + OWN_WORDS, reals, real + OWN_REALS);
    const server = HALF_WORDS + OWN_WORDS;
    writeHalf(incarnation.server, words, word + server, reals, real + OWN_REALS + HALF_REALS);
    return record;
  }

  /** The incarnation as it was when it was added; its record is free afterwards. */
  take(record: number): Incarnation {
    const incarnation = this.#read(record);
    this.#free.push(record);
    return incarnation;
  }

  /** Frees a record without reading it. */
  drop(record: number): void {
    this.#free.push(record);
  }

  #page(record: number): Page {
    const number = Math.floor(record / PAGE_RECORDS);
    let page = this.#pages[number];
    if (!page) {
      const words = new Int32Array(PAGE_RECORDS * WORDS);
      page = { words, reals: new Float64Array(PAGE_RECORDS * REALS) };
      this.#pages[number] = page;
    }
    return page;
  }

  #read(record: number): Incarnation {
    const { words, reals } = this.#page(record);
    const place = record % PAGE_RECORDS;
    const word = place * WORDS;
    const real = place * REALS;
    const flags = at(words, word);
    const incarnation = new Incarnation(
      (flags & CLIENT_IS_A) !== 0,
      (flags & SAW_SYN) !== 0,
      at(reals, real + 1),
      at(reals, real),
    );
    readOwn(incarnation, flags, words, word, reals, real);
    readHalf(incarnation.client, words, word + OWN_WORDS, reals, real + OWN_REALS);
    const server = HALF_WORDS + OWN_WORDS;
    readHalf(incarnation.server, words, word + server, reals, real + OWN_REALS + HALF_REALS);
    return incarnation;
  }
}

function writeOwn(
  from: Incarnation,
  words: Int32Array,
  word: number,
  reals: Float64Array,
  real: number,
): void {
  words[word] =
    (from.clientIsA ? CLIENT_IS_A : 0) |
    (from.sawSyn ? SAW_SYN : 0) |
    (from.dataSeen ? DATA_SEEN : 0) |
    (from.synTsval === undefined ? 0 : SYN_TSVAL) |
    (sideBits(from.resetBy) << RESET_BY_SHIFT) |
    (sideBits(from.closedFirst) << CLOSED_FIRST_SHIFT);
  words[word + 1] = from.synTsval ?? 0;
  words[word + 2] = from.syns;
  words[word + 3] = from.handshakePackets;
  words[word + 4] = from.keepalives;
  words[word + 5] = from.challenges;
  words[word + 6] = from.wrongAcks;
  reals[real] = from.openedUs;
  reals[real + 1] = from.openedFrame;
  reals[real + 2] = from.synUs;
  reals[real + 3] = from.synFrame;
  reals[real + 4] = from.synIntervalUs;
  reals[real + 5] = from.connectedFrame;
  reals[real + 6] = from.connectedUs;
  reals[real + 7] = from.handshakeFrame;
  reals[real + 8] = from.handshakeUs;
  reals[real + 9] = from.rescueFrame;
  reals[real + 10] = from.resetFrame;
  reals[real + 11] = from.resetUs;
  reals[real + 12] = from.lastUs;
  reals[real + 13] = from.lastFrame;
  reals[real + 14] = from.longestSilenceUs;
  reals[real + 15] = from.longestSilenceFrame;
}

function readOwn(
  into: Incarnation,
  flags: number,
  words: Int32Array,
  word: number,
  reals: Float64Array,
  real: number,
): void {
  into.dataSeen = (flags & DATA_SEEN) !== 0;
  into.synTsval = (flags & SYN_TSVAL) !== 0 ? at(words, word + 1) >>> 0 : undefined;
  into.resetBy = SIDES[(flags >>> RESET_BY_SHIFT) & 3];
  into.closedFirst = SIDES[(flags >>> CLOSED_FIRST_SHIFT) & 3];
  into.syns = at(words, word + 2);
  into.handshakePackets = at(words, word + 3);
  into.keepalives = at(words, word + 4);
  into.challenges = at(words, word + 5);
  into.wrongAcks = at(words, word + 6);
  into.synUs = at(reals, real + 2);
  into.synFrame = at(reals, real + 3);
  into.synIntervalUs = at(reals, real + 4);
  into.connectedFrame = at(reals, real + 5);
  into.connectedUs = at(reals, real + 6);
  into.handshakeFrame = at(reals, real + 7);
  into.handshakeUs = at(reals, real + 8);
  into.rescueFrame = at(reals, real + 9);
  into.resetFrame = at(reals, real + 10);
  into.resetUs = at(reals, real + 11);
  into.lastUs = at(reals, real + 12);
  into.lastFrame = at(reals, real + 13);
  into.longestSilenceUs = at(reals, real + 14);
  into.longestSilenceFrame = at(reals, real + 15);
}

/** The place of a side in `SIDES`, without a search for each connection. */
function sideBits(side: Side | undefined): number {
  if (side === undefined) return 0;
  return side === "client" ? 1 : 2;
}

function writeHalf(
  from: Half,
  words: Int32Array,
  word: number,
  reals: Float64Array,
  real: number,
): void {
  words[word] =
    (from.sent ? SENT : 0) |
    (from.hasAcked ? HAS_ACKED : 0) |
    (from.fin ? FIN_SENT : 0) |
    (from.hasTsval ? HAS_TSVAL : 0) |
    (from.isn === undefined ? 0 : HAS_ISN) |
    (from.windowShift << WINDOW_SHIFT_SHIFT);
  words[word + 1] = from.isn ?? 0;
  words[word + 2] = from.next;
  words[word + 3] = from.acked;
  words[word + 4] = from.finSequence;
  words[word + 5] = from.tsval;
  words[word + 6] = from.window;
  words[word + 7] = from.gaps;

  words[word + 8] = from.firstPrint;
  words[word + 9] = from.firstCheck;
  words[word + 10] = from.lastPrint;
  words[word + 11] = from.lastCheck;
  reals[real] = from.bytes;
  reals[real + 1] = from.finFrame;
  reals[real + 2] = from.finUs;
  reals[real + 3] = from.finHalfAckedFrame;
  reals[real + 4] = from.firstFrame;
  reals[real + 5] = from.lastFrame;
  reals[real + 6] = from.packets;
}

function readHalf(
  into: Half,
  words: Int32Array,
  word: number,
  reals: Float64Array,
  real: number,
): void {
  const flags = at(words, word);
  into.sent = (flags & SENT) !== 0;
  into.hasAcked = (flags & HAS_ACKED) !== 0;
  into.fin = (flags & FIN_SENT) !== 0;
  into.hasTsval = (flags & HAS_TSVAL) !== 0;
  into.isn = (flags & HAS_ISN) !== 0 ? at(words, word + 1) >>> 0 : undefined;
  into.windowShift = flags >>> WINDOW_SHIFT_SHIFT;
  into.next = at(words, word + 2);
  into.acked = at(words, word + 3);
  into.finSequence = at(words, word + 4);
  into.tsval = at(words, word + 5);
  into.window = at(words, word + 6);
  into.gaps = at(words, word + 7);
  into.firstPrint = at(words, word + 8);
  into.firstCheck = at(words, word + 9);
  into.lastPrint = at(words, word + 10);
  into.lastCheck = at(words, word + 11);
  into.bytes = at(reals, real);
  into.finFrame = at(reals, real + 1);
  into.finUs = at(reals, real + 2);
  into.finHalfAckedFrame = at(reals, real + 3);
  into.firstFrame = at(reals, real + 4);
  into.lastFrame = at(reals, real + 5);
  into.packets = at(reals, real + 6);
}

function at(numbers: Int32Array | Float64Array, place: number): number {
  return numbers[place] ?? 0;
}
