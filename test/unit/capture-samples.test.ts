import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type CaptureSamplesOptions, captureSamples } from "../../host/capture/samples.ts";
import { parseAddress } from "../../host/core/address.ts";
import { UsageError } from "../../host/core/errors.ts";
import type { OpenSample, Sample, UsedSample } from "../../host/core/sample.ts";
import { tupleKey } from "../../host/core/tuple.ts";
import {
  be16,
  be32,
  bytes,
  collect,
  type Ends,
  ethernet,
  FLAG,
  failure,
  inChunks,
  ipv4,
  ipv6,
  pcapFile,
  type RecordFields,
  type TcpFields,
  tcp,
  timestamps,
  V4,
  V6,
} from "../support/packets.ts";

const FIXTURES = new URL("../fixtures/captures/", import.meta.url).pathname;
const DEVICE = parseAddress("10.77.0.2");
const S = 1_000_000;
const START = 1_795_000_000 * S;

async function judge(source: Uint8Array | string, options: Partial<CaptureSamplesOptions> = {}) {
  const bytes = typeof source === "string" ? join(FIXTURES, source) : inChunks(source, 10_000);
  const stream = captureSamples(bytes, { device: DEVICE, ...options });
  const samples = await collect(stream);
  const summary = stream.summary();
  expectOrder(samples);
  const opens = samples.filter((sample): sample is OpenSample => sample.kind === "open");
  return { samples, opens, summary, boots: samples.filter(({ kind }) => kind === "boot") };
}

/** What holds for every stream: times never go back, boots count up, boot 0 comes first. */
function expectOrder(samples: readonly Sample[]) {
  let boot = -1;
  let timeUs = 0;
  for (const sample of samples) {
    if (sample.kind === "boot") boot += 1;
    expect(sample.boot).toBe(boot);
    expect(sample.timeUs).toBeGreaterThanOrEqual(timeUs);
    timeUs = sample.timeUs;
  }
}

/** The last number of each connection, in the order of the opens. */
function lastNumbers(samples: readonly Sample[]): number[] {
  const last = new Map<string, UsedSample>();
  const ended: number[] = [];
  for (const sample of samples) {
    if (sample.kind === "used") last.set(tupleKey(sample.tuple), sample);
    if (sample.kind !== "open") continue;
    const before = last.get(tupleKey(sample.tuple));
    if (before) ended.push(before.next);
    last.delete(tupleKey(sample.tuple));
  }
  return [...ended, ...[...last.values()].map(({ next }) => next)];
}

