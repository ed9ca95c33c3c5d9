import { readdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { Analysis } from "../../../host/analyze/analysis.ts";
import { Narrator } from "../../../host/analyze/views/narrate.ts";
import { openCapture } from "../../../host/capture/capture-reader.ts";
import { IsnkitError } from "../../../host/core/errors.ts";
import { type Ends, Flow, Incarnation } from "../../../host/tracking/flow.ts";
import { FlowPool } from "../../../host/tracking/flow-pool.ts";
import { FIXTURES } from "../../support/captures.ts";
import { fieldsOf, filled } from "../../support/filled-objects.ts";
import { inChunks, pcapFile } from "../../support/packets.ts";
import { Recording } from "../../support/sessions.ts";

function endsOf(last: number): Ends {
  return {
    family: 4,
    source0: 0x0a00_0000 + last,
    source1: 0,
    source2: 0,
    source3: 0,
    target0: 0x0a00_ff00 + last,
    target1: 0,
    target2: 0,
    target3: 0,
    sourcePort: 4000 + last,
    targetPort: 80,
  };
}

const ODD = { sequence: 1, acknowledgement: 2, tsecr: 6, frame: 3, timeUs: 4, synUs: 5 };
const FIELDS = {
  apart: new Set(["client", "server"]),
  shapes: {
    misfit: {},
    stale: {},
    challenge: ODD,
    wrongAck: ODD,
    wrongReset: ODD,
    resetBy: "client",
  },
};

describe("the pool of flows", () => {
  it("hands out an incarnation that is like a new one, whatever it was", () => {
    const pool = new FlowPool();
    const used = pool.incarnation(true, true, 1, 2);
    filled(used, 1000, FIELDS);
    filled(used.client, 2000, FIELDS);
    filled(used.server, 3000, FIELDS);
    pool.giveBackIncarnation(used);
    const next = pool.incarnation(false, false, 7, 9);
    expect(next).toBe(used);
    const made = new Incarnation(false, false, 7, 9);
    for (const of of [(one: Incarnation) => one, ({ client }: Incarnation) => client]) {
      for (const name of fieldsOf(of(made))) {
        expect([name, Reflect.get(of(next), name)]).toEqual([name, Reflect.get(of(made), name)]);
      }
    }
    expect(next).toEqual(made);
  });

  it("hands out a flow that is like a new one, with texts of its own", () => {
    const pool = new FlowPool();
    const used = pool.flow(endsOf(1), pool.incarnation(true, true, 1, 2));
    used.previous = pool.incarnation(true, true, 0, 0);
    used.incarnations = 5;
    used.slot = 77;
    expect([used.clientAddress(), used.serverAddress()]).toEqual(["10.0.0.1", "10.0.255.1"]);
    pool.giveBack(used);
    const current = pool.incarnation(true, true, 3, 4);
    const next = pool.flow(endsOf(2), current);
    expect(next).toBe(used);
    expect([next.clientAddress(), next.serverAddress()]).toEqual(["10.0.0.2", "10.0.255.2"]);
    const made = new Flow(endsOf(2), current);
    made.place = next.place;
    const texts = [made.clientAddress(), made.serverAddress()];
    expect(texts).toHaveLength(2);
    expect(next).toEqual(made);
  });

  it("gives each flow in use a place of its own, also in a rush", () => {
    const pool = new FlowPool();
    const rush = () =>
      Array.from({ length: 3000 }, (_, i) =>
        pool.flow(endsOf(i), pool.incarnation(true, true, i, i)),
      );
    for (let round = 0; round < 3; round++) {
      const flows = rush();
      expect(new Set(flows).size).toBe(3000);
      for (const flow of flows) expect(pool.at(flow.place)).toBe(flow);
      for (const flow of flows) pool.giveBack(flow);
    }
  });
});

/** From now on, whoever reads or writes anything of it fails. */
function locked(one: object): void {
  for (const name of fieldsOf(one)) {
    const fail = () => {
      throw new Error(`${one.constructor.name}.${name} was used after it had been given back`);
    };
    Object.defineProperty(one, name, { get: fail, set: fail, configurable: true });
  }
}

/** All that an analysis tells; `beforePacket` is called before each packet, and at the end. */
async function toldOf(source: Parameters<typeof openCapture>[0], beforePacket: () => void) {
  const narrator = new Narrator(240_000_000);
  const rows: unknown[] = [];
  const analysis = new Analysis({
    onPacket: narrator.packet,
    onConnection: (row) => rows.push(row),
    // Some are forgotten early.
    flowsMax: 20,
  });
  try {
    for await (const packet of openCapture(source)) {
      beforePacket();
      analysis.packet(packet);
    }
  } catch (error) {
    if (!(error instanceof IsnkitError)) throw error;
  }
  beforePacket();
  analysis.end();
  return { result: analysis.result(), rows, lines: narrator.lines() };
}

describe("what was given back", () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  const fixtures = readdirSync(FIXTURES).filter((name) => /\.pcap(ng)?$/.test(name));

  it.each(fixtures)("is used by nobody after the packet: %s", async (name) => {
    const path = join(FIXTURES, name);
    const expected = await toldOf(path, () => {});
    const { given, lock } = lockingPool();
    expect(await toldOf(path, lock)).toEqual(expected);
    expect(given()).toBeGreaterThan(0);
  });

  it("is used by nobody where a port is used again and again", async () => {
    const recording = new Recording();
    for (let i = 0; i < 30; i++) {
      recording.session(1000 + 5000 * i, 9 + i);
      if (i % 3 === 0) recording.wait(1).refused(1000 + 5000 * i, 3, 6 + i);
    }
    const bytes = pcapFile(recording.records);
    const expected = await toldOf(inChunks(bytes, 1000), () => {});
    const { given, lock } = lockingPool();
    expect(await toldOf(inChunks(bytes, 1000), lock)).toEqual(expected);
    expect(given()).toBeGreaterThan(30);
  });
});

/** Makes pools keep nothing: what is given back is locked when the next packet comes. */
function lockingPool() {
  const waiting: object[] = [];
  let given = 0;
  const take = (one: Incarnation) => {
    waiting.push(one.client, one.server, one);
    given += 1;
  };
  vi.spyOn(FlowPool.prototype, "giveBackIncarnation").mockImplementation(take);
  vi.spyOn(FlowPool.prototype, "giveBack").mockImplementation((flow) => {
    take(flow.current);
    if (flow.previous) take(flow.previous);
    waiting.push(flow);
  });
  return { given: () => given, lock: () => waiting.splice(0).forEach(locked) };
}
