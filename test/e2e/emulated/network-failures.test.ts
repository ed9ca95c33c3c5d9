/** Faults of the network and of the device on it: a record says what happened, no wrong SYN, recovery. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { firmwarePath } from "../../../host/boards/board-firmware.ts";
import { openCapture } from "../../../host/capture/capture-reader.ts";
import { decodePacket } from "../../../host/capture/decode.ts";
import { ACK, RST, Segment, SYN } from "../../../host/capture/segment.ts";
import { deviceState, skipTime, waitForHello } from "../../../host/console/conformance-device.ts";
import {
  type ConsoleRecord,
  decimalField,
  hexField,
} from "../../../host/console/console-record.ts";
import { ConsoleSession } from "../../../host/console/console-session.ts";
import { parseAddress } from "../../../host/core/address.ts";
import { UsageError } from "../../../host/core/errors.ts";
import { Random } from "../../../host/core/random.ts";
import { serialAfter } from "../../../host/core/serial.ts";
import { startCampaignServer } from "../../../host/emulated/campaign-server.ts";
import type { LabServer } from "../../../host/emulated/lab-server.ts";
import { DEVICE_ADDRESS, NetworkLab } from "../../../host/emulated/network-lab.ts";
import { QemuBoard, type QemuBoardOptions } from "../../../host/emulated/qemu-board.ts";
import { captureSamples } from "../../../host/sources/capture/samples.ts";
import { reasonName } from "../../../host/sources/console-samples.ts";
import { describeNetwork } from "./network-tests.ts";
import { buildFirmware } from "./tools.ts";

const KEY = "000102030405060708090a0b0c0d0e0f";
const EEPROM_BYTES = 8192;
/** lwIP's error codes, without their sign (lwip/err.h). */
const TIMEOUT = 3;
const RESET = 14;
/** 2^32 ticks at 12.5 MHz. */
const WRAP_MS = (2 ** 32 / 12_500_000) * 1000;