describe("the field captures", () => {
  it("a1: one old connection up to 6595, then one attempt with the old ISN, repeated three times", async () => {
    const { samples, opens, summary } = await judge(
      "a1_timewait_same_isn_same_port_challenge_ack_no_synack.pcap",
    );
    expect(opens.map(({ isn, frame }) => [isn, frame])).toEqual([
      [6574, 1],
      [6574, 11],
    ]);
    expect(samples.map(({ kind }) => kind)).toEqual(["boot", "open", "used", "open", "used"]);
    expect(lastNumbers(samples)).toEqual([6595, 6575]);
    expect(summary).toMatchObject({
      packets: 18,
      tcpPackets: 18,
      devicePackets: 9,
      attempts: 2,
      synRetransmissions: 3,
      bootCount: 1,
      notes: [],
      truncated: false,
    });
    expect(summary.bootMethod).toContain("too few");
  });

  it("a3: the restarted timestamp shows in the second attempt", async () => {
    const { samples, opens } = await judge("a3_timewait_good_isn_but_low_tsval_after_reboot.pcap");
    expect(opens.map(({ isn, tsval }) => [isn, tsval])).toEqual([
      [1509949440, 4000000],
      [1511949461, 1500],
    ]);
    expect(samples.flatMap((s) => (s.kind === "used" ? [s.tsval] : []))).toEqual([4000000, 2500]);
  });

  it("b1: an ISN more than 2^31 ahead, once repeated", async () => {
    const { samples, opens, summary } = await judge(
      "b1_timewait_isn_2e31_plus_above_challenge_ack.pcapng",
    );
    expect(opens.map(({ isn }) => isn)).toEqual([270544960, 2418103194]);
    expect(lastNumbers(samples)[0]).toBe(270544981);
    expect(summary.synRetransmissions).toBe(1);
  });

  it("c1: the old connection ends at 270544981, the new one begins at 271044981", async () => {
    const { samples, opens } = await judge("c1_timewait_good_reuse_synack.pcap");
    expect(opens[1]?.isn).toBe(271044981);
    expect(samples.map((s) => (s.kind === "used" ? s.next : s.kind))).toEqual([
      "boot",
      "open",
      270544981,
      "open",
      271045001,
    ]);
  });

  it("d1: RST and second SYN belong to one attempt", async () => {
    const { samples, opens, summary } = await judge("d1_halfopen_established_rst_recovery.pcap");
    expect(opens.map(({ isn, frame }) => [isn, frame])).toEqual([
      [6574, 1],
      [6574, 8],
    ]);
    expect(lastNumbers(samples)).toEqual([6594, 6594]);
    expect(summary.synRetransmissions).toBe(1);
  });

  it("f1: two wrong answers do not make two attempts", async () => {
    const { opens, summary } = await judge(
      "f1_lb_synack_unrelated_ack_kernel_client_rst_then_ok.pcap",
      { device: parseAddress("10.77.0.1") },
    );
    expect(opens.map(({ isn }) => isn)).toEqual([799447851]);
    expect(summary.synRetransmissions).toBe(2);
  });

  it("f1 seen from the server: it accepts, with ports it did not choose", async () => {
    const { opens, summary } = await judge(
      "f1_lb_synack_unrelated_ack_kernel_client_rst_then_ok.pcap",
    );
    expect(opens.map(({ isn, portChoice }) => [isn, portChoice])).toEqual([
      [1592590337, "bound"],
      [1592590338, "bound"],
      [2004318071, "bound"],
    ]);
    expect(summary).toMatchObject({ attempts: 0, accepted: 3 });
  });

  it("g1: 40 attempts on ten ports, three seconds apart, no boot", async () => {
    const { opens, boots } = await judge("g1_pool1025-1034_random_isn_wrap_120s_ignore.pcap");
    expect(opens).toHaveLength(40);
    expect(
      opens.every(
        ({ tuple, portChoice }, i) =>
          tuple.localPort === 1025 + (i % 10) && portChoice === "unknown",
      ),
    ).toBe(true);
    expect(boots).toHaveLength(1);
  });

  it.each(["i1_isn_64k_rule", "i6_isn_random_control"])(
    "%s: 12 attempts, no boot",
    async (name) => {
      const { opens, boots } = await judge(`${name}.pcap`);
      expect(opens).toHaveLength(12);
      expect(boots).toHaveLength(1);
    },
  );

  it("i5: 6510 + 2n twice, with exactly one boot between", async () => {
    for (const suffix of ["pcap", "pcapng"]) {
      const { opens, boots, summary } = await judge(
        `i5_isn_fixed_6510_plus_ticks_reboot.${suffix}`,
      );
      const half = [6510, 6512, 6514, 6516, 6518, 6520];
      expect(opens.map(({ isn }) => isn)).toEqual([...half, ...half]);
      expect(opens.map(({ boot }) => boot)).toEqual([0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1]);
      expect(boots).toHaveLength(2);
      expect(summary.boots[1]).toMatchObject({ boot: 1, frame: 61, evidence: "silence" });
      expect(summary.boots[1]?.detail).toBe(
        "boot 1: the device connected after 3.3 s of silence (frame 61)",
      );
    }
  });
});

