import { describe, expect, it } from "vitest";
import { ack, arpProbe, diagnose, Recording, rst, syn } from "../../support/sessions.ts";

const DEVICE = [10, 77, 0, 2];

/** Bursts of three connections each; `pause` seconds between them. */
function bursts(
  count: number,
  pause: number,
  numbers: (burst: number, i: number) => { isn: number; serverIsn: number; ts?: number },
): Recording {
  const recording = new Recording();
  for (let burst = 0; burst < count; burst++) {
    for (let i = 0; i < 3; i++) {
      const { isn, serverIsn, ts } = numbers(burst, i);
      const link = { clientPort: 5000 + i };
      recording.session(isn >>> 0, serverIsn >>> 0, { link, ...(ts === undefined ? {} : { ts }) });
      recording.wait(0.1);
    }
    recording.wait(pause);
  }
  return recording;
}

/** Numbers that do not follow from one another. */
function random(i: number): number {
  let hash = Math.imul(i + 1, 0x9e3779b1);
  hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

describe("ports that come again after a pause", () => {
  const isns = (burst: number, i: number) => ({
    isn: random(7 * burst + i),
    serverIsn: random(100 + 9 * burst + i),
  });

  it("may be a restart, and blame nobody", async () => {
    const { finding, rules } = await diagnose(bursts(2, 6, isns));
    expect(rules).toContain("ports-restart-after-boot");
    expect(finding("ports-restart-after-boot")).toMatchObject({
      confidence: "possible",
      severity: "information",
      frames: [1, 9, 25, 33],
    });
    expect(finding("ports-restart-after-boot").numbers).toEqual([
      { name: "port", value: 5000, frame: 25 },
      { name: "port", value: 5001, frame: 33 },
    ]);
    expect(finding("boot-detected").confidence).toBe("possible");
  });

  it("are none where the timestamp clock ran on", async () => {
    // Each burst takes 0.3 s and 480 µs, and each connection its own offset.
    const ran = (burst: number, i: number) => ({
      ...isns(burst, i),
      ts: random(i) + 6300 * burst,
    });
    expect((await diagnose(bursts(2, 6, ran))).rules).not.toContain("boot-detected");
    const stopped = (burst: number, i: number) => ({
      ...isns(burst, i),
      ts: random(i) + 90 * burst,
    });
    expect((await diagnose(bursts(2, 6, stopped))).rules).toContain("boot-detected");
  });

  it("are a likely restart where the host has forgotten an open connection", async () => {
    const recording = new Recording();
    for (let burst = 0; burst < 2; burst++) {
      for (let i = 0; i < 2; i++) {
        const link = { clientPort: 5000 + i };
        recording.session(random(burst + 5 * i), random(90 + burst + i), { link, close: "none" });
      }
      recording.wait(9);
    }
    const { finding } = await diagnose(recording);
    expect(finding("ports-restart-after-boot")).toMatchObject({
      confidence: "likely",
      severity: "fault",
      blames: "10.77.0.2",
    });
  });
});

describe("ISNs that come again", () => {
  const again = (i: number, serverIsn: number) => ({ isn: 6510 + 2 * i, serverIsn });

  it("are a restart, surely after a pause and on the same ports", async () => {
    const { finding } = await diagnose(bursts(2, 6, (b, i) => again(i, random(9 * b + i))));
    expect(finding("isn-repeats-after-boot")).toMatchObject({ confidence: "certain" });
    const soon = await diagnose(bursts(2, 0, (b, i) => again(i, random(9 * b + i))));
    expect(soon.finding("isn-repeats-after-boot")).toMatchObject({ confidence: "likely" });
  });

  it("are a doubled recording where the peer's come again as well", async () => {
    const { rules, notes } = await diagnose(bursts(2, 6, (_, i) => again(i, random(i))));
    expect(rules.filter((rule) => rule.includes("boot"))).toEqual([]);
    expect(notes.join()).toContain("the recording is doubled");
    // A server that always answers with one number tells nothing.
    const constant = await diagnose(bursts(2, 6, (_, i) => again(i, 77)));
    expect(constant.rules).toContain("isn-repeats-after-boot");
  });

  it("are no restart where a connection from before goes on", async () => {
    const old = { clientPort: 9000 };
    const run = (goesOn: boolean) => {
      const recording = new Recording().session(77, 99, { link: old, close: "none" }).wait(1);
      const one = (i: number, serverIsn: number) =>
        recording.session(6510 + 2 * i, serverIsn, { link: { clientPort: 5000 + i } }).wait(0.1);
      for (const i of [0, 1, 2]) one(i, random(i));
      recording.wait(5);
      one(0, 1234);
      if (goesOn) recording.client({ flags: ack, sequence: 96, acknowledgement: 100 }, old);
      one(1, 999_888);
      return diagnose(recording);
    };
    expect((await run(false)).rules).toContain("isn-repeats-after-boot");
    expect((await run(true)).rules).not.toContain("isn-repeats-after-boot");
  });
});

describe("one connection after each boot", () => {
  const boots = (count: number, probe: boolean, port: (boot: number) => number) => {
    const recording = new Recording();
    for (let boot = 0; boot < count; boot++) {
      const link = { clientPort: port(boot) };
      if (probe) recording.frame(arpProbe(DEVICE)).wait(0.2);
      recording.session(random(boot), random(50 + boot), { link, close: "none" }).wait(20);
    }
    return diagnose(recording);
  };

  it("tells a port that repeats from the third boot on, and no pool that wraps", async () => {
    expect((await boots(2, true, () => 41001)).rules).toEqual(["boot-detected"]);
    const { finding, rules } = await boots(5, true, () => 41001);
    expect(rules).toEqual(["ports-restart-after-boot", "boot-detected"]);
    expect(finding("ports-restart-after-boot").summary).toContain("port 41001 first after each");
    expect(finding("ports-restart-after-boot").confidence).toBe("certain");
  });

  it("shows without probes, by the connections that are forgotten", async () => {
    const { finding, rules } = await boots(4, false, () => 41001);
    expect(rules).toEqual(["ports-restart-after-boot", "boot-detected"]);
    expect(finding("ports-restart-after-boot").confidence).toBe("likely");
  });

  it("is no fault with another port after each boot", async () => {
    expect((await boots(5, true, (boot) => 41001 + boot)).rules).toEqual(["boot-detected"]);
  });

  it("does not count an attempt that is made again", async () => {
    const recording = new Recording().session(random(1), 5000, { close: "none" });
    for (let i = 0; i < 4; i++) recording.wait(20).refused(random(20 + i), 5001, random(1) + 19);
    expect((await diagnose(recording)).rules).toEqual(["halfopen-challenge-ack"]);
  });
});

describe("a connection that is refused after each boot", () => {
  it("is a fault from the second boot on, where later attempts get through", async () => {
    const recording = new Recording();
    for (let boot = 0; boot < 3; boot++) {
      const link = { clientPort: 6000 + boot };
      recording
        .frame(arpProbe(DEVICE))
        .wait(0.2)
        .client({ flags: syn, sequence: random(boot) }, link);
      const acknowledgement = (random(boot) + 1) >>> 0;
      recording.server({ flags: rst | ack, sequence: 0, acknowledgement }, link).wait(1);
      recording.session(random(40 + boot), random(70 + boot), {
        link: { clientPort: 7000 + boot },
      });
      recording.wait(30);
    }
    const { finding } = await diagnose(recording);
    expect(finding("connection-refused")).toMatchObject({
      severity: "fault",
      confidence: "likely",
      blames: "10.77.0.2",
    });
  });
});
