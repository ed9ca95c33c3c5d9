/**
 * Hundreds of connections in one boot that end in every way, over lwIP as client and as server: servers that refuse,
 * stay silent, reset at each point, vanish and come back, and a device that gives up by itself. The module must refuse
 * nothing, and hold nothing at the end. Where lwIP waits for minutes the device's clock runs a hundred times as fast.
 */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { firmwarePath } from "../../../host/boards/board-firmware.ts";
import { skipTime, waitForHello } from "../../../host/console/conformance-device.ts";
import {
  type ConsoleRecord,
  decimalField,
  hexField,
} from "../../../host/console/console-record.ts";
import { ConsoleSession } from "../../../host/console/console-session.ts";
import { LabServer } from "../../../host/emulated/lab-server.ts";
import { DEVICE_ADDRESS, NetworkLab, SERVER_ADDRESS } from "../../../host/emulated/network-lab.ts";
import { QemuBoard } from "../../../host/emulated/qemu-board.ts";
import { describeNetwork } from "./network-tests.ts";
import { buildFirmware } from "./tools.ts";

const KEY = "000102030405060708090a0b0c0d0e0f";
/** Counters of docs/abi.md. */
const COUNTER = { refusals: 4, tableUsed: 10, open: 12, timeWait: 13 };
const PORT = {
  ...{ serverCloses: 25, deviceCloses: 443, nobody: 4444 },
  ...{ resetsAccepted: 5001, resetsData: 5002, resetsEnd: 5003 },
};
/** Behind the gateway, which forwards nothing: no answer at all. */
const SILENT = "198.51.100.9";
/** lwIP's error codes, without their sign (lwip/err.h). */
const ERROR = { timeout: 3, aborted: 13, reset: 14 };
const SERVER_PORT = 7;
const FAST = 100;
/** Longer than lwIP repeats a SYN. */
const LONG_MS = 600_000;
const TWO_MSL_MS = 240_000;

const run = promisify(execFile);