describe("boots", () => {
  const i5 = "i5_isn_fixed_6510_plus_ticks_reboot.pcap";

  it("finds them by the gap that was asked for", async () => {
    expect((await judge(i5, { bootGapUs: 3.4 * S })).boots).toHaveLength(1);
    const { boots, summary } = await judge(i5, { bootGapUs: 3.2 * S });
    expect(boots).toHaveLength(2);
    expect(summary.bootMethod).toContain("3.2 s");
    expect((await judge(i5, { bootGapUs: 0.2 * S })).boots).toHaveLength(12);
  });

  it("does not take the waits between repeated SYNs for a boot", async () => {
    const a1 = "a1_timewait_same_isn_same_port_challenge_ack_no_synack.pcap";
    expect((await judge(a1, { bootGapUs: 1.5 * S })).boots).toHaveLength(2);
  });

  it("takes times since the first packet, and since 1970", async () => {
    const relative = await judge(i5, { bootTimesUs: [4 * S] });
    expect(relative.boots.map(({ timeUs }) => timeUs - (relative.boots[0]?.timeUs ?? 0))).toEqual([
      0,
      4 * S,
    ]);
    expect(relative.opens.map(({ boot }) => boot).indexOf(1)).toBe(6);
    const first = relative.boots[0]?.timeUs ?? 0;
    const absolute = await judge(i5, { bootTimesUs: [first + 4 * S] });
    expect(absolute.samples).toEqual(relative.samples);
    expect(absolute.summary.boots[1]?.evidence).toBe("given");
  });

  it("finds no others where times are given, and notes those outside the capture", async () => {
    const { boots, summary } = await judge(i5, { bootTimesUs: [0, 100 * S, 1e14] });
    expect(boots).toHaveLength(1);
    expect(summary.notes).toMatchObject([{ code: "boot-time-unused", count: 2 }]);
  });

  it("refuses times that no device can boot at", async () => {
    for (const options of [{ bootGapUs: 0 }, { bootGapUs: Number.NaN }, { bootTimesUs: [1, -1] }]) {
      expect(() => captureSamples(join(FIXTURES, i5), { device: DEVICE, ...options })).toThrow(
        UsageError,
      );
    }
  });

  /** SYNs at the given seconds, each on a port of its own unless told otherwise. */
  function syns(
    seconds: readonly number[],
    fields: (i: number) => TcpFields = () => ({}),
  ): RecordFields[] {
    return seconds.map((second, i) => ({
      timeUs: START + second * S,
      data: ethernet(
        ipv4(tcp({ flags: FLAG.syn, sequence: 1000 * i, sourcePort: 50_000 + i, ...fields(i) })),
      ),
    }));
  }
  const before = [0, 0.3, 0.6, 0.9];
  const sorted = (records: RecordFields[]) =>
    pcapFile([...records].sort((a, b) => (a.timeUs ?? 0) - (b.timeUs ?? 0)));

  it("needs four attempts before it calls a silence a boot", async () => {
    expect((await judge(sorted(syns([0, 0.3, 5])))).boots).toHaveLength(1);
    expect((await judge(sorted(syns([0, 0.3, 5, 5.3])))).boots).toHaveLength(2);
  });

  it("calls no silence a boot that is shorter than a second", async () => {
    const burst = (pause: number) => [0, 0.01, 0.02, 0.03, 0.03 + pause];
    expect((await judge(sorted(syns(burst(0.99))))).boots).toHaveLength(1);
    expect((await judge(sorted(syns(burst(1.01))))).boots).toHaveLength(2);
  });

  it("does not call the wait before the only attempt a boot", async () => {
    const running: RecordFields = {
      timeUs: START,
      data: ethernet(ipv4(tcp({ sequence: 1, sourcePort: 80, flags: FLAG.ack }))),
    };
    expect((await judge(sorted([running, ...syns([60])]))).boots).toHaveLength(1);
  });

  it("does not call it a boot if an old connection goes on after the silence", async () => {
    const alive: RecordFields = {
      timeUs: START + 4.9 * S,
      data: ethernet(
        ipv4(tcp({ sequence: 1, sourcePort: 50_000, flags: FLAG.ack, payload: Uint8Array.of(1) })),
      ),
    };
    const reset: RecordFields = {
      timeUs: START + 4.9 * S,
      data: ethernet(ipv4(tcp({ sequence: 1, sourcePort: 50_000, flags: FLAG.rst }))),
    };
    expect((await judge(sorted([...syns([...before, 5]), alive]))).boots).toHaveLength(1);
    expect((await judge(sorted([...syns([...before, 5]), reset]))).boots).toHaveLength(2);
  });

  it("sees a boot behind a connection that the device accepts after it", async () => {
    const accepted: RecordFields = {
      timeUs: START + 4.9 * S,
      data: ethernet(ipv4(tcp({ sequence: 1, sourcePort: 80, flags: FLAG.syn | FLAG.ack }))),
    };
    expect((await judge(sorted([...syns([...before, 5]), accepted]))).boots).toHaveLength(2);
    const alive: RecordFields = {
      timeUs: START + 4.95 * S,
      data: ethernet(ipv4(tcp({ sequence: 1, sourcePort: 50_000, flags: FLAG.ack }))),
    };
    const withProof = sorted([...syns([...before, 5]), accepted, alive]);
    expect((await judge(withProof)).boots).toHaveLength(1);
  });

  const ARP_PROBE = (second: number, sender = [0, 0, 0, 0]): RecordFields => ({
    timeUs: START + second * S,
    data: ethernet(
      bytes(
        be16(1),
        be16(0x0800),
        [6, 4],
        be16(1),
        [2, 0, 0, 0, 0, 2],
        sender,
        [0, 0, 0, 0, 0, 0],
        [10, 77, 0, 2],
      ),
      be16(0x0806),
    ),
  });

  function dhcp(second: number, current: number[], requested: number[]): RecordFields {
    const fixed = [1, 1, 6, 0, ...be32(7), ...be32(0), ...current, ...new Array(220).fill(0)];
    const options = [...be32(0x63825363), 53, 1, 3, 0, 50, 4, ...requested, 255];
    const payload = bytes(fixed, options);
    const udp = bytes(be16(68), be16(67), be16(8 + payload.length), be16(0), payload);
    return {
      timeUs: START + second * S,
      data: ethernet(
        ipv4(udp, { protocol: 17, source: [0, 0, 0, 0], target: [255, 255, 255, 255] }),
      ),
    };
  }

  it("finds a boot by ARP probes, once, and none before the device was heard of", async () => {
    const records = [
      ...syns([...before, 2.1]),
      ARP_PROBE(-1),
      ARP_PROBE(1.5),
      ARP_PROBE(1.7),
      ARP_PROBE(1.9),
    ];
    const { opens, boots, summary } = await judge(sorted(records));
    expect(boots).toHaveLength(2);
    expect(opens.map(({ boot }) => boot)).toEqual([0, 0, 0, 0, 1]);
    expect(summary.boots[1]).toMatchObject({ evidence: "arp-probe", timeUs: START + 1.5 * S });
  });

  it("does not take another host's question for the device's address for a boot", async () => {
    const asked = [...syns([...before, 1.8]), ARP_PROBE(1.5, [10, 77, 0, 1])];
    expect((await judge(sorted(asked))).boots).toHaveLength(1);
  });

  it("finds a boot by a DHCP request for the device's address, not by a renewal", async () => {
    const ip = [10, 77, 0, 2];
    const asks = await judge(sorted([...syns([...before, 1.5]), dhcp(1.2, [0, 0, 0, 0], ip)]));
    expect(asks.summary.boots[1]).toMatchObject({ evidence: "dhcp-request" });
    expect(
      (await judge(sorted([...syns([...before, 1.5]), dhcp(1.2, ip, ip)]))).boots,
    ).toHaveLength(1);
    expect(
      (await judge(sorted([...syns([...before, 1.5]), dhcp(1.2, [0, 0, 0, 0], [10, 77, 0, 3])])))
        .boots,
    ).toHaveLength(1);
  });

  it("counts a SYN with the number of an unanswered one anew after such a boot", async () => {
    const same = syns([0, 2], () => ({ sequence: 6510, sourcePort: 49_153 }));
    expect((await judge(sorted(same))).opens).toHaveLength(1);
    expect((await judge(sorted([...same, ARP_PROBE(1)]))).opens).toHaveLength(2);
    expect((await judge(sorted(same), { bootTimesUs: [S] })).opens).toHaveLength(2);
  });

  it("works for IPv6, with duplicate address detection as the sign of a boot", async () => {
    const ends: Ends = { source: new Array(16).fill(0), target: V6.target };
    const solicitation = bytes([135, 0, 0, 0, 0, 0, 0, 0], V6.source);
    const syn = (second: number, fields: TcpFields): RecordFields => ({
      timeUs: START + second * S,
      data: ethernet(ipv6(tcp({ flags: FLAG.syn, ...fields }, V6)), be16(0x86dd)),
    });
    const data = pcapFile([
      syn(0, { sequence: 5, options: timestamps(9, 0) }),
      {
        timeUs: START + S,
        data: ethernet(ipv6(solicitation, { ...ends, next: 58 }), be16(0x86dd)),
      },
      syn(2, { sequence: 6 }),
    ]);
    const { opens, summary } = await judge(data, { device: parseAddress("fd00::2") });
    expect(opens.map(({ boot, isn, tsval, tuple }) => [boot, isn, tsval, tupleKey(tuple)])).toEqual(
      [
        [0, 5, 9, "[fd00::2]:49153 > [fd00::1]:1021"],
        [1, 6, undefined, "[fd00::2]:49153 > [fd00::1]:1021"],
      ],
    );
    expect(summary.boots[1]?.evidence).toBe("duplicate-address-detection");
  });

  it("finds boots in a capture longer than what it holds back", async () => {
    const seconds = Array.from(
      { length: 900 },
      (_, i) => i * 0.1 + (i >= 400 ? 5 : 0) + (i >= 700 ? 5 : 0),
    );
    const { opens, boots } = await judge(sorted(syns(seconds)));
    expect(boots).toHaveLength(3);
    expect([400, 700].map((i) => (opens[i]?.boot ?? 0) - (opens[i - 1]?.boot ?? 0))).toEqual([
      1, 1,
    ]);
  });
});

