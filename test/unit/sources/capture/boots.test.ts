import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseAddress } from "../../../../host/core/address.ts";
import { UsageError } from "../../../../host/core/errors.ts";
import { tupleKey } from "../../../../host/core/tuple.ts";
import { captureSamples } from "../../../../host/sources/capture/samples.ts";
import { DEVICE, FIXTURES, judge, S, START } from "../../../support/captures.ts";
import {
  be16,
  be32,
  bytes,
  type Ends,
  ethernet,
  FLAG,
  ipv4,
  ipv6,
  pcapFile,
  type RecordFields,
  type TcpFields,
  tcp,
  timestamps,
  V6,
} from "../../../support/packets.ts";

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
