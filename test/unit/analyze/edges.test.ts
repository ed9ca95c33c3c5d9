/** Where each diagnosis begins and ends: the conditions that its captures from the field do not reach. */
import { describe, expect, it } from "vitest";
import { ack, diagnose, type Link, Recording, rst, syn } from "../../support/sessions.ts";

/** A frame takes 20 µs of a recording: the pause, in seconds, that puts the next one `us` behind it. */
const pauseOf = (us: number) => (us - 20) / 1e6;

describe("syn-ignored", () => {
  const unanswered = (...pauses: number[]) => {
    const recording = new Recording();
    for (const pause of pauses) recording.wait(pause).client({ flags: syn, sequence: 5000 });
    return recording;
  };

  it("needs two SYNs", async () => {
    // The next attempt tells that the client has given this one up.
    const rulesOf = async (recording: Recording) =>
      (await diagnose(recording.wait(100).client({ flags: syn, sequence: 9_000_000 }))).rules;
    expect(await rulesOf(unanswered(0))).toEqual([]);
    expect(await rulesOf(unanswered(0, 1))).toEqual(["syn-ignored"]);
  });

  it("needs two and a half seconds when the capture ends before the client gives up", async () => {
    expect((await diagnose(unanswered(0, pauseOf(2_499_999)))).rules).toEqual([]);
    const { rules, finding } = await diagnose(unanswered(0, pauseOf(2_500_000)));
    expect(rules).toEqual(["syn-ignored"]);
    expect(finding("syn-ignored").elapsedUs).toBe(2_500_000);
  });

  it("is likely where the last connection of the tuple explains the silence", async () => {
    const recording = new Recording().session(6574, 9);
    for (const pause of [1, 1, 2]) recording.wait(pause).client({ flags: syn, sequence: 6574 });
    const { rules, finding } = await diagnose(recording);
    expect(rules).toEqual(["syn-ignored"]);
    expect(finding("syn-ignored")).toMatchObject({ confidence: "likely" });
    expect(finding("syn-ignored").detail).toContain("FreeBSD");
    expect(finding("syn-ignored")).not.toHaveProperty("settle");
  });

  it("is possible where nothing was heard from the server, and says what would settle it", async () => {
    const { finding } = await diagnose(unanswered(0, 3));
    expect(finding("syn-ignored")).toMatchObject({ confidence: "possible" });
    expect(finding("syn-ignored").settle).toContain("taken at the server");
    expect(finding("syn-ignored").detail).toContain("no earlier connection");
  });

  it("is no silence when the server answered with something else", async () => {
    const answered = (flags: number, acknowledgement: number) =>
      unanswered(0, 1).server({ flags, sequence: 7, acknowledgement }).wait(3);
    for (const recording of [answered(ack, 1), answered(syn | ack, 1), answered(rst | ack, 5001)]) {
      recording.client({ flags: syn, sequence: 5000 });
      expect((await diagnose(recording)).rules).not.toContain("syn-ignored");
    }
  });
});

describe("timewait-reuse-ok", () => {
  const [isn, serverIsn] = [100_000, 5_000];

  it("is not said when the client closed first, and so keeps the TIME_WAIT itself", async () => {
    const recording = new Recording().session(isn, serverIsn, { close: "client" }).wait(5);
    expect((await diagnose(recording.session(isn + 90_000, 77))).rules).toEqual([]);
  });

  it("is certain while TIME_WAIT lasts on Linux, or when its ISN tells it", async () => {
    const again = async (seconds: number, newServerIsn: number) => {
      const recording = new Recording().session(isn, serverIsn).wait(seconds);
      return (await diagnose(recording.session(isn + 90_000, newServerIsn))).findings;
    };
    expect(await again(pauseOf(61_999_999), 77)).toMatchObject([
      { rule: "timewait-reuse-ok", confidence: "certain" },
    ]);
    expect(await again(pauseOf(62_000_000), 77)).toMatchObject([
      { rule: "timewait-reuse-ok", confidence: "possible" },
    ]);
    const linux = serverIsn + 2 + 65_537;
    expect(await again(62.1, linux)).toMatchObject([
      { rule: "timewait-reuse-ok", confidence: "certain" },
    ]);
  });

  it("is not said of a connection that ended by a reset", async () => {
    const recording = new Recording()
      .session(isn, serverIsn)
      .client({ flags: rst, sequence: isn + 20 })
      .wait(5)
      .session(isn + 90_000, 77);
    expect((await diagnose(recording)).rules).not.toContain("timewait-reuse-ok");
  });

  it("needs a number or a timestamp that is newer, by one at least", async () => {
    // 18 bytes and the FIN: the server expects isn + 20.
    const again = async (next: number, ts?: readonly [number, number]) => {
      const [first, second] = ts ?? [];
      const recording = new Recording()
        .session(isn, serverIsn, first === undefined ? {} : { ts: first })
        .wait(70)
        .session(next, 77, second === undefined ? {} : { ts: second });
      return (await diagnose(recording)).rules;
    };
    expect(await again(isn + 21)).toEqual(["timewait-reuse-ok"]);
    expect(await again(isn + 20)).toEqual([]);
    expect(await again(isn + 20, [900, 901])).toEqual(["timewait-reuse-ok"]);
    expect(await again(isn + 20, [900, 900])).toEqual([]);
  });

  it("is not said of a connection that was refused first", async () => {
    const recording = new Recording()
      .session(isn, serverIsn)
      .wait(2)
      .refused(isn + 90_000, serverIsn + 2, isn + 20)
      .client({ flags: rst, sequence: isn + 20 })
      .wait(1)
      .session(isn + 90_000, 77);
    const { rules } = await diagnose(recording);
    expect(rules).toContain("rst-rescue");
    expect(rules).not.toContain("timewait-reuse-ok");
  });
});