describe("the stream", () => {
  it("tells how far a long connection has come before the next attempt, in order of time", async () => {
    const at = (second: number, fields: TcpFields): RecordFields => ({
      timeUs: START + second * S,
      data: ethernet(ipv4(tcp(fields))),
    });
    const data = pcapFile([
      at(0, { flags: FLAG.syn, sequence: 100, sourcePort: 1 }),
      at(1, { flags: FLAG.ack, sequence: 101, sourcePort: 1, payload: new Uint8Array(10) }),
      at(2, { flags: FLAG.syn, sequence: 200, sourcePort: 2 }),
      at(3, { flags: FLAG.ack, sequence: 201, sourcePort: 2, payload: new Uint8Array(1) }),
      at(4, { flags: FLAG.ack, sequence: 111, sourcePort: 1, payload: new Uint8Array(5) }),
      at(5, { flags: FLAG.syn, sequence: 300, sourcePort: 3 }),
    ]);
    const { samples } = await judge(data);
    expect(
      samples.map((s) => [
        s.kind,
        (s.timeUs - START) / S,
        "tuple" in s ? s.tuple.localPort : 0,
        "next" in s ? s.next : 0,
      ]),
    ).toEqual([
      ["boot", 0, 0, 0],
      ["open", 0, 1, 0],
      ["used", 1, 1, 111],
      ["open", 2, 2, 0],
      ["used", 3, 2, 202],
      ["used", 4, 1, 116],
      ["open", 5, 3, 0],
    ]);
  });

  it("stays in order where the capture's clock goes back, and says so", async () => {
    const at = (second: number, sourcePort: number): RecordFields => ({
      timeUs: START + second * S,
      data: ethernet(ipv4(tcp({ flags: FLAG.syn, sourcePort }))),
    });
    const { samples, summary } = await judge(pcapFile([at(5, 1), at(3, 2), at(6, 3)]));
    expect(samples.map(({ timeUs }) => (timeUs - START) / S)).toEqual([5, 5, 5, 6]);
    expect(summary.notes).toMatchObject([{ code: "time-went-back", count: 1 }]);
  });

  it("says when the capture is cut short", async () => {
    const data = await readFile(join(FIXTURES, "c1_timewait_good_reuse_synack.pcap"));
    const { opens, summary } = await judge(data.subarray(0, data.length - 3));
    expect(opens).toHaveLength(2);
    expect(summary.truncated).toBe(true);
    expect(summary.notes).toMatchObject([{ code: "truncated" }]);
  });

  it("counts what it could not read", async () => {
    const whole = ethernet(ipv4(tcp({ flags: FLAG.syn })));
    const { summary } = await judge(
      pcapFile([
        { data: whole },
        { data: ethernet(ipv4(tcp({}), { fragmentOffset: 9 })) },
        { data: whole.subarray(0, 40), originalLength: whole.length },
        { data: ethernet(ipv4(tcp({}), { totalLength: 30 })) },
        { data: ethernet(ipv4(tcp({ sourcePort: 5, sequence: 10 }))) },
      ]),
    );
    expect(summary.notes.map(({ code, count }) => [code, count])).toEqual([
      ["fragments", 1],
      ["headers-cut", 1],
      ["malformed", 1],
      ["midstream", 1],
    ]);
  });

  it("names the addresses that are there when the device is not", async () => {
    const stream = captureSamples(join(FIXTURES, "i5_isn_fixed_6510_plus_ticks_reboot.pcap"), {
      device: parseAddress("10.77.0.9"),
    });
    const error = await failure(() => collect(stream));
    expect(error).toMatchObject({ code: "capture-no-device", exitCode: 2 });
    expect(String(error)).toContain("10.77.0.2 (72 packets), 10.77.0.1 (72 packets)");
    expect(String(error)).not.toContain("\n");
  });

  it("refuses a capture without TCP, and notes one in which the device is only talked to", async () => {
    const error = await failure(() =>
      collect(captureSamples(inChunks(pcapFile([]), 99), { device: DEVICE })),
    );
    expect(error).toMatchObject({ code: "capture-no-device" });
    const towards = ethernet(
      ipv4(tcp({ flags: FLAG.syn }), { source: V4.target, target: V4.source }),
    );
    const { opens, summary } = await judge(pcapFile([{ data: towards }]));
    expect(opens).toHaveLength(0);
    expect(summary.notes).toMatchObject([{ code: "device-silent" }]);
  });

  it("keeps nothing back for a capture without a single SYN", async () => {
    const records = Array.from({ length: 25_000 }, (_, i) => ({
      timeUs: START + i,
      data: ethernet(ipv4(tcp({ sourcePort: 1024 + (i % 50_000), sequence: i }))),
    }));
    const stream = captureSamples(inChunks(pcapFile(records), 65_536), {
      device: DEVICE,
      bootTimesUs: [],
    });
    let packetsWhenFirstUsed = 0;
    for await (const sample of stream) {
      if (sample.kind === "used") packetsWhenFirstUsed ||= stream.summary().packets;
    }
    expect(packetsWhenFirstUsed).toBeLessThan(12_000);
    expect(stream.summary().midstream).toBe(25_000);
  });
});
