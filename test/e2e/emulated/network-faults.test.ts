import { afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { firmwarePath } from "../../../host/boards/board-firmware.ts";
import { type ConsoleRecord, decimalField } from "../../../host/console/console-record.ts";
import { ConsoleSession } from "../../../host/console/console-session.ts";
import { MailServer } from "../../../host/emulated/mail-server.ts";
import { NetworkLab } from "../../../host/emulated/network-lab.ts";
import { QemuBoard } from "../../../host/emulated/qemu-board.ts";
import { describeNetwork } from "./network-tests.ts";
import { buildFirmware } from "./tools.ts";

const KEY = "000102030405060708090a0b0c0d0e0f";

describeNetwork("the mail device with isnkit on a bad network", () => {
  let lab: NetworkLab;
  let server: MailServer;
  let board: QemuBoard;
  let records: ConsoleRecord[] = [];

  beforeAll(() => buildFirmware("lm3s6965evb"), 300_000);
  beforeEach(async () => {
    lab = await NetworkLab.create();
    server = await MailServer.start(lab);
    board = new QemuBoard({
      name: "the mail device",
      machine: "lm3s6965evb",
      firmware: await firmwarePath("lm3s6965evb", "mail-wasm2c"),
      eepromBytes: 8192,
      prefix: lab.inside,
      extra: ["-nic", "tap,ifname=tap0,script=no,downscript=no,model=stellaris"],
    });
  });
  afterEach(async () => {
    await board.dispose();
    await server.stop();
    await lab.dispose();
  });

  async function powerOn(): Promise<ConsoleSession> {
    records = [];
    return new ConsoleSession(await board.powerOn(), {
      silenceMs: 60_000,
      onEvent: (event) => {
        if (event.kind === "record") records.push(event.record);
      },
    });
  }

  const ofType = (type: string) => records.filter((record) => record.type === type);
  const next = (session: ConsoleSession, type: string) =>
    session.record((record) => record.type === type, `the record ${type}`);

  async function firstBoot(): Promise<ConsoleSession> {
    const session = await powerOn();
    await next(session, "boot");
    const over = next(session, "mails-over");
    await session.command({ do: "provision", key: KEY, options: 2 });
    await over;
    return session;
  }

  it("repeats the same SYN while the cable is out, and connects when it is back", async () => {
    const session = await firstBoot();
    await lab.setCable(false);
    const opened = next(session, "open");
    const finished = next(session, "mail");
    await session.command({ do: "mail", count: 1 });
    await opened;
    await lab.setCable(true);
    expect(decimalField(await finished, "ok")).toBe(1);
    expect(ofType("open")).toHaveLength(3);
    expect(decimalField(ofType("connected").at(-1) ?? (await finished), "repeats")).toBeGreaterThan(
      0,
    );
    expect(ofType("refused")).toEqual([]);
  }, 90_000);

  it("is cut off from a silent server, and takes other numbers after the reboot", async () => {
    await firstBoot();
    server.freeze(true);
    await board.powerOff();
    const waiting = await powerOn();
    // The kernel completes the handshake; then nobody greets.
    await next(waiting, "connected");
    const [before] = ofType("open");
    expect(ofType("mail")).toEqual([]);
    await board.powerOff();
    server.freeze(false);
    const session = await powerOn();
    await next(session, "mails-over");
    expect(ofType("mail").map((record) => decimalField(record, "ok"))).toEqual([1, 1]);
    const numbers = (record: ConsoleRecord | undefined) => [
      record?.fields.get("lp"),
      record?.fields.get("isn"),
    ];
    for (const open of ofType("open")) expect(numbers(open)).not.toEqual(numbers(before));
  }, 90_000);

  it("sends no SYN at all when its EEPROM refuses, and says why", async () => {
    await firstBoot();
    await board.powerOff();
    await board.replaceStorage(new Uint8Array(8192).fill(0x5a));
    const session = await powerOn();
    const boot = await next(session, "boot");
    expect(decimalField(boot, "state")).toBe(4);
    const status = await session.command({ do: "mail", count: 1 });
    expect(decimalField(status, "reason")).toBe(5);
    expect(ofType("open")).toEqual([]);
  }, 60_000);
});