describe("isn-repeats-on-tuple", () => {
  const again = async (times: number, seconds = 90, isn = () => 6574) => {
    const recording = new Recording();
    for (let i = 0; i < times; i++) recording.session(isn(), 900 + 70_001 * i).wait(seconds);
    return (await diagnose(recording)).rules;
  };

  it("needs three equal ones, each within 2 × MSL of the one before", async () => {
    expect(await again(2)).not.toContain("isn-repeats-on-tuple");
    expect(await again(3)).toContain("isn-repeats-on-tuple");
    expect(await again(3, 241)).not.toContain("isn-repeats-on-tuple");
    let isn = 0;
    expect(await again(4, 90, () => (isn += 90_000))).not.toContain("isn-repeats-on-tuple");
  });
});

describe("rst-rescue", () => {
  it("is not said of a connection that came through without an RST", async () => {
    const recording = new Recording().session(6574, 900, { close: "none" }).wait(2);
    recording.refused(800_000, 901, 6593).wait(3).session(800_000, 5000);
    const { rules } = await diagnose(recording);
    expect(rules).toContain("halfopen-challenge-ack");
    expect(rules).not.toContain("rst-rescue");
  });
});

describe("quiet-time-broken", () => {
  /** The same two ISNs after a restart, `seconds` after the last packet. */
  const restart = async (seconds: number) => {
    const recording = new Recording();
    let server = 0;
    const starts = (): void => {
      server += 40_503;
      for (const [clientPort, isn] of [
        [1024, 6_588_114],
        [1025, 6_588_901],
      ] as const) {
        recording.session(isn, isn * 3 + server, { link: { clientPort } }).wait(1);
      }
    };
    starts();
    recording.wait(seconds - 1);
    starts();
    return (await diagnose(recording)).rules;
  };

  it("is said of less than an MSL of silence, and not of an MSL", async () => {
    expect(await restart(119.9)).toContain("quiet-time-broken");
    const quiet = await restart(120.1);
    expect(quiet).toContain("isn-repeats-after-boot");
    expect(quiet).not.toContain("quiet-time-broken");
  });
});

describe("isn-predictable", () => {
  it("needs five ISNs", async () => {
    const opened = async (count: number) => {
      const recording = new Recording();
      for (let i = 0; i < count; i++) {
        const link = { clientPort: 5000 + 7 * i };
        recording.session(1000 + 64_000 * i, Math.imul(i + 1, 0x9e3779b1) >>> 0, { link }).wait(1);
      }
      return (await diagnose(recording)).rules;
    };
    expect(await opened(4)).toEqual([]);
    expect(await opened(5)).toEqual(["isn-predictable"]);
  });
});

describe("port-pool-wrap", () => {
  /** `openings` connections, one a second, all from one port. */
  function fromOnePort(openings: number, link: (i: number) => Partial<Link> = () => ({})) {
    const recording = new Recording();
    for (let i = 0; i < openings; i++) {
      recording.session(1000 + 70_000 * i, 500 + 90_000 * i, { link: link(i) }).wait(1);
    }
    return diagnose(recording);
  }

  it("needs three reuses, and says that it is one port", async () => {
    expect((await fromOnePort(3)).rules).not.toContain("port-pool-wrap");
    const { finding } = await fromOnePort(4);
    expect(finding("port-pool-wrap").summary).toContain(
      "10.77.0.2 uses only the one port 31001 towards 10.77.0.1:25, and comes round every 1 s",
    );
  });

  it("counts for each server and service apart", async () => {
    const services = await fromOnePort(6, (i) => ({ serverPort: 25 + (i % 2) }));
    expect(services.rules).not.toContain("port-pool-wrap");
    const servers = await fromOnePort(6, (i) => ({ server: [10, 77, 0, 3 + (i % 2)] }));
    expect(servers.rules).not.toContain("port-pool-wrap");
  });
});
