import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Analysis } from "../../../host/analyze/analysis.ts";
import { analyzeCapture } from "../../../host/analyze/analyze-capture.ts";
import { DIAGNOSES } from "../../../host/analyze/diagnoses/index.ts";
import { DIAGNOSIS_IDS } from "../../../host/analyze/diagnosis.ts";
import { analyzeJson, findingLine } from "../../../host/analyze/views/analyze-json.ts";
import { analyzeText } from "../../../host/analyze/views/analyze-text.ts";
import { Narrator } from "../../../host/analyze/views/narrate.ts";
import type { Packet } from "../../../host/capture/packet.ts";
import { IsnkitError } from "../../../host/core/errors.ts";
import { FIXTURES } from "../../support/captures.ts";
import { ethernet, inChunks, ipv4, tcp } from "../../support/packets.ts";
import { ack, diagnose, Recording, syn } from "../../support/sessions.ts";

function packetOf(frame: number, timeUs: number, fields: Parameters<typeof tcp>[0]): Packet {
  const bytes = ethernet(ipv4(tcp(fields)));
  return {
    frame,
    timeUs,
    nanos: 0,
    linkType: 1,
    interfaceId: 0,
    capturedLength: bytes.length,
    originalLength: bytes.length,
    bytes,
    view: new DataView(bytes.buffer),
    start: 0,
  };
}

/** Mutated captures are tried for this long: a minute in CI, ten before a release; 0: 600 of them. */
const FUZZ_SECONDS = Number(process.env.ISNKIT_FUZZ_SECONDS ?? 0);

/** Far above what a garbage collector leaves lying, far below what a leak of each capture would be. */
const GROWTH_MB_MAX = 200;

function residentMb(): number {
  return Math.round(process.memoryUsage().rss / 1e6);
}

describe("bounds", () => {
  it("keeps at most the flows and rows that it may, and says what it forgot", () => {
    const analysis = new Analysis({ flowsMax: 50, rowsMax: 10 });
    for (let i = 0; i < 500; i++) {
      const fields = { sourcePort: 2000 + i, sequence: Math.imul(i, 0x9e3779b1) >>> 0, flags: syn };
      analysis.packet(packetOf(i + 1, i * 1000, fields));
    }
    analysis.end();
    const { connections, counts, notes } = analysis.result();
    expect(connections).toHaveLength(10);
    expect(counts.connections).toBe(500);
    expect(notes).toContain("450 connections were forgotten early to bound the memory");
  });

  it("forgets a connection after 2 × MSL: its ISN is not held against the next one", async () => {
    const again = (seconds: number) =>
      new Recording().session(5000, 70).wait(seconds).refused(5000, 72, 5020);
    expect((await diagnose(again(239))).findings[0]?.confidence).toBe("certain");
    expect((await diagnose(again(241))).findings[0]?.confidence).toBe("possible");
  });

  it("judges what is still open at the end, however many connections before it are over", async () => {
    const recording = new Recording();
    const port = (clientPort: number) => ({ link: { clientPort } });
    for (let i = 0; i < 4; i++) recording.session(9000 + 77 * i, 70, port(2000 + i));
    const unanswered = () => recording.client({ flags: syn, sequence: 5000 }, { clientPort: 3000 });
    unanswered().wait(1);
    unanswered().wait(3);
    unanswered();
    for (let i = 0; i < 4; i++) recording.session(40_000 + 91 * i, 70, port(4000 + i));
    const { rules, connections, finding } = await diagnose(recording, { rowsMax: 2 });
    expect(connections).toHaveLength(2);
    expect(rules).toContain("syn-ignored");
    expect(finding("syn-ignored").connection).toBe("10.77.0.2:3000 > 10.77.0.1:25");
  });

  it("bounds the findings of a rule, and counts the rest", async () => {
    const recording = new Recording();
    for (let i = 0; i < 130; i++) recording.refused(5000, 9, 5002, { client: [10, 1, 0, i] });
    const { findings, notes } = await diagnose(recording);
    expect(findings.filter(({ rule }) => rule === "timewait-reused-isn")).toHaveLength(100);
    expect(notes.join()).toContain("30 further cases of timewait-reused-isn");
  });
});

describe("every diagnosis", () => {
  it("is in the list, with explanation, clause and remedy", () => {
    expect(DIAGNOSES.map(({ id }) => id)).toEqual([...DIAGNOSIS_IDS]);
    for (const { explanation, clause, remedy } of DIAGNOSES) {
      expect(explanation.length).toBeGreaterThan(60);
      expect(clause).toMatch(/^RFC \d+/);
      expect(remedy.length).toBeGreaterThan(10);
    }
  });
});

