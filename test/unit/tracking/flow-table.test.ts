import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Analysis, type AnalysisOptions } from "../../../host/analyze/analysis.ts";
import { openCapture } from "../../../host/capture/capture-reader.ts";
import { type Ends, Flow, Incarnation } from "../../../host/tracking/flow.ts";
import { FlowPool } from "../../../host/tracking/flow-pool.ts";
import { FlowTable } from "../../../host/tracking/flow-table.ts";
import { isPlain } from "../../../host/tracking/full-record.ts";
import { IncarnationRecords } from "../../../host/tracking/incarnation-records.ts";
import { fieldsOf, filled } from "../../support/filled-objects.ts";
import { inChunks, pcapFile } from "../../support/packets.ts";
import { Recording } from "../../support/sessions.ts";

/** What no record holds: objects, what there is only beside them, and what is made on its own. */
const APART = new Set([
  ...["misfit", "stale", "challenge", "wrongAck", "challenges", "wrongAcks", "rescueFrame"],
  ...[
    "challengeTold",
    "wrongAckTold",
    "vainRescues",
    "rescuePending",
    "wrongResets",
    "wrongReset",
    "hostTsval",
    "opening",
  ],
  ...["strayAnswers", "strayFrame", "strayFrom", "refusals", "refusedFrame", "refusedUs"],
  ...["doubtfulResets", "doubtfulFrame", "doubtfulUs", "doubtfulSequence", "doubtPending"],
  ...["resetAnswers", "afterReset", "resetIgnored", "secondIsn"],
  ...["openedUs", "openedFrame", "client", "server"],
]);

/** The largest that a record takes. */
const SHAPES: Readonly<Record<string, unknown>> = {
  // RFC 7323 §2.3.
  windowShift: 14,
  tunnel: 255,
  window: 65_535 * 2 ** 14,
  gaps: 65_535,
  syns: 65_535,
  keepalives: 65_535,
  handshakePackets: 65_535,
  bytes: 2 ** 32 - 1,
  packets: 2 ** 32 - 1,
  synIntervalUs: 2 ** 32 - 3,
  longestSilenceUs: 2 ** 32 - 4,
  resetBy: "server",
  closedFirst: "client",
};

/** Both need more than 32 bits. */
const LATE_US = 2 ** 43 + 77;
const LATE_FRAME = LATE_US - 5;
const SPAN_MAX = 2 ** 32 - 2;

function plainFields(one: object): Record<string, unknown> {
  const names = fieldsOf(one).filter((name) => !["client", "server"].includes(name));
  return Object.fromEntries(names.map((name) => [name, Reflect.get(one, name)]));
}

function all(incarnation: Incarnation) {
  const { client, server } = incarnation;
  return [incarnation, client, server].map(plainFields);
}

/** A long connection that began late: every field has a value of its own, none the first one. */
function incarnationOf(seed: number): Incarnation {
  const fields = { apart: APART, shapes: SHAPES };
  const one = filled(new Incarnation(true, true, LATE_FRAME, LATE_US), LATE_US + seed, fields);
  filled(one.client, LATE_US + 3 * 2 ** 30 + seed, fields);
  filled(one.server, LATE_US + 500 + seed, fields);
  one.lastUs = LATE_US + SPAN_MAX;
  one.lastFrame = LATE_FRAME + SPAN_MAX;
  return one;
}

const BRIEF_FRAMES_MAX = 65_534;