describeNetwork("on lwIP, connections that end in every way", () => {
  let lab: NetworkLab;
  let server: LabServer;
  let board: QemuBoard;
  let session: ConsoleSession;
  let records: ConsoleRecord[] = [];

  beforeAll(() => buildFirmware("lm3s6965evb"), 300_000);
  beforeEach(async () => {
    lab = await NetworkLab.create();
    server = await startServers();
    board = new QemuBoard({
      name: "the campaign's device",
      machine: "lm3s6965evb",
      firmware: await firmwarePath("lm3s6965evb", "campaign-wasm2c"),
      eepromBytes: 8192,
      prefix: lab.inside,
      extra: [...lab.emulatorArguments("stellaris")],
    });
    session = new ConsoleSession(await board.powerOn(), {
      silenceMs: 120_000,
      onEvent: (event) => {
        if (event.kind === "record") records.push(event.record);
      },
    });
    await waitForHello(session);
  });
  afterEach(async () => {
    await board.dispose();
    await server.stop();
    await lab.dispose();
  });

  function startServers(): Promise<LabServer> {
    const address = SERVER_ADDRESS;
    return LabServer.start(lab, {
      name: "campaign",
      script: "scripts/campaign-server.mjs",
      args: [
        JSON.stringify([
          { address, port: PORT.serverCloses, closesFirst: "server" },
          { address, port: PORT.deviceCloses, closesFirst: "device" },
          { address, port: PORT.resetsAccepted, closesFirst: "device", resets: "accepted" },
          { address, port: PORT.resetsData, closesFirst: "device", resets: "data" },
          { address, port: PORT.resetsEnd, closesFirst: "device", resets: "end" },
        ]),
      ],
      install: "look whether another program holds its ports in the lab",
    });
  }

  async function start(more: Record<string, string> = {}): Promise<void> {
    await session.command({ do: "start", ...more });
    await session.command({ do: "provision", key: KEY, options: 2 });
  }

  /** Connections to one server, one after another; their records. */
  async function connect(
    to: { port: number; address?: string },
    count: number,
    more: Record<string, string | number> = {},
  ): Promise<ConsoleRecord[]> {
    const { port, address = SERVER_ADDRESS } = to;
    await session.command({ do: "server", i: 0, ra: address, rp: port });
    await session.command({ do: "servers", count: 1 });
    records = [];
    const over = session.record(({ type }) => type === "run-over", "the end of the run");
    const closes = port === PORT.serverCloses ? "server" : "device";
    const done = await session.command({ do: "run", count, closes, ...more });
    expect(done.fields.get("why")).toBeUndefined();
    await over;
    return records;
  }

  const setSpeed = (times: number) => session.command({ do: "speed", times });
  const errors = (of: ConsoleRecord[]) =>
    of.filter(({ type }) => type === "failed").map((record) => decimalField(record, "error"));
  const countOf = (of: ConsoleRecord[], type: string) =>
    of.filter((record) => record.type === type).length;

  async function counter(id: number): Promise<number> {
    const answer = await session.command({ do: "call", fn: "counter", a: id });
    return hexField(answer, "v") ?? Number.NaN;
  }

  /** The module refused nothing, and holds nothing once 2 × MSL are over. */
  async function expectNothingHeld(): Promise<void> {
    expect(await counter(COUNTER.refusals)).toBe(0);
    expect(await counter(COUNTER.open)).toBe(0);
    await skipTime(session, TWO_MSL_MS + 10_000);
    expect(await counter(COUNTER.open)).toBe(0);
    expect(await counter(COUNTER.timeWait)).toBe(0);
    expect(await counter(COUNTER.tableUsed)).toBe(0);
  }

  it("40 refused, 40 silent, 40 reset, 40 aborted and 200 good ones in one boot", async () => {
    await start();
    expect(errors(await connect({ port: PORT.nobody }, 40))).toEqual(Array(40).fill(ERROR.reset));

    await setSpeed(FAST);
    const silent = await connect({ port: 25, address: SILENT }, 40, { "limit-ms": LONG_MS });
    expect(errors(silent)).toHaveLength(40);
    expect(countOf(silent, "connected")).toBe(0);
    await setSpeed(1);

    for (const [port, count] of [
      [PORT.resetsAccepted, 13],
      [PORT.resetsData, 14],
      [PORT.resetsEnd, 13],
    ] as const) {
      const reset = await connect({ port }, count, { bytes: 3000 });
      expect(countOf(reset, "connected")).toBe(count);
    }

    for (const [aborts, count] of [
      ["opened", 13],
      ["connected", 14],
      ["sending", 13],
    ] as const) {
      const aborted = await connect({ port: PORT.deviceCloses }, count, { aborts, bytes: 3000 });
      expect(errors(aborted)).toEqual(Array(count).fill(ERROR.aborted));
    }

    expect(errors(await connect({ port: PORT.serverCloses }, 100, { bytes: 700 }))).toEqual([]);
    expect(errors(await connect({ port: PORT.deviceCloses }, 100, { bytes: 700 }))).toEqual([]);
    await expectNothingHeld();
  }, 300_000);

  it("a server that vanishes for 40 connections, and comes back", async () => {
    await start();
    expect(errors(await connect({ port: PORT.serverCloses }, 4))).toEqual([]);
    // It takes connections and is silent, then it is gone, then it is back.
    server.freeze(true);
    const hung = await connect({ port: PORT.serverCloses }, 40, { "limit-ms": 100, bytes: 500 });
    expect(errors(hung)).toEqual(Array(40).fill(ERROR.timeout));
    await server.stop();
    expect(errors(await connect({ port: PORT.serverCloses }, 40))).toEqual(
      Array(40).fill(ERROR.reset),
    );
    server = await startServers();
    expect(errors(await connect({ port: PORT.serverCloses }, 40))).toEqual([]);
    await expectNothingHeld();
  }, 120_000);

  it("as a server: 100 clients that close, and 40 that reset", async () => {
    await start();
    await session.command({ do: "listen", port: SERVER_PORT });
    // A SYN for a device whose address nobody has asked for yet waits for an answer by ARP.
    const clients = `
      const { connect } = require("node:net");
      const one = (resets) => new Promise((resolve, reject) => {
        const socket = connect(${SERVER_PORT}, "${DEVICE_ADDRESS}", () => {
          socket.write("hello");
          if (resets) socket.resetAndDestroy(); else socket.end();
        });
        socket.on("error", reject).on("close", resolve).resume();
      });
      (async () => { for (let i = 0; i < 140; i++) await one(i % 7 >= 5); })()
        .catch((error) => { console.error(error.message); process.exit(1); });`;
    const [program = "nsenter", ...prefix] = lab.inside;
    await run(program, [...prefix, "node", "-e", clients]);
    expect(errors(await connect({ port: PORT.serverCloses }, 4))).toEqual([]);
    await expectNothingHeld();
  }, 120_000);

  it("with lwIP in an exception handler, where the platform allows calls from there", async () => {
    await start({ handlers: "allowed" });
    const stack = "handler";
    expect(errors(await connect({ port: PORT.serverCloses }, 20, { stack }))).toEqual([]);
    expect(errors(await connect({ port: PORT.deviceCloses }, 20, { stack }))).toEqual([]);
    expect(errors(await connect({ port: PORT.nobody }, 40, { stack }))).toEqual(
      Array(40).fill(ERROR.reset),
    );
    await connect({ port: PORT.resetsData }, 20, { stack, bytes: 3000 });
    await expectNothingHeld();
  }, 120_000);

  it("with lwIP in an exception handler where calls from there are refused: nothing gets through", async () => {
    await start();
    const lost = await connect({ port: PORT.serverCloses }, 2, {
      ...{ stack: "handler", "limit-ms": 1500, bytes: 700 },
    });
    expect(errors(lost)).toEqual([ERROR.timeout, ERROR.timeout]);
  }, 60_000);
});
