import { describe, expect, it } from "vitest";
import { ack, arpProbe, diagnose, fin, psh, Recording, rst, syn } from "../../support/sessions.ts";

describe("field case 1: the device and the mail server", () => {
  /** Two mails after each start, from ports 1024 and 1025, with the same two ISNs. */
  function mails(recording: Recording, refusedBy?: readonly [number, number]): Recording {
    const ports = [1024, 1025];
    const isns = [6_588_114, 6_588_901];
    ports.forEach((clientPort, i) => {
      const isn = isns[i] ?? 0;
      const link = { clientPort };
      if (refusedBy) recording.refused(isn, (refusedBy[i] ?? 0) + 2, isn + 20, link);
      else recording.session(isn, i === 0 ? 1_000_000 : 2_000_000, { link });
      recording.wait(0.8);
    });
    return recording;
  }

  it("finds that ISNs and ports start over, and that TIME_WAIT refuses them", async () => {
    const recording = mails(new Recording()).wait(25);
    const { rules, finding } = await diagnose(mails(recording, [1_000_000, 2_000_000]));
    expect(rules).toEqual([
      "isn-repeats-after-boot",
      "ports-restart-after-boot",
      "timewait-reused-isn",
      "quiet-time-broken",
      "boot-detected",
    ]);
    expect(finding("ports-restart-after-boot").summary).toContain("1024, 1025");
    expect(finding("timewait-reused-isn").count).toBe(2);
  });

  it("does not take three starts in a row for a pool of ports that wraps", async () => {
    const recording = mails(new Recording()).wait(25);
    mails(recording, [1_000_000, 2_000_000]).wait(25);
    const { rules, finding } = await diagnose(mails(recording, [1_000_000, 2_000_000]));
    expect(rules).not.toContain("port-pool-wrap");
    expect(finding("boot-detected").count).toBe(2);
  });

  it("finds the old connection 2233732218 behind in the related trace, seen or not", async () => {
    const [old, isn, s, r] = [1_841_260_670, 4_074_992_888, 200_941_090, 1_841_260_671];
    const unseen = await diagnose(new Recording().refused(isn, s, r).wait(3).refused(isn, s, r));
    expect(unseen.rules).toEqual(["timewait-isn-too-far"]);
    const finding = unseen.finding("timewait-isn-too-far");
    expect(finding).toMatchObject({ confidence: "likely", count: 1 });
    expect(finding.summary).toContain("2,233,732,217 ahead");
    expect(finding.settle).toContain("starts earlier");
    const seen = new Recording()
      .client({ flags: syn, sequence: old - 20 })
      .server({ flags: syn | ack, sequence: s - 2, acknowledgement: old - 19 })
      .client({ flags: ack, sequence: old - 19, acknowledgement: s - 1 })
      .server({ flags: ack | fin, sequence: s - 1, acknowledgement: old - 19 })
      .client({ flags: ack | fin | psh, sequence: old - 19, acknowledgement: s, length: 19 })
      .server({ flags: ack, sequence: s, acknowledgement: r })
      .wait(20)
      .refused(isn, s, r);
    const { finding: of, rules } = await diagnose(seen);
    expect(rules).toEqual(["timewait-isn-too-far"]);
    expect(of("timewait-isn-too-far").confidence).toBe("certain");
  });

  it("calls the good trace good: SYN after the FIN's number, SYN-ACK at once", async () => {
    const recording = new Recording()
      .session(0xf548ee61 - 20, 5_000, { length: 19 })
      .wait(8)
      .session(0xf54bdc5d, 5_000 + 2 + 65_537);
    const { rules, finding } = await diagnose(recording);
    expect(rules).toEqual(["timewait-reuse-ok"]);
    expect(finding("timewait-reuse-ok").distance).toBe(0xf54bdc5d - 0xf548ee61 - 1);
  });
});

