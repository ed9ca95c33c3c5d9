/** What is right about each capture of test/fixtures/captures/field; INDEX.md there tells what they show. */

export interface FieldCapture {
  readonly file: string;
  /** Findings, in order: severity, rule and confidence. */
  readonly finds: readonly string[];
  /** Parts of what the report says. */
  readonly says?: readonly string[];
  /** What it must not say. */
  readonly never?: readonly RegExp[];
  /** The device of `check --capture`: 10.77.0.2 unless given. */
  readonly device?: string;
  /** Boots that `check --capture` finds, the one that the capture begins with included. */
  readonly boots?: number;
}

export const FIELD_CAPTURES: readonly FieldCapture[] = [
  {
    file: "capture-appended-twice.pcap",
    finds: [],
    says: ["18 packets are of a part of the capture that comes once more"],
    never: [/restart/],
    boots: 1,
  },
  {
    file: "nat-both-sides-real-kernel.pcap",
    finds: [],
    says: ["both sides of an address translation", "12 connections"],
    boots: 1,
  },
  {
    file: "nat-both-sides.pcap",
    finds: [],
    says: ["both sides of an address translation", "33 packets are those of 3 connections"],
    boots: 1,
  },
  {
    file: "seq-randomizer-both-sides.pcap",
    finds: [],
    says: ["rewrites sequence numbers", "33 packets are those of 3 connections"],
    never: [/bits? flipped/],
    boots: 1,
  },
  {
    file: "span-split-handshake.pcap",
    finds: [],
    says: ["6 packets are in the capture twice"],
    never: [/no answer/],
    boots: 1,
  },
];