/** A connection as most are, with all frames at hand: the rest has values of its own, as large as they get. */
function briefOf(seed: number): Incarnation {
  const shapes = { ...SHAPES, packets: 65_535, bytes: 2 ** 31 + seed };
  const fields = { apart: new Set([...APART, "resetBy"]), shapes };
  const one = filled(new Incarnation(true, true, LATE_FRAME, LATE_US), LATE_US + seed, fields);
  const { client, server } = one;
  for (const half of [client, server]) {
    filled(half, LATE_US + 500 + seed, fields);
    half.sent = half.hasAcked = half.fin = true;
    half.gaps = half.finHalfAckedFrame = 0;
    half.isn = half === client ? 0xffff_fff0 : seed;
    // SYN, data and FIN.
    half.next = (half.isn + half.bytes + 2) >>> 0;
    half.finSequence = (half.next + 0xffff_ffff) >>> 0;
  }
  client.acked = server.next;
  server.acked = client.next;
  one.sawSyn = true;
  one.syns = 1;
  one.tunnel = 0;
  one.synUs = LATE_US;
  one.synFrame = LATE_FRAME;
  one.synIntervalUs = one.keepalives = one.resetFrame = one.resetUs = 0;
  one.lastUs = LATE_US + SPAN_MAX;
  one.lastFrame = LATE_FRAME + BRIEF_FRAMES_MAX;
  return one;
}