describe("field case 2: the keep-alive download and the bad router", () => {
  const due = 0xeb997d92;
  const flipped = 0xea9a7c92;

  /** A download of `due`; the server's pure ACK is flipped, then it probes until the client gives up. */
  function download(flip: number, spoil?: (packet: Uint8Array) => void): Recording {
    const isn = 77_000;
    const serverIsn = due - 1001;
    const recording = new Recording({ serverPort: 80 })
      .client({ flags: syn, sequence: isn })
      .server({ flags: syn | ack, sequence: serverIsn, acknowledgement: isn + 1 })
      .client({ flags: ack, sequence: isn + 1, acknowledgement: serverIsn + 1 })
      .client({ flags: ack | psh, sequence: isn + 1, acknowledgement: serverIsn + 1, length: 90 })
      .server({
        flags: ack | psh,
        sequence: serverIsn + 1,
        acknowledgement: isn + 91,
        length: 1000,
      })
      .client({ flags: ack, sequence: isn + 91, acknowledgement: due })
      .wait(15)
      .client({ flags: ack | psh, sequence: isn + 91, acknowledgement: due, length: 90 })
      .server({ flags: ack, sequence: flip, acknowledgement: isn + 181, ...(spoil && { spoil }) });
    for (let probe = 0; probe < 8; probe++) {
      recording.wait(15).server({ flags: ack, sequence: due - 1, acknowledgement: isn + 181 });
    }
    return recording.client({ flags: rst, sequence: isn + 181 });
  }

  it("finds the flipped number, and calls the keep-alives harmless", async () => {
    const { rules, finding } = await diagnose(download(flipped));
    expect(rules).toEqual(["sequence-bit-flip", "keepalive"]);
    const flip = finding("sequence-bit-flip");
    expect(flip.distance).toBe(-16_711_936);
    expect(flip.frames).toEqual([8, 9]);
    expect(flip.summary).toContain("XOR 0x01030100");
    expect(finding("keepalive")).toMatchObject({ count: 8, severity: "harmless" });
  });

  it("tells a checksum that still fits the right number from one written anew", async () => {
    const stale = download(due, (packet) => packet.set([0xea, 0x9a, 0x7c, 0x92], 14 + 20 + 4));
    const { finding } = await diagnose(stale);
    expect(finding("sequence-bit-flip").detail).toContain("still fits the right number");
  });

  it("finds the second sample of the same line", async () => {
    const [seen, right] = [2_565_356_191, 2_582_068_127];
    const recording = new Recording({ serverPort: 80 })
      .client({ flags: syn, sequence: 9 })
      .server({ flags: syn | ack, sequence: right - 501, acknowledgement: 10 })
      .client({ flags: ack, sequence: 10, acknowledgement: right - 500 })
      .server({ flags: ack | psh, sequence: right - 500, acknowledgement: 10, length: 500 })
      .client({ flags: ack | psh, sequence: 10, acknowledgement: right, length: 5 })
      .server({ flags: ack, sequence: seen, acknowledgement: 15 })
      .wait(0.2)
      .server({ flags: ack | psh, sequence: right, acknowledgement: 15, length: 10 });
    const { rules, finding } = await diagnose(recording);
    expect(rules).toEqual(["sequence-bit-flip"]);
    expect(finding("sequence-bit-flip").distance).toBe(-16_711_936);
  });

  it("claims nothing when the numbers go on from the new place: packets are missing", async () => {
    const far = due + 0x0100_0000;
    const recording = new Recording()
      .session(100, due - 1, { close: "none" })
      .server({ flags: ack | psh, sequence: far >>> 0, acknowledgement: 119, length: 10 })
      .server({ flags: ack | psh, sequence: (far + 10) >>> 0, acknowledgement: 119, length: 10 });
    const { rules, connections } = await diagnose(recording);
    expect(rules).toEqual([]);
    expect(connections[0]?.server.gaps).toBeGreaterThan(0);
  });
});

describe("field case 3: reading a session, with the forms of macOS", () => {
  const [c, s] = [625_186_957, 960_599_189];

  function opening(): Recording {
    return new Recording({ client: [127, 0, 0, 1], server: [127, 0, 0, 1], serverPort: 9999 })
      .client({ flags: syn, sequence: c })
      .server({ flags: syn | ack, sequence: s, acknowledgement: c + 1 })
      .client({ flags: ack, sequence: c + 1, acknowledgement: s + 1 });
  }

  function ending(recording: Recording): Recording {
    return recording
      .client({ flags: ack | psh, sequence: c + 1, acknowledgement: s + 1, length: 7 })
      .server({ flags: ack, sequence: s + 1, acknowledgement: c + 8 })
      .client({ flags: ack | fin, sequence: c + 8, acknowledgement: s + 1 });
  }

  it("finds nothing odd in the plain session", async () => {
    const recording = ending(opening())
      .server({ flags: ack | fin, sequence: s + 1, acknowledgement: c + 9 })
      .client({ flags: ack, sequence: c + 9, acknowledgement: s + 2 });
    const { rules, connections } = await diagnose(recording);
    expect(rules).toEqual([]);
    expect(connections[0]).toMatchObject({
      closedFirst: "client",
      client: { isn: c, next: c + 9, state: "TIME_WAIT" },
      server: { isn: s, next: s + 2, state: "CLOSED" },
    });
  });

  it("calls the fourth ACK and the FIN acknowledged in two steps harmless", async () => {
    const extra = opening().server({ flags: ack, sequence: s + 1, acknowledgement: c + 1 });
    const recording = ending(extra)
      .server({ flags: ack, sequence: s + 1, acknowledgement: c + 8 })
      .server({ flags: ack, sequence: s + 1, acknowledgement: c + 9 })
      .server({ flags: ack | fin, sequence: s + 1, acknowledgement: c + 9 })
      .client({ flags: ack, sequence: c + 9, acknowledgement: s + 2 });
    const { rules, findings } = await diagnose(recording);
    expect(rules).toEqual(["fin-acked-in-two-steps", "extra-ack-after-handshake"]);
    expect(findings.every(({ severity }) => severity === "harmless")).toBe(true);
  });
});

