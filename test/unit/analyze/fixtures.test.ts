import { readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { FIXTURES } from "../../support/captures.ts";
import { EXPECTED } from "../../support/expected-findings.ts";
import { diagnose } from "../../support/sessions.ts";

describe("the captures from the field", () => {
  it("are all in the table", () => {
    const names = readdirSync(FIXTURES).filter((name) => name.endsWith(".pcap"));
    expect(names.map((name) => name.replace(".pcap", "")).sort()).toEqual(
      Object.keys(EXPECTED).sort(),
    );
  });

  const cases = Object.entries(EXPECTED).flatMap(([name, rules]) =>
    ["pcap", "pcapng"].map((format) => ({ file: `${name}.${format}`, rules })),
  );
  it.each(cases)("$file gives exactly $rules", async ({ file, rules }) => {
    expect((await diagnose(file)).rules).toEqual(rules);
  });

  it("count each refused attempt once: 14 of 30 reuses of g1, all six of i5", async () => {
    const g1 = await diagnose("g1_pool1025-1034_random_isn_wrap_120s_ignore.pcap");
    const refusals = g1.findings.filter(({ rule }) => rule.startsWith("timewait-isn"));
    expect(refusals.reduce((sum, { count }) => sum + count, 0)).toBe(14);
    expect(g1.finding("port-pool-wrap").numbers).toContainEqual({ name: "ports", value: 10 });
    expect(g1.finding("port-pool-wrap").elapsedUs).toBeCloseTo(30e6, -5);
    const i5 = await diagnose("i5_isn_fixed_6510_plus_ticks_reboot.pcap");
    expect(i5.finding("timewait-reused-isn").count).toBe(6);
    expect(i5.finding("boot-detected")).toMatchObject({ frames: [61], host: "10.77.0.2" });
  });

  it("give the absolute numbers, the distance and the frames", async () => {
    const a1 = (
      await diagnose("a1_timewait_same_isn_same_port_challenge_ack_no_synack.pcap")
    ).finding("timewait-reused-isn");
    expect(a1).toMatchObject({ distance: -21, count: 1, confidence: "certain" });
    expect(a1.numbers).toContainEqual({ name: "server expects", value: 6595, frame: 12 });
    expect(a1.frames).toEqual([10, 11, 12]);
    const b1 = (await diagnose("b1_timewait_isn_2e31_plus_above_challenge_ack.pcap")).finding(
      "timewait-isn-too-far",
    );
    expect(b1.distance).toBe((2 ** 31 + 0x12345) | 0);
  });

  it("name the cause in the first finding, with a filter that holds the connection", async () => {
    const f1 = (await diagnose("f1_lb_synack_unrelated_ack_kernel_client_rst_then_ok.pcap"))
      .findings[0];
    expect(f1?.summary).toContain("464367618");
    expect(f1?.filter).toBe(
      "ip.addr == 10.77.0.1 && ip.addr == 10.77.0.2 && tcp.port == 54484 && tcp.port == 443",
    );
  });

  it("tell a bit flip with its XOR and that the checksum was written anew", async () => {
    const flip = (await diagnose("e1_bitflip_seq_pure_ack_checksum_recomputed.pcap")).finding(
      "sequence-bit-flip",
    );
    expect(flip.distance).toBe(-16_711_936);
    expect(flip.numbers).toContainEqual({ name: "XOR", value: 0x01030100 });
    expect(flip.detail).toContain("valid for the wrong number");
  });

  it("keep the state of both sides: who closed first is in TIME_WAIT", async () => {
    const { connections } = await diagnose("h1_nc_session_normal.pcap");
    expect(connections).toHaveLength(1);
    expect(connections[0]).toMatchObject({
      closedFirst: "server",
      client: { state: "CLOSED", isn: 1126022296, next: 1126022316, bytes: 18 },
      server: { state: "TIME_WAIT", isn: 3916991171, next: 3916991191, bytes: 18 },
    });
  });
});