describeNetwork("the campaign's device survives", () => {
  let lab: NetworkLab;
  let server: LabServer;
  let board: QemuBoard;
  let folder = "";
  let recordings: string[] = [];
  let records: ConsoleRecord[] = [];

  beforeAll(() => buildFirmware("lm3s6965evb"), 300_000);
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "isnkit-failures-"));
    recordings = [];
    lab = await NetworkLab.create();
    server = await startCampaignServer(lab, {});
    board = await device();
  });
  afterEach(async () => {
    await board.dispose();
    await server.stop();
    await lab.dispose();
    rmSync(folder, { recursive: true, force: true });
  });

  async function device(settings: Partial<QemuBoardOptions> = {}): Promise<QemuBoard> {
    return new QemuBoard({
      name: "the campaign's device",
      machine: "lm3s6965evb",
      firmware: await firmwarePath("lm3s6965evb", "campaign-wasm2c"),
      eepromBytes: EEPROM_BYTES,
      prefix: lab.inside,
      extraOfCycle: () => {
        const recording = join(folder, `${recordings.length}.pcap`);
        recordings.push(recording);
        return lab.emulatorArguments("stellaris", recording);
      },
      ...settings,
    });
  }

  async function powerOn(): Promise<ConsoleSession> {
    records = [];
    const session = new ConsoleSession(await board.powerOn(), {
      silenceMs: 60_000,
      onEvent: (event) => {
        if (event.kind === "record") records.push(event.record);
      },
    });
    await waitForHello(session);
    return session;
  }

  /** Powers on and boots the module; a new device gets its key. */
  async function start(): Promise<ConsoleSession> {
    const session = await powerOn();
    const { state } = deviceState(await session.command({ do: "start" }));
    if (state === "unprovisioned") {
      await session.command({ do: "provision", key: KEY, options: 2 });
    }
    return session;
  }

  const ofType = (type: string) => records.filter((record) => record.type === type);
  const next = (session: ConsoleSession, type: string) =>
    session.record((record) => record.type === type, `the record ${type}`);

  async function run(session: ConsoleSession, count: number, more: Record<string, number> = {}) {
    const over = next(session, "run-over");
    await session.command({ do: "run", count, ...more });
    await over;
  }

  /** The SYNs of the power cycle that runs, as the wire shows them. */
  async function wire(): Promise<{ port: number; isn: number; tsval: number | undefined }[]> {
    const syns = [];
    const device = parseAddress(DEVICE_ADDRESS);
    try {
      for await (const sample of captureSamples(recordings.at(-1) ?? "", { device })) {
        if (sample.kind !== "open") continue;
        syns.push({ port: sample.tuple.localPort, isn: sample.isn, tsval: sample.tsval });
      }
    } catch (error) {
      // Not one TCP packet of the device.
      if (!(error instanceof UsageError) || error.code !== "capture-no-device") throw error;
    }
    return syns;
  }

  /** The TCP segments of a local port in the power cycle that runs. */
  async function segmentsOf(port: number) {
    const found = [];
    const segment = new Segment();
    for await (const packet of openCapture(recordings.at(-1) ?? "")) {
      if (decodePacket(packet, segment) !== "tcp") continue;
      if (segment.sourcePort !== port && segment.targetPort !== port) continue;
      found.push({
        from: segment.sourcePort === port ? "device" : "server",
        flags: flagNames(segment.flags),
        sequence: segment.sequence,
        acknowledgement: segment.acknowledgement,
        timestamps: segment.hasTimestamps,
        timeUs: packet.timeUs,
      });
    }
    return found;
  }

  const told = () =>
    ofType("open").map((record) => ({
      port: decimalField(record, "lp"),
      isn: hexField(record, "isn"),
      tsval: hexField(record, "ts"),
    }));

  /** Every SYN is one that the device told of, with the module's number, and the other way round. */
  async function expectTrueWire(): Promise<void> {
    expect(await wire()).toEqual(told());
    for (const record of ofType("open")) {
      expect(record.fields.get("given")).toBe(record.fields.get("isn"));
    }
  }

  it("a cable that is out while it connects: it repeats one SYN, gives up, and connects later", async () => {
    const session = await start();
    await run(session, 4);
    await lab.setCable(false);
    await run(session, 1, { "limit-ms": 4_000 });
    const [failed] = ofType("failed");
    expect(failed?.fields.get("phase")).toBe("open");
    expect(decimalField(failed ?? fail(), "error")).toBe(TIMEOUT);
    await lab.setCable(true);
    await run(session, 4);
    expect(ofType("connected")).toHaveLength(8);
    expect(ofType("failed")).toHaveLength(1);
    await expectTrueWire();
  }, 60_000);

  it("a cable that is out when it starts: it says so, sends no SYN, and connects later", async () => {
    await lab.setCable(false);
    const session = await start();
    const noAnswer = next(session, "no-answer");
    const over = next(session, "run-over");
    await session.command({ do: "run", count: 2 });
    expect((await noAnswer).fields.get("from")).toBe("10.77.0.1");
    expect(await wire()).toEqual([]);
    await lab.setCable(true);
    await over;
    expect(ofType("connected")).toHaveLength(2);
    await expectTrueWire();
  }, 60_000);

  it("a server that accepts and stays silent: it gives up, and uses other numbers afterwards", async () => {
    const session = await start();
    await run(session, 4);
    server.freeze(true);
    await run(session, 4, { "limit-ms": 500 });
    const failed = ofType("failed");
    expect(failed.length).toBeGreaterThan(0);
    for (const record of failed) {
      expect(["send", "close"]).toContain(record.fields.get("phase"));
      expect(decimalField(record, "error")).toBe(TIMEOUT);
    }
    server.freeze(false);
    await run(session, 4);
    expect(ofType("connected")).toHaveLength(12);
    expect(new Set(told().map(({ isn }) => isn)).size).toBe(12);
    expectForward();
    await expectTrueWire();
  }, 60_000);

  it("a server that is gone: it says that it was reset, and connects when the server is back", async () => {
    const session = await start();
    await server.stop();
    await run(session, 4);
    expect(ofType("failed").map((record) => decimalField(record, "error"))).toEqual(
      Array(4).fill(RESET),
    );
    // The addresses are there already: only the servers start again.
    await lab.ip("addr", "del", "192.0.2.7/32", "dev", "lo");
    server = await startCampaignServer(lab, {});
    await run(session, 4);
    expect(ofType("connected")).toHaveLength(4);
    expectForward();
    await expectTrueWire();
  }, 60_000);

  it("a power cut in a connection: it resets what the server still holds, and connects at once", async () => {
    const session = await start();
    server.freeze(true);
    const halfOpen = session.record(
      (record) => record.type === "connected" && decimalField(record, "lp") === 5000,
      "the connection on the bound port",
    );
    await session.command({ do: "run", "limit-ms": 300 });
    await halfOpen;
    await board.powerOff();
    // The server stays silent, or it would close the old connection before the device comes back.
    await run(await start(), 2, { "limit-ms": 300 });
    const connected = ofType("connected").at(-1) ?? fail();
    expect(decimalField(connected, "lp")).toBe(5000);
    expect(decimalField(connected, "ms")).toBeLessThan(1_000);

    const dialogue = await segmentsOf(5000);
    const [syn, answer, reset, again, accepted] = dialogue;
    // The server answers for the old connection; the reset takes its number and has no timestamps (RFC
    // 7323 §3.2 asks for none), and the same SYN follows at once (RFC 9293 §3.10.7.3).
    expect(dialogue.slice(0, 5).map(({ from, flags }) => `${from} ${flags}`)).toEqual([
      "device SYN",
      "server ACK",
      "device RST",
      "device SYN",
      "server SYN ACK",
    ]);
    expect(reset).toMatchObject({ sequence: answer?.acknowledgement, timestamps: false });
    expect(syn).toMatchObject({ timestamps: true });
    expect(again).toMatchObject({ sequence: syn?.sequence, timestamps: true });
    expect(accepted?.acknowledgement).toBe(((syn?.sequence ?? 0) + 1) >>> 0);
    expect((again?.timeUs ?? 0) - (answer?.timeUs ?? 0)).toBeLessThan(100_000);
    await expectTrueWire();
  }, 60_000);

  it("an EEPROM that stops taking writes: it says so, sends no number that is not durable, and recovers", async () => {
    const session = await start();
    await session.command({ do: "fault", kind: 1, after: 3 });
    const refused = next(session, "refused");
    await session.command({ do: "run" });
    expect(reasonName(decimalField(await refused, "reason") ?? 0)).toBe("storageFailed");
    expect(ofType("open").length).toBeGreaterThan(5);
    // A bound port goes on within the lease that is durable; the next port is not given.
    await next(session, "refused");
    await session.command({ do: "stop" });
    await expectTrueWire();
    const before = lastBound();
    await board.powerOff();
    const again = await start();
    await run(again, 4);
    expect(serialAfter(firstBound().isn, before.next)).toBe(true);
    await expectTrueWire();
  }, 60_000);

  it.each([
    ["an EEPROM that is absent", { eepromBytes: 0 }, "storageFailed"],
    ["a write-protected EEPROM", { writeProtected: true }, "storageFailed"],
    ["an EEPROM full of noise", { eepromContents: noise() }, "storageCorrupt"],
  ])(
    "%s: not one SYN, and connections when it is repaired",
    async (_, fault, why) => {
      const session = await start();
      await run(session, 4);
      const before = lastBound();
      await board.powerOff();
      const image = await board.readStorage();
      await board.dispose();
      board = await device({ eepromContents: image, ...fault });
      const faulty = await powerOn();
      const state = deviceState(await faulty.command({ do: "start" }));
      expect({ state: state.state, reason: reasonName(state.reason) }).toEqual({
        state: "failed",
        reason: why,
      });
      await run(faulty, 1);
      expect(reasonName(decimalField(ofType("refused")[0] ?? fail(), "reason") ?? 0)).toBe(why);
      expect(await wire()).toEqual([]);
      await board.dispose();
      board = await device({ eepromContents: image });
      await run(await start(), 4);
      expect(ofType("connected")).toHaveLength(4);
      expect(serialAfter(firstBound().isn, before.next)).toBe(true);
      await expectTrueWire();
    },
    60_000,
  );

  it("a stuck entropy source: no key, not one SYN, and connections with a source that works", async () => {
    const session = await powerOn();
    await session.command({ do: "start", entropy: "stuck" });
    await session.command({ do: "provision", key: "own", options: 2 });
    expect(reasonName(decimalField(ofType("refused")[0] ?? fail(), "reason") ?? 0)).toBe(
      "entropyUnhealthy",
    );
    await run(session, 1);
    expect(await wire()).toEqual([]);
    await session.command({ do: "start", entropy: "varied" });
    await session.command({ do: "provision", key: "own", options: 2 });
    await run(session, 4);
    expect(ofType("connected")).toHaveLength(4);
    await expectTrueWire();
  }, 60_000);

  it("a counter that wraps under its connections: ISNs and timestamps go on", async () => {
    const session = await start();
    const sinceMs = performance.now();
    const skippedMs = Math.floor(WRAP_MS - 1_500);
    await skipTime(session, skippedMs);
    while (performance.now() - sinceMs + skippedMs < WRAP_MS + 1_000) await run(session, 8);
    expect(ofType("open").length).toBeGreaterThan(32);
    expect(ofType("failed")).toEqual([]);
    expectForward();
    await expectTrueWire();
  }, 60_000);

  /** Tuples that come back: each ISN is after the numbers used before, no timestamp is lower. */
  function expectForward(): void {
    const last = new Map<string, { next: number; tsval: number }>();
    let compared = 0;
    for (const record of records) {
      const key = ["lp", "ra", "rp"].map((name) => record.fields.get(name)).join(" ");
      const before = last.get(key);
      if (record.type === "open") {
        const [isn = 0, tsval = 0] = [hexField(record, "isn"), hexField(record, "ts")];
        if (before !== undefined) {
          compared++;
          expect(serialAfter(isn, before.next)).toBe(true);
          expect(serialAfter(before.tsval, tsval)).toBe(false);
        }
        last.set(key, { next: (isn + 1) >>> 0, tsval });
      } else if (record.type === "used" && before !== undefined) {
        last.set(key, { ...before, next: hexField(record, "next") ?? 0 });
      }
    }
    expect(compared).toBeGreaterThan(0);
  }

  const bound = (type: string) =>
    ofType(type).filter((record) => record.fields.get("lp") === "5000");
  const lastBound = () => ({ next: hexField(bound("used").at(-1) ?? fail(), "next") ?? 0 });
  const firstBound = () => ({ isn: hexField(bound("open")[0] ?? fail(), "isn") ?? 0 });
});

function flagNames(flags: number): string {
  // Whether a reset acknowledges something is of no interest here.
  if ((flags & RST) !== 0) return "RST";
  return [(flags & SYN) !== 0 ? "SYN" : "", (flags & ACK) !== 0 ? "ACK" : ""].join(" ").trim();
}

function noise(): Uint8Array {
  const bytes = new Uint8Array(EEPROM_BYTES);
  new Random(7).fill(bytes);
  return bytes;
}

function fail(): never {
  throw new Error("the record is not there");
}