describe("field case 4: the load balancer and the small port pools", () => {
  it("finds each unrelated acknowledgement number of the trace, 26 µs after the SYN", async () => {
    const seen = [0x61cd666a, 0xd7946f46, 0x2d9944e0, 0x4b5b955e, 0x4864e29b];
    const isns = [0x1f0c_66e1, 0xc9a4_0b27, 0x5e33_f08a, 0x08d1_9c54, 0xa672_41fd];
    const recording = new Recording({ serverPort: 443 });
    seen.forEach((acknowledgement, i) => {
      const link = { clientPort: 3000 + 7 * i };
      const isn = isns[i] ?? 0;
      for (const pause of [0, 3, 6]) {
        recording.wait(pause).client({ flags: syn, sequence: isn }, link);
        recording.server({ flags: syn | ack, sequence: 500 + i, acknowledgement }, link);
      }
    });
    const { rules, finding } = await diagnose(recording);
    expect(rules).toEqual(["synack-wrong-ack"]);
    expect(finding("synack-wrong-ack").count).toBe(5);
    expect(finding("synack-wrong-ack").summary).toContain("0x61cd666a");
  });

  it("infers size and wrap time of the pool behind which 15,000 clients sit", async () => {
    // 4,000 ports at 100 connections a second: each port comes round after 40 s.
    const recording = new Recording({ serverPort: 80 });
    let random = 1;
    for (let i = 0; i < 15_000; i++) {
      const clientPort = 3000 + (i % 4000);
      random = (Math.imul(random, 1_664_525) + 1_013_904_223) >>> 0;
      const isn = (random ^ (random >>> 15)) >>> 0;
      if (i >= 4000 && i % 100 === 7) {
        recording.refused(isn, 1000, (isn + 0x9000_0000) >>> 0, { clientPort });
      } else recording.session(isn, Math.imul(i, 0x9e3779b1) >>> 0, { link: { clientPort } });
      recording.wait(0.01);
    }
    const { findings, rules, finding } = await diagnose(recording);
    expect(findings[0]?.rule).toBe("port-pool-wrap");
    expect(rules).not.toContain("ports-restart-after-boot");
    const pool = finding("port-pool-wrap");
    expect(pool.numbers).toContainEqual({ name: "ports", value: 4000 });
    expect(pool.numbers).toContainEqual({ name: "refused", value: 110 });
    expect(pool.elapsedUs).toBeGreaterThan(39e6);
    expect(pool.elapsedUs).toBeLessThan(43e6);
  });
});

