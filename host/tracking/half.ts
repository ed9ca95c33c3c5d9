/** What one side of a connection has sent, and what of it waits for an explanation. */
import type { ChecksumState } from "../capture/checksum.ts";

/** A data segment that was seen before, told by its numbers, length and checksum. */
export interface DataPrint {
  readonly sequence: number;
  readonly length: number;
  readonly acknowledgement: number;
  readonly checksum: number;
  readonly frame: number;
}

/**
 * What one side has sent in one incarnation. Numbers are u32; inside they are kept as i32, which the
 * engine stores in place, because boxed numbers would be most of the memory of 100,000 connections.
 */
export class Half {
  #isn = 0;
  #hasIsn = false;
  #next = 0;
  #acked = 0;
  #finSequence = 0;
  #tsval = 0;
  packets = 0;
  bytes = 0;
  sent = false;
  hasAcked = false;
  fin = false;
  finFrame = 0;
  // A fraction, so that the engine makes room for any time at once (flow.ts).
  finUs = 0.5;
  hasTsval = false;
  /** Window that it advertised last, in bytes. */
  window = 0;
  windowShift = 0;
  /** Segments that began beyond what was expected: packets before them are not in the capture. */
  gaps = 0;
  /** After the other side's FIN it repeated the ACK of all before the FIN; 0: it did not. */
  finHalfAckedFrame = 0;
  /** Prints of the first and the last data segment (data-prints.ts), and their frames; 0: none. */
  firstPrint = 0;
  firstCheck = 0;
  firstFrame = 0;
  lastPrint = 0;
  lastCheck = 0;
  lastFrame = 0;
  /** A number that does not fit, until the next segment tells what it was. */
  misfit: Misfit | undefined;
  /** A late copy of an earlier incarnation's segment, until the other side acknowledges it. */
  stale: StaleCopy | undefined;

  constructor() {
    this.begin();
  }

  /** As a new one: it has sent nothing. */
  begin(): void {
    this.#isn = 0;
    this.#hasIsn = false;
    this.#next = 0;
    this.#acked = 0;
    this.#finSequence = 0;
    this.#tsval = 0;
    this.packets = 0;
    this.bytes = 0;
    this.sent = false;
    this.hasAcked = false;
    this.fin = false;
    this.finFrame = 0;
    this.finUs = 0;
    this.hasTsval = false;
    this.window = 0;
    this.windowShift = 0;
    this.gaps = 0;
    this.finHalfAckedFrame = 0;
    this.firstPrint = 0;
    this.firstCheck = 0;
    this.firstFrame = 0;
    this.lastPrint = 0;
    this.lastCheck = 0;
    this.lastFrame = 0;
    this.misfit = undefined;
    this.stale = undefined;
  }

  /** Known once its SYN or SYN-ACK was seen. */
  get isn(): number | undefined {
    return this.#hasIsn ? this.#isn >>> 0 : undefined;
  }

  set isn(value: number | undefined) {
    this.#hasIsn = value !== undefined;
    this.#isn = (value ?? 0) | 0;
  }

  /** One past the highest sequence number that SYN, data and FIN have used; valid if `sent`. */
  get next(): number {
    return this.#next >>> 0;
  }

  set next(value: number) {
    this.#next = value | 0;
  }

  /** Highest acknowledgement number it has sent; valid if `hasAcked`. */
  get acked(): number {
    return this.#acked >>> 0;
  }

  set acked(value: number) {
    this.#acked = value | 0;
  }

  /** Sequence number of the FIN itself. */
  get finSequence(): number {
    return this.#finSequence >>> 0;
  }

  set finSequence(value: number) {
    this.#finSequence = value | 0;
  }

  /** Highest TSval; valid if `hasTsval`. */
  get tsval(): number {
    return this.#tsval >>> 0;
  }

  set tsval(value: number) {
    this.#tsval = value | 0;
  }
}

export interface Misfit {
  readonly field: "sequence" | "acknowledgement";
  readonly seen: number;
  readonly due: number;
  readonly frame: number;
  readonly timeUs: number;
  readonly checksum: ChecksumState;
  /** Whether the checksum fits if the number that was due is put in. */
  readonly checksumFitsDue: boolean;
  readonly timeToLive: number;
  readonly length: number;
}

export interface StaleCopy {
  readonly print: DataPrint;
  readonly frame: number;
  readonly timeUs: number;
  /** Frame of the segment that it is a copy of. */
  readonly originalFrame: number;
}
