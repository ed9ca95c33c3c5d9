import { describe, expect, it } from "vitest";
import type { Finding } from "../../../host/analyze/findings.ts";
import { diagnose, Recording } from "../../support/sessions.ts";

/** The findings of a rule as they were told, each with the packets read so far. */
async function toldOf(rule: string, recording: Recording) {
  let packets = 0;
  const told: { finding: Finding; packets: number; firstUs: number }[] = [];
  const result = await diagnose(recording, {
    onPacket: () => {
      packets += 1;
    },
    onFinding: (finding, firstUs) => {
      if (finding.rule === rule) told.push({ finding, packets, firstUs });
    },
  });
  return { told, packets, result };
}

/** Ports 1025 to 1028 in turns, an opening each second. */
function pool(openings: number, refusedFrom = openings): Recording {
  const recording = new Recording();
  let random = 7;
  for (let i = 0; i < openings; i++) {
    random = (Math.imul(random, 1_664_525) + 1_013_904_223) >>> 0;
    const isn = (random ^ (random >>> 13)) >>> 0;
    const clientPort = 1025 + ((i * 3) % 4);
    if (i >= refusedFrom) recording.refused(isn, 9, (isn + 2 ** 31 + 5) >>> 0, { clientPort });
    else recording.session(isn, (random * 31) >>> 0, { link: { clientPort } });
    recording.wait(1);
  }
  return recording;
}

describe("port-pool-wrap on endless input", () => {
  it("is told after five reuses, long before the end, and its figures are those of the end", async () => {
    const { told, packets, result } = await toldOf("port-pool-wrap", pool(100));
    expect(told).toHaveLength(1);
    expect(told[0]?.packets).toBeLessThan(packets / 5);
    expect(told[0]?.finding.severity).toBe("information");
    const final = result.finding("port-pool-wrap");
    expect(final.count).toBe(1);
    expect(final.numbers).toContainEqual({ name: "reuses", value: 96 });
  });

  it("is told once more when the first connection is refused by it", async () => {
    const { told, packets } = await toldOf("port-pool-wrap", pool(100, 60));
    expect(told.map(({ finding }) => finding.severity)).toEqual(["information", "fault"]);
    expect(told[1]?.packets).toBeLessThan(packets);
  });

  it("is not told for the reuses that a restart explains", async () => {
    const recording = new Recording();
    for (const boot of [0, 1, 2]) {
      for (const n of [0, 1, 2, 3, 4, 5]) {
        recording.session(6510 + 2 * n, 1000 * boot + n, { link: { clientPort: 49153 + n } });
        recording.wait(0.1);
      }
      recording.wait(10);
    }
    const { told, result } = await toldOf("port-pool-wrap", recording);
    expect(told).toEqual([]);
    expect(result.rules).toContain("boot-detected");
    expect(result.rules).not.toContain("port-pool-wrap");
  });
});

describe("isn-predictable on endless input", () => {
  /** `isnOf` gives the ISN of each connection, always from a new port. */
  function openings(count: number, isnOf: (i: number) => number): Recording {
    const recording = new Recording();
    for (let i = 0; i < count; i++) {
      const link = { clientPort: 2000 + i };
      // The server's ISNs are random enough.
      const serverIsn = Math.imul(i + 1, 0x85ebca6b) ^ Math.imul(i * i + 7, 0xc2b2ae35);
      recording.session(isnOf(i) >>> 0, serverIsn >>> 0, { link }).wait(0.37 + (i % 7) / 10);
    }
    return recording;
  }
  const scattered = (i: number) => {
    let x = Math.imul(i + 12_345, 0x9e3779b1);
    x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
    x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
    return (x ^ (x >>> 16)) >>> 0;
  };

  it("is told after six ISNs, with times since the first packet of the capture", async () => {
    const { told, packets } = await toldOf(
      "isn-predictable",
      openings(40, (i) => 64_000 * i),
    );
    expect(told[0]?.finding.host).toBe("10.77.0.2");
    expect(told[0]?.packets).toBeLessThan(packets / 5);
    expect(told[0]?.finding.timeUs).toBe(told[0]?.firstUs);
  });

  it("is judged again as more ISNs come: a host that turns predictable is told", async () => {
    const isnOf = (i: number) => (i < 70 ? scattered(i) : 64_000 * i);
    const { told, packets, result } = await toldOf("isn-predictable", openings(400, isnOf));
    const own = told.filter(({ finding }) => finding.host === "10.77.0.2");
    expect(own).toHaveLength(1);
    expect(own[0]?.packets).toBeLessThan(packets / 2);
    expect(result.findings.filter(({ host }) => host === "10.77.0.2")).toHaveLength(1);
  });

  it("is not told of good ISNs, however often it is looked at", async () => {
    const { told } = await toldOf("isn-predictable", openings(600, scattered));
    expect(told.filter(({ finding }) => finding.host === "10.77.0.2")).toEqual([]);
  });
});