describe("field case 5: the sequence-number rule", () => {
  const [n, s] = [0x2000_0000, 0x7000_0000];

  /** The old connection sends 9 bytes; the new one reuses ISN N, and a copy of them comes late. */
  function reused(serverIsn: number): Recording {
    return new Recording()
      .session(n, s, { length: 9 })
      .wait(1)
      .client({ flags: syn, sequence: n })
      .server({ flags: syn | ack, sequence: serverIsn, acknowledgement: n + 1 })
      .client({ flags: ack, sequence: n + 1, acknowledgement: serverIsn + 1 })
      .wait(0.1)
      .client({ flags: ack | psh, sequence: n + 1, acknowledgement: s + 1, length: 9 })
      .server({ flags: ack, sequence: serverIsn + 1, acknowledgement: n + 10 });
  }

  it("finds the old segment that the receiver counts as new", async () => {
    const { rules, finding } = await diagnose(reused(s + 90_000));
    expect(rules[0]).toBe("stale-segment-accepted");
    const stale = finding("stale-segment-accepted");
    expect(stale.frames).toEqual([4, 9, 12, 13]);
    expect(stale.summary).toContain("9 bytes of the old connection");
  });

  it("finds it too when the server's number is the same, by the bytes that follow", async () => {
    const recording = reused(s)
      .wait(0.1)
      .client({ flags: ack | psh, sequence: n + 1, acknowledgement: s + 1, length: 4, fill: 66 });
    const { rules } = await diagnose(recording);
    expect(rules).toContain("stale-segment-accepted");
  });

  it("recognises a copy of the old connection's last segment too", async () => {
    const recording = new Recording()
      .session(n, s, { length: 9, close: "none" })
      .client({ flags: ack | psh, sequence: n + 10, acknowledgement: s + 1, length: 5 })
      .server({ flags: ack | fin, sequence: s + 1, acknowledgement: n + 15 })
      .client({ flags: ack | fin, sequence: n + 15, acknowledgement: s + 2 })
      .server({ flags: ack, sequence: s + 2, acknowledgement: n + 16 })
      .wait(1)
      .session(n, s + 90_000, { length: 9, close: "none" })
      .client({ flags: ack | psh, sequence: n + 10, acknowledgement: s + 1, length: 5 })
      .server({ flags: ack, sequence: s + 90_001, acknowledgement: n + 15 });
    const { finding } = await diagnose(recording);
    expect(finding("stale-segment-accepted").frames).toEqual([6, 10, 15, 16]);
  });

  it("claims nothing when a device sends the same bytes again on purpose", async () => {
    const recording = new Recording()
      .session(n, s, { length: 9 })
      .wait(70)
      .session(n, s, { length: 9 });
    expect((await diagnose(recording)).rules).not.toContain("stale-segment-accepted");
  });
});

describe("what else a capture shows", () => {
  it("attempts that failed do not hide the connection that the server holds", async () => {
    const recording = new Recording().session(900_000_000, 5000, { close: "none" });
    for (const isn of [800_000_000, 700_000_000]) {
      recording.wait(20).refused(isn, 5001, 900_000_019);
    }
    const { rules, finding } = await diagnose(recording);
    expect(rules).toEqual(["halfopen-challenge-ack"]);
    expect(finding("halfopen-challenge-ack").count).toBe(2);
  });

  it("a number behind that is accepted when TIME_WAIT has run out is no reopening", async () => {
    const recording = new Recording().session(900_000, 5000).wait(90).session(700_000, 77);
    expect((await diagnose(recording)).rules).toEqual([]);
  });

  it("silence: SYNs without any answer, and what a one-sided capture leaves open", async () => {
    const silent = new Recording();
    for (const pause of [0, 1, 2, 4]) silent.wait(pause).client({ flags: syn, sequence: 5000 });
    const alone = await diagnose(silent);
    expect(alone.rules).toEqual(["syn-ignored"]);
    expect(alone.finding("syn-ignored")).toMatchObject({ confidence: "possible" });
    const heard = silent.session(90, 5, { link: { clientPort: 40_000 } });
    expect((await diagnose(heard)).finding("syn-ignored").confidence).toBe("certain");
  });

  it("a restart by ARP probes, told once", async () => {
    const probe = arpProbe([10, 77, 0, 2]);
    const recording = new Recording().session(77_777, 9).wait(3);
    recording.frame(probe).wait(1).frame(probe).wait(1).frame(probe);
    const { rules, finding } = await diagnose(recording);
    expect(rules).toEqual(["boot-detected"]);
    expect(finding("boot-detected").count).toBe(1);
  });

  it("a client that comes back half-open and ignores the challenge", async () => {
    const recording = new Recording().session(6574, 2_129_595_069, { close: "none" }).wait(2);
    recording.refused(800_000, 2_129_595_070, 6593).wait(1).refused(800_000, 2_129_595_070, 6593);
    const { rules, finding } = await diagnose(recording);
    expect(rules).toEqual(["halfopen-challenge-ack"]);
    expect(finding("halfopen-challenge-ack").summary).toContain("ESTABLISHED");
  });

  it("reset by the server is a closed port, and no refusal by an old connection", async () => {
    const recording = new Recording()
      .client({ flags: syn, sequence: 100 })
      .server({ flags: rst | ack, sequence: 0, acknowledgement: 101 });
    const { findings, connections } = await diagnose(recording);
    expect(findings).toMatchObject([{ rule: "connection-refused", severity: "information" }]);
    expect(connections[0]?.outcome).toBe("reset");
  });
});
