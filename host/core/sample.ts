/**
 * The stream that every source (virtual board, capture, real board) produces and that the rules
 * judge. Samples come in order of time. `boot` counts the boots seen by the source, from 0; `timeUs`
 * is in microseconds on one clock for the whole stream (never the device's own).
 */
import type { Tuple } from "./tuple.ts";

/** The device started. */
export interface BootSample {
  readonly kind: "boot";
  readonly boot: number;
  readonly timeUs: number;
  /** Whether the bench asked for this boot (a reboot or power cut that it made itself). */
  readonly requested: boolean;
  /** The boot counter that the device persists; absent when the source cannot see it. */
  readonly persistedBootCount?: number;
  /** `power-on`, `power-cut`, `reset`, `watchdog`, … as far as the source knows. */
  readonly cause?: string;
}

/** A SYN of the device: one connection attempt (retransmissions of the same SYN are not repeated). */
export interface OpenSample {
  readonly kind: "open";
  readonly boot: number;
  readonly timeUs: number;
  readonly tuple: Tuple;
  /** Sequence number of the SYN, u32. */
  readonly isn: number;
  /** TSval of the SYN, u32; absent when it carries no timestamp option (RFC 7323). */
  readonly tsval?: number;
  /** Who chose the local port: the device's allocator, the application (`bound`), or not known. */
  readonly portChoice: "allocated" | "bound" | "unknown";
  /** Where to find it: frame number in a capture, counted from 1. */
  readonly frame?: number;
  /** The answer to this SYN, where the source sees both ends. */
  readonly answer?: SynAnswer;
}

/** What the server made of the first SYN of a connection. */
export interface SynAnswer {
  readonly kind: "syn-ack" | "ack" | "rst" | "silence";
  /** Who answers, and what it held for the tuple: `linux`, `TIME_WAIT`. */
  readonly peer: string;
  readonly state: string;
  /** What it expected next from the device, u32; 0 when it held nothing. */
  readonly expected: number;
  /** True when this server would refuse the best of numbers here as well. */
  readonly byNature: boolean;
  /** Why it answered so, in one sentence. */
  readonly because: string;
}

/** How far a connection has used its sequence numbers. The last one of a connection counts. */
export interface UsedSample {
  readonly kind: "used";
  readonly boot: number;
  readonly timeUs: number;
  readonly tuple: Tuple;
  /** Next sequence number: one past the highest that SYN, data and FIN have used (u32). */
  readonly next: number;
  /** Highest TSval sent so far, u32. */
  readonly tsval?: number;
  /** The device went on after the handshake, where the source sees that. */
  readonly stood?: boolean;
  /** The connection did not come to its end: a few numbers more may have been used. */
  readonly cutShort?: boolean;
  readonly frame?: number;
}

/** The device refused to give a number. `expected`: the scenario calls for it (quiet time, say). */
export interface RefusedSample {
  readonly kind: "refused";
  readonly boot: number;
  readonly timeUs: number;
  readonly call: "boot" | "port" | "isn" | "timestamp" | "advance" | "close";
  readonly reason: string;
  readonly expected: boolean;
}

/** The device's storage was lost (wiped, replaced): from here quiet time is due (RFC 9293 §3.4.3). */
export interface StorageLostSample {
  readonly kind: "storage-lost";
  readonly boot: number;
  readonly timeUs: number;
}

/** Totals of non-volatile memory use since the start of the stream. */
export interface NvmSample {
  readonly kind: "nvm";
  readonly boot: number;
  readonly timeUs: number;
  /** Journal records made durable. */
  readonly writes: number;
  /** Erases of the most erased sector. */
  readonly erasesMax: number;
  /** Erase cycles that the part is rated for. */
  readonly enduranceCycles: number;
  /** Erases of each sector, where the source can count them. */
  readonly sectorErases?: readonly number[];
}

/** A segment of an earlier connection of the tuple, delayed or doubled by the network, has arrived. */
export interface StaleSample {
  readonly kind: "stale";
  readonly boot: number;
  readonly timeUs: number;
  readonly tuple: Tuple;
  readonly at: "server" | "device";
  /** The segment: its first number, and its length in bytes. */
  readonly seq: number;
  readonly bytes: number;
  /** What the receiver expects next in the new connection, and its window in bytes. */
  readonly expected: number;
  readonly window: number;
  /** The receiver took some of it for data of the new connection. */
  readonly accepted: boolean;
  /** How long ago it was sent, in microseconds. */
  readonly ageUs: number;
}

/** Faults have stopped; from `sinceUs` on the device has `limitUs` to reach this server. */
export interface LivenessSample {
  readonly kind: "liveness";
  readonly boot: number;
  readonly timeUs: number;
  readonly tuple: Tuple;
  readonly connected: boolean;
  readonly sinceUs: number;
  readonly limitUs: number;
}

/** The device did to its memory what the part does not allow. */
export interface ViolationSample {
  readonly kind: "violation";
  readonly boot: number;
  readonly timeUs: number;
  /** `program-not-erased`, …: host/virtual/nvm-part.ts. */
  readonly what: string;
  /** Byte offset, sector or key. */
  readonly at: number;
}

export type Sample =
  | BootSample
  | OpenSample
  | UsedSample
  | RefusedSample
  | StorageLostSample
  | NvmSample
  | StaleSample
  | LivenessSample
  | ViolationSample;