describe("the record of an incarnation", () => {
  it("is brief for a connection as most are, and holds every field", () => {
    const records = new IncarnationRecords();
    const seeds = Array.from({ length: 9000 }, (_, i) => i);
    const numbers = seeds.map((seed) => records.add(briefOf(seed)));
    expect(numbers.filter((number) => (number & 1) !== 0)).toEqual([]);
    const pool = new FlowPool();
    for (const [i, seed] of seeds.entries()) {
      const taken = records.take(numbers[i] ?? -1, pool);
      expect(all(taken)).toEqual(all(briefOf(seed)));
      pool.giveBackIncarnation(taken);
    }
  });

  it.each<readonly [string, (one: Incarnation) => void]>([
    ["with a SYN not seen", (one) => (one.sawSyn = false)],
    ["within a tunnel", (one) => (one.tunnel = 9)],
    ["with two SYNs", (one) => (one.syns = 2)],
    ["with a later SYN", (one) => (one.synUs += 1)],
    ["with a SYN in a later frame", (one) => (one.synFrame += 1)],
    ["with time between SYNs", (one) => (one.synIntervalUs = 1)],
    ["with a RST", (one) => (one.resetBy = "server")],
    ["with a RST's frame", (one) => (one.resetFrame = LATE_FRAME + 9)],
    ["with a RST's time", (one) => (one.resetUs = LATE_US + 9)],
    ["with a keep-alive", (one) => (one.keepalives = 1)],
    ["with frames in between", (one) => (one.lastFrame += 1)],
    ["with a side that sent nothing", ({ client }) => (client.sent = false)],
    ["with a side that acknowledged nothing", ({ server }) => (server.hasAcked = false)],
    ["with one FIN", ({ client }) => (client.fin = false)],
    ["with an ISN not seen", ({ server }) => (server.isn = undefined)],
    ["with bytes not seen", ({ server }) => (server.bytes += 1)],
    ["with numbers behind the FIN", ({ client }) => (client.finSequence -= 1)],
    ["with a number not acknowledged", ({ client }) => (client.acked -= 1)],
    ["with more packets", ({ server }) => (server.packets += 1)],
    ["with a gap", ({ client }) => (client.gaps = 1)],
    ["with a FIN acknowledged in steps", ({ server }) => (server.finHalfAckedFrame = LATE_FRAME)],
  ])("is a full one for a connection %s, and holds every field", (_, change) => {
    const records = new IncarnationRecords();
    const [one, same] = [briefOf(4), briefOf(4)];
    change(one);
    change(same);
    expect(isPlain(one)).toBe(true);
    const number = records.add(one);
    expect(number & 1).toBe(1);
    expect(all(records.take(number, new FlowPool()))).toEqual(all(same));
  });

  it("of one size is not used for the other", () => {
    const records = new IncarnationRecords();
    const [brief, full] = [records.add(briefOf(1)), records.add(incarnationOf(2))];
    records.drop(brief);
    const other = records.add(incarnationOf(3));
    expect(other).not.toBe(full);
    expect(records.add(briefOf(5))).toBe(brief);
    const pool = new FlowPool();
    expect(all(records.take(full, pool))).toEqual(all(incarnationOf(2)));
    expect(all(records.take(other, pool))).toEqual(all(incarnationOf(3)));
    expect(all(records.take(brief, pool))).toEqual(all(briefOf(5)));
  });

  it("holds every field, so that none is lost at rest", () => {
    const pool = new FlowPool();
    const records = new IncarnationRecords();
    const seeds = Array.from({ length: 9000 }, (_, i) => 1000 * i);
    const numbers = seeds.map((seed) => records.add(incarnationOf(seed)));
    for (const [i, seed] of seeds.entries()) {
      const taken = records.take(numbers[i] ?? -1, pool);
      expect(all(taken)).toEqual(all(incarnationOf(seed)));
      pool.giveBackIncarnation(taken);
    }
  });

  it("keeps what never happened apart from what happened in the first packet", () => {
    const records = new IncarnationRecords();
    const one = new Incarnation(false, false, 1, 0);
    one.server.finFrame = 1;
    const record = records.add(one);
    expect(all(records.take(record, new FlowPool()))).toEqual(all(one));
  });

  it("is used again when it is free", () => {
    const records = new IncarnationRecords();
    const first = records.add(incarnationOf(1));
    records.drop(first);
    expect(records.add(incarnationOf(2))).toBe(first);
    expect(all(records.take(first, new FlowPool()))).toEqual(all(incarnationOf(2)));
  });

  it("is not made of an incarnation that something odd hangs on", () => {
    const one = incarnationOf(3);
    expect(isPlain(one)).toBe(true);
    const odd = { sequence: 1, acknowledgement: 2, tsecr: 6, frame: 3, timeUs: 4, synUs: 5 };
    one.challenge = odd;
    expect(isPlain(one)).toBe(false);
    one.challenge = undefined;
    one.wrongAck = odd;
    expect(isPlain(one)).toBe(false);
    one.wrongAck = undefined;
    const print = { sequence: 1, length: 2, acknowledgement: 3, checksum: 4, frame: 5 };
    one.server.stale = { print, frame: 1, timeUs: 2, originalFrame: 3 };
    expect(isPlain(one)).toBe(false);
  });

  it.each<readonly [string, (one: Incarnation) => void]>([
    ["lasts longer", (one) => (one.lastUs += 1)],
    ["has more frames between its first and last", (one) => (one.lastFrame += 1)],
    ["has more SYNs", (one) => (one.syns += 1)],
    ["has more keep-alives", (one) => (one.keepalives += 1)],
    ["has a longer handshake", (one) => (one.handshakePackets += 1)],
    ["has more gaps", ({ client }) => (client.gaps += 1)],
    ["has more bytes", ({ server }) => (server.bytes += 1)],
    ["has more packets", ({ server }) => (server.packets += 1)],
    ["was challenged", (one) => (one.challenges += 1)],
    ["was wrongly answered", (one) => (one.wrongAcks += 1)],
    ["was refused", (one) => (one.refusals += 1)],
    ["was refused by a wrong RST", (one) => (one.wrongResets += 1)],
    ["was answered from elsewhere", (one) => (one.strayAnswers += 1)],
    ["was answered twice", (one) => (one.secondIsn = 0)],
    ["was reset with a doubtful number", (one) => (one.doubtfulResets += 1)],
    ["went on after a reset", (one) => (one.afterReset += 1)],
    ["is an opening of its host", (one) => (one.opening = 1)],
    ["waits for an answer beside others", (one) => (one.hostTsval = 0)],
    ["was rescued", (one) => (one.rescueFrame += 1)],
    ["begins in a later century", (one) => (one.lastUs = one.openedUs = 2 ** 52)],
    ["begins in a later frame", (one) => (one.lastFrame = one.openedFrame = 2 ** 44)],
  ])("is not made of an incarnation that %s than its words hold", (_, change) => {
    const one = incarnationOf(4);
    expect(isPlain(one)).toBe(true);
    change(one);
    expect(isPlain(one)).toBe(false);
  });
});