describe("hostile captures", () => {
  const seeds = readdirSync(FIXTURES)
    .filter((name) => name.endsWith(".pcap") || name.endsWith(".pcapng"))
    .map((name) => readFileSync(join(FIXTURES, name)));

  /** A fixture with bytes changed, and a piece cut out or doubled. */
  const mutated = fc
    .record({
      seed: fc.nat({ max: seeds.length - 1 }),
      changes: fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { maxLength: 40 }),
      piece: fc.tuple(fc.nat(), fc.nat({ max: 400 }), fc.boolean()),
      packed: fc.constantFrom("no", "no", "no", "before", "after"),
      chunk: fc.constantFrom(1, 50, 700, 1 << 20),
    })
    .map(({ seed, changes, piece: [at, length, doubled], packed, chunk }) => {
      const original = Uint8Array.from(seeds[seed] ?? []);
      const bytes = packed === "before" ? gzipSync(original, { level: 1 }) : original;
      // The file header stays readable in most cases, so that the packets are reached.
      for (const [place, value] of changes) bytes[24 + (place % (bytes.length - 24))] = value;
      const from = at % bytes.length;
      const piece = bytes.subarray(from, from + length);
      const rest = bytes.subarray(doubled ? from : from + length);
      const file = Buffer.concat([bytes.subarray(0, from), ...(doubled ? [piece] : []), rest]);
      return { bytes: packed === "after" ? gzipSync(file, { level: 1 }) : file, chunk };
    });

  it(
    "end in a report or a clear error, and nothing raw reaches the terminal",
    async () => {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
      const raw = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/;
      let tries = 0;
      let startMb = 0;
      let highestMb = 0;
      await fc.assert(
        fc.asyncProperty(mutated, async ({ bytes, chunk }) => {
          tries += 1;
          // The first ones load and compile; what grows after them is kept by somebody.
          if (tries % 200 === 0) {
            highestMb = Math.max(highestMb, residentMb());
            if (tries === 2000) startMb = residentMb();
          }
          const narrator = new Narrator(240_000_000);
          try {
            const analysis = await analyzeCapture(inChunks(bytes, chunk), {
              onPacket: narrator.packet,
            });
            const run = { analysis, filters: [], narration: narrator.lines() };
            expect(analyzeText(run)).not.toMatch(raw);
            expect(JSON.parse(analyzeJson(run))).toHaveProperty("verdict");
            for (const finding of analysis.findings) expect(findingLine(finding)).not.toMatch(raw);
          } catch (error) {
            if (!(error instanceof IsnkitError)) throw error;
            expect(error.message).not.toContain("\n");
          }
        }),
        FUZZ_SECONDS === 0
          ? { numRuns: 600 }
          : { numRuns: 1e9, interruptAfterTimeLimit: FUZZ_SECONDS * 1000 },
      );
      if (FUZZ_SECONDS === 0) return;
      console.log(`${tries} mutated captures, ${startMb} MB at first, ${highestMb} MB at most`);
      expect(highestMb).toBeLessThan(Math.max(startMb, 200) + GROWTH_MB_MAX);
    },
    120_000 + FUZZ_SECONDS * 1000,
  );

  it("segments in any order never throw, and each has a connection", () => {
    const fields = fc.record({
      sourcePort: fc.constantFrom(1, 2),
      targetPort: fc.constantFrom(1, 2),
      sequence: fc.oneof(fc.nat({ max: 30 }), fc.constantFrom(2 ** 31, 2 ** 32 - 1)),
      acknowledgement: fc.nat({ max: 30 }),
      flags: fc.nat({ max: 31 }),
      payload: fc.uint8Array({ maxLength: 3 }),
    });
    fc.assert(
      fc.property(fc.array(fields, { maxLength: 40 }), (segments) => {
        const analysis = new Analysis();
        segments.forEach((one, i) => {
          analysis.packet(packetOf(i + 1, i * 300_000, one));
        });
        analysis.end();
        const { connections, counts } = analysis.result();
        expect(counts.analysed).toBe(segments.length);
        expect(connections).toHaveLength(counts.connections);
      }),
      { numRuns: 300 },
    );
  });
});

describe("both directions", () => {
  it("are judged alike: the server of one connection is the client of another", async () => {
    const recording = new Recording({ client: [10, 77, 0, 1], server: [10, 77, 0, 2] });
    const { finding } = await diagnose(recording.session(6574, 9).wait(2).refused(6574, 11, 6594));
    expect(finding("timewait-reused-isn").host).toBe("10.77.0.1");
  });

  it("a SYN from the other end on the same ports is a connection of its own", async () => {
    const recording = new Recording({ clientPort: 500, serverPort: 500 })
      .session(1000, 2000)
      .wait(1)
      .server({ flags: syn, sequence: 900 })
      .client({ flags: syn | ack, sequence: 50_000, acknowledgement: 901 });
    const { connections, rules } = await diagnose(recording);
    expect(connections.map(({ tuple }) => tuple.localAddress)).toEqual(["10.77.0.2", "10.77.0.1"]);
    expect(rules).toEqual([]);
  });
});
