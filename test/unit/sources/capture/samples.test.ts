import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseAddress } from "../../../../host/core/address.ts";
import type { Sample, UsedSample } from "../../../../host/core/sample.ts";
import { tupleKey } from "../../../../host/core/tuple.ts";
import { captureSamples } from "../../../../host/sources/capture/samples.ts";
import { DEVICE, FIXTURES, judge, S, START } from "../../../support/captures.ts";
import {
  collect,
  ethernet,
  FLAG,
  failure,
  inChunks,
  ipv4,
  pcapFile,
  type RecordFields,
  type TcpFields,
  tcp,
  V4,
} from "../../../support/packets.ts";

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