function endsOf(family: 4 | 6, n: number): Ends {
  const six = family === 6 ? n % 3 : 0;
  return {
    family,
    source0: 0xfd00_0000 + (n % 17),
    source1: six,
    source2: family === 6 ? six ^ 1 : 0,
    source3: six,
    target0: 0xfd00_0000 + (n % 5),
    target1: 0,
    target2: family === 6 ? 0xffff_ffff : 0,
    target3: six,
    sourcePort: 60_000 + (n % 31),
    targetPort: 65_535 - (n % 13),
  };
}

function turned(ends: Ends): Ends {
  return {
    family: ends.family,
    source0: ends.target0,
    source1: ends.target1,
    source2: ends.target2,
    source3: ends.target3,
    target0: ends.source0,
    target1: ends.source1,
    target2: ends.source2,
    target3: ends.source3,
    sourcePort: ends.targetPort,
    targetPort: ends.sourcePort,
  };
}

describe("the table of flows", () => {
  it("finds what a plain map finds, whatever is added, put to rest and forgotten", () => {
    const step = fc.record({
      what: fc.constantFrom("see", "see", "see", "rest", "forget"),
      family: fc.constantFrom<4 | 6>(4, 6),
      n: fc.nat(4000),
      back: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1500, maxLength: 3000, size: "max" }), (steps) => {
        const table = new FlowTable();
        const expected = new Map<string, number>();
        steps.forEach(({ what, family, n, back }, i) => {
          if (what === "forget") {
            const [oldest] = expected.keys();
            expect(table.oldestUs).toBe(expected.get(oldest ?? ""));
            table.removeOldest((flow) => expect(keyOf(flow())).toBe(oldest));
            if (oldest !== undefined) expected.delete(oldest);
            return;
          }
          const one = endsOf(family, n);
          const key = keyOf(one);
          const flow = table.find(back ? turned(one) : one);
          expect(flow?.current.synFrame).toBe(expected.get(key));
          const seen = flow ?? table.add(one, true, true, 1, i);
          seen.current.synFrame = i;
          seen.incarnations = i;
          table.touch(seen, i);
          expected.delete(key);
          expected.set(key, i);
          seen.current.lastUs = i;
          if (what === "rest") table.rest(seen);
          expect(table.size).toBe(expected.size);
        });
      }),
      { numRuns: 20 },
    );
  });
});

/** The same for a packet and a flow. */
function keyOf(one: Ends | Flow): string {
  if (one instanceof Flow) {
    const { a0, a1, a2, a3, b0, b1, b2, b3, aPort, bPort, family } = one;
    return [family, a0, a1, a2, a3, b0, b1, b2, b3, aPort, bPort].join();
  }
  const { source0, source1, source2, source3, target0, target1, target2, target3 } = one;
  const words = [source0, source1, source2, source3, target0, target1, target2, target3];
  return [one.family, ...words, one.sourcePort, one.targetPort].join();
}

describe("a connection at rest", () => {
  it("takes late packets, and is the one that the next SYN is held against", async () => {
    const recording = new Recording();
    // A late repetition of the client's last segment, other connections between, then the same ISN.
    recording.session(6574, 9);
    for (let port = 1; port < 50; port++) {
      new Recording({ clientPort: port }).session(port, port).records.forEach(({ data }) => {
        recording.frame(data);
      });
    }
    recording.wait(2).refused(6574, 11, 6594);
    const findings = await findingsOf(recording, {});
    expect(findings).toContainEqual(["timewait-reused-isn", "certain"]);
  });
});

async function findingsOf(recording: Recording, options: AnalysisOptions) {
  const analysis = new Analysis(options);
  const capture = openCapture(inChunks(pcapFile(recording.records), 5000));
  for await (const packet of capture) analysis.packet(packet);
  analysis.end();
  return analysis.result().findings.map(({ rule, confidence }) => [rule, confidence]);
}
