/** What is asked of a capture, and what it comes to beside its samples. */
import type { CaptureNote } from "../../capture/packet.ts";
import type { Address } from "../../core/address.ts";
import type { FoundBoot } from "./boot-numbering.ts";

export interface CaptureSamplesOptions {
  /** The device whose numbers are judged. */
  readonly device: Address;
  /** What errors call the capture; default: its path, or "standard input". */
  readonly name?: string;
  /**
   * A boot is wherever the device was silent for at least this long before a connection attempt
   * (more than 0). Without this and `bootTimesUs` boots are found by themselves.
   */
  readonly bootGapUs?: number;
  /**
   * Boots at these times, in microseconds: below 10^14 since the first packet, otherwise since 1970.
   * Boot 0 is the beginning of the capture; a time before it is passed over with a note.
   */
  readonly bootTimesUs?: readonly number[];
  /** How long a silent connection is remembered; default 2 × MSL = 240 s (RFC 9293 §3.4.3). */
  readonly twoMslUs?: number;
}

export interface CaptureSummary {
  readonly name: string;
  readonly format: "pcap" | "pcapng" | undefined;
  readonly packets: number;
  readonly tcpPackets: number;
  /** TCP packets that the device sent. */
  readonly devicePackets: number;
  /** Time of the first and the last packet, in microseconds since 1970; undefined without packets. */
  readonly firstUs: number | undefined;
  readonly lastUs: number | undefined;
  /** Incarnations of tuples: attempts, accepted ones, and those that began before the capture. */
  readonly connections: number;
  /** Connections that the device tried to open; repeated SYNs are counted apart. */
  readonly attempts: number;
  readonly synRetransmissions: number;
  readonly accepted: number;
  readonly midstream: number;
  /** Boots, boot 0 included; `boots` lists the first 1,000 with the evidence. */
  readonly bootCount: number;
  readonly boots: readonly FoundBoot[];
  /** How boots were looked for, in one sentence. */
  readonly bootMethod: string;
  readonly notes: readonly CaptureNote[];
  /** The capture is cut short: a verdict over it must not be a pass. */
  readonly truncated: boolean;
}
