/** What is right about each capture of test/fixtures/captures/field; INDEX.md there tells what they show. */

export interface FieldCapture {
  readonly file: string;
  /** Findings, in order: severity, rule and confidence. */
  readonly finds: readonly string[];
  /** Whom the faults blame, in their order: an address, "the way", or nobody. */
  readonly blames?: readonly (string | undefined)[];
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
  {
    file: "refused-syn-repeated.pcap",
    finds: ["information connection-refused certain"],
    says: ["one attempt, of which nothing is left at the server", "nobody listens there"],
    never: [/restart/, /still holds/],
    boots: 1,
  },
  {
    file: "syn-retry-after-rst.pcap",
    finds: ["information connection-refused certain"],
    says: ["3 SYNs with number 1013818839"],
    never: [/restart/, /still holds/],
  },
  {
    file: "isn-zero-acked-as-zero.pcap",
    finds: ["fault synack-off-by-one certain"],
    blames: ["10.77.0.1"],
    says: ["is due (-1)", "never uses the ISN 0"],
    never: [/another connection/i, /port pool/],
  },
  {
    file: "rst-challenge-loop.pcap",
    finds: ["fault rst-challenge-loop certain"],
    blames: ["10.77.0.2"],
    says: [
      "acknowledges 858981067 (0x333302cb), 858980367 (0x3333000f) is due; 50 pairs in 148 ms",
    ],
  },
  {
    file: "rst-with-wrong-ack.pcap",
    finds: ["fault rst-not-acceptable certain"],
    blames: ["10.77.0.2"],
    says: ["615815458 (0x24b49922) (-1), 615815459", "4 RSTs came"],
    never: [/does not answer/, /no answer/],
  },
  {
    file: "scanner-one-isn.pcap",
    finds: ["information connection-refused certain"],
    never: [/predict/],
  },
  {
    file: "server-never-reopens-timewait.pcap",
    finds: ["fault timewait-never-reopened certain"],
    blames: ["10.77.0.2"],
    says: [
      "closed first by the server",
      "RSTs with exactly that number did not clear it",
      "let the client close first",
    ],
    never: [/persist/, /still holds the last connection/],
  },
  {
    file: "syn-dropped-by-conntrack.pcap",
    finds: ["fault syn-dropped-on-the-way likely"],
    blames: ["the way"],
    says: ["+2,000,000", "the client closed first", "conntrack -L"],
    never: [/FreeBSD/],
  },
  {
    file: "syn-ignored-while-open.pcap",
    finds: ["fault syn-ignored likely"],
    blames: ["10.77.0.2"],
    says: ["frames 1 to 7", "was never closed", "RFC 5961 §4"],
    never: [/nothing of an earlier/, /no earlier connection/],
  },
  {
    file: "syn-then-ack-of-isn.pcap",
    finds: ["information halfopen-challenge-ack possible"],
    says: ["Nothing of an old connection is shown"],
    never: [/TIME_WAIT/, /behind/],
  },
  { file: "synack-and-request-not-recorded.pcap", finds: [] },
  {
    file: "synack-from-other-port.pcap",
    finds: ["fault synack-from-elsewhere certain"],
    blames: ["the way"],
    says: ["is answered from 10.77.0.1:6443"],
    never: [/does not answer/, /SYN was not seen/],
  },
  { file: "tfo-syn-data.pcap", finds: [] },
  {
    file: "tw-recycle-per-host-paws.pcap",
    finds: ["fault paws-per-host certain"],
    blames: ["10.77.0.1"],
    says: ["All 15 attempts without an answer", "all 8 that were accepted", "tcp_tw_recycle"],
    never: [/does not answer/],
  },
  {
    file: "zero-bit-flip.pcap",
    finds: ["information second-synack certain"],
    says: ["1712195420", "another ISN"],
    never: [/bits? flipped/],
  },
  {
    file: "one-port-after-each-boot.pcap",
    finds: [
      "fault ports-restart-after-boot certain",
      "fault halfopen-challenge-ack certain",
      "information boot-detected likely",
      "information rst-rescue certain",
    ],
    blames: ["10.77.0.2", "10.77.0.2"],
    says: ["takes the source port 41001 first after each restart", "persist a port counter"],
    never: [/port-pool-wrap/, /longer connections/, /TIME_WAIT/],
    boots: 5,
  },
  {
    file: "one-port-period.pcap",
    finds: ["fault port-pool-wrap certain", "fault timewait-isn-behind certain"],
    blames: ["10.77.0.2", "10.77.0.2"],
    says: ["comes round every 28 s"],
    boots: 1,
  },
  {
    file: "pauses-without-restart.pcapng",
    finds: ["information port-pool-wrap certain", "information timewait-reuse-ok certain"],
    never: [/restart/],
    device: "10.99.0.2",
    boots: 1,
  },
  { file: "link-radiotap.pcap", finds: [] },
  { file: "tunnel-gre.pcap", finds: [], says: ["3 TCP packets came in a tunnel: GRE"] },
  { file: "tunnel-mpls.pcap", finds: [], says: ["3 TCP packets came in a tunnel: MPLS"] },
  { file: "tunnel-vxlan.pcap", finds: [], says: ["3 TCP packets came in a tunnel: VXLAN"] },
  {
    file: "mixed-plain-and-vxlan.pcap",
    finds: ["fault syn-ignored possible"],
    blames: [undefined],
    says: ["4 TCP packets came in a tunnel: VXLAN", "one taken at the server shows"],
  },
  {
    file: "isn-lfsr-16-bits.pcap",
    finds: ["fault isn-predictable certain"],
    blames: ["10.77.0.2"],
    says: ["a shift register of 16 bits", "65535 states in all", "the next one is"],
  },
  {
    file: "isn-picotcp.pcap",
    finds: ["fault isn-predictable certain"],
    blames: ["10.77.0.2"],
    says: ["pico_rand of picoTCP (CVE-2020-27635"],
  },
];
