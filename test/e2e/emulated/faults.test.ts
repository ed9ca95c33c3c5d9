import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeAll, expect, it } from "vitest";
import { firmwarePath } from "../../../host/boards/board-firmware.ts";
import { deviceState, skipTime } from "../../../host/console/conformance-device.ts";
import {
  type ConsoleRecord,
  decimalField,
  hexField,
} from "../../../host/console/console-record.ts";
import type { ConsoleSession } from "../../../host/console/console-session.ts";
import { Random } from "../../../host/core/random.ts";
import { serialAfter } from "../../../host/core/serial.ts";
import type { EmulatorSettings } from "../../../host/emulated/emulated-board.ts";
import { reasonName } from "../../../host/sources/console-samples.ts";
import { FirmwareCarrier } from "./module-carriers.ts";
import { buildFirmware, describeArm, emulatorsLeft } from "./tools.ts";

const KEY = "000102030405060708090a0b0c0d0e0f";
const EEPROM_BYTES = 8192;

describeArm("the firmware fails closed, says why, and recovers", () => {
  const open: FirmwareCarrier[] = [];
  const files: string[] = [];

  beforeAll(() => buildFirmware("lm3s6965evb"), 300_000);
  afterEach(async () => {
    await Promise.all(open.splice(0).map((carrier) => carrier.dispose()));
    for (const file of files.splice(0)) rmSync(file, { force: true });
  });

  async function device(
    runtime = "wasm2c",
    settings: EmulatorSettings = {},
  ): Promise<FirmwareCarrier> {
    const carrier = await FirmwareCarrier.open(`qemu:lm3s6965evb:${runtime}`, settings);
    open.push(carrier);
    return carrier;
  }

  /** A device that has its key, and the image of its EEPROM. */
  async function provisionedImage(): Promise<Uint8Array> {
    const carrier = await device();
    const session = await carrier.powerOn();
    await session.command({ do: "start" });
    const answer = await session.command({ do: "provision", key: KEY, options: 2 });
    expect(deviceState(answer).state).toBe("ready");
    await carrier.cutPower();
    return carrier.storage();
  }

  /** Opens connections until the run is over or `last` fits; returns the records of the run. */
  async function run(
    session: ConsoleSession,
    count: number,
    last = ({ type }: ConsoleRecord) => type === "run-over",
  ): Promise<ConsoleRecord[]> {
    const records: ConsoleRecord[] = [];
    const over = session.record((record) => {
      records.push(record);
      return last(record);
    }, "the end of the run");
    await session.command({ do: "run", count });
    await over;
    return records;
  }

  const opened = (records: ConsoleRecord[]) => records.filter(({ type }) => type === "open");
  const refusals = (records: ConsoleRecord[]) =>
    records
      .filter(({ type }) => type === "refused")
      .map((record) => reasonName(decimalField(record, "reason") ?? 0));

  it("without an EEPROM", async () => {
    const session = await (await device("wasm2c", { eepromBytes: 0 })).powerOn();
    const state = deviceState(await session.command({ do: "start" }));
    expect(state).toMatchObject({ state: "failed", nvmError: 1 });
    expect(reasonName(state.reason)).toBe("storageFailed");
    const records = await run(session, 1);
    expect(opened(records)).toEqual([]);
    expect(refusals(records)).toEqual(["storageFailed"]);
    // The part is fitted: a new device.
    const repaired = await (await device()).powerOn();
    expect(deviceState(await repaired.command({ do: "start" })).state).toBe("unprovisioned");
    await repaired.command({ do: "provision", key: KEY, options: 2 });
    expect(opened(await run(repaired, 5))).toHaveLength(5);
  });

  it("with a write-protected EEPROM, and carries on when the pin is right again", async () => {
    const image = await provisionedImage();
    const locked = await device("wasm2c", { eepromContents: image, writeProtected: true });
    const session = await locked.powerOn();
    expect(deviceState(await session.command({ do: "start" })).state).toBe("failed");
    expect(opened(await run(session, 1))).toEqual([]);
    await locked.cutPower();
    expect(Buffer.from(await locked.storage()).equals(image)).toBe(true);
    const repaired = await (await device("wasm2c", { eepromContents: image })).powerOn();
    expect(deviceState(await repaired.command({ do: "start" })).state).toBe("ready");
    expect(opened(await run(repaired, 5))).toHaveLength(5);
  });

  it("with an EEPROM that stops taking writes while the device works", async () => {
    const carrier = await device("wasm2c", { eepromContents: await provisionedImage() });
    const session = await carrier.powerOn();
    await session.command({ do: "start" });
    await session.command({ do: "fault", kind: 1, after: 3 });
    const records = await run(session, 0, ({ type }) => type === "refused");
    expect(opened(records).length).toBeGreaterThan(10);
    expect(refusals(records)).toContain("storageFailed");
    const before = lastUsed(records);
    await carrier.cutPower();
    const again = await carrier.powerOn();
    expect(deviceState(await again.command({ do: "start" })).state).toBe("ready");
    const after = opened(await run(again, 5)).find((record) => tuple(record) === before.tuple);
    expect(serialAfter(hexField(after ?? fail(), "isn") ?? 0, before.next)).toBe(true);
  }, 60_000);

  it("on an EEPROM full of noise", async () => {
    const noise = new Uint8Array(EEPROM_BYTES);
    new Random(7).fill(noise);
    const session = await (await device("wasm2c", { eepromContents: noise })).powerOn();
    const state = deviceState(await session.command({ do: "start" }));
    expect(state.state).toBe("failed");
    expect(reasonName(state.reason)).toBe("storageCorrupt");
    expect(opened(await run(session, 1))).toEqual([]);
    // The service desk gives it a key again: quiet time comes first (RFC 9293 §3.4.3).
    const provisioned = deviceState(
      await session.command({ do: "provision", key: KEY, options: 1 }),
    );
    expect(provisioned.state).toBe("quiet");
    expect(provisioned.quietMs).toBeGreaterThan(239_000);
    expect(refusals(await run(session, 1))).toEqual(["quiet"]);
    await skipTime(session, 240_000);
    expect(opened(await run(session, 5))).toHaveLength(5);
  });

  it("with a corrupt module image: wasm3 refuses to run it", async () => {
    const elf = readFileSync(await firmwarePath("lm3s6965evb", "conformance-wasm3"));
    const wasm = readFileSync(new URL("../../../build/isnkit.wasm", import.meta.url));
    const at = elf.indexOf(wasm);
    expect(at).toBeGreaterThan(0);
    const middle = at + (wasm.length >> 1);
    elf.writeUInt8(elf.readUInt8(middle) ^ 0x10, middle);
    const firmware = join(tmpdir(), `isnkit-corrupt-${process.pid}.elf`);
    files.push(firmware);
    writeFileSync(firmware, elf);
    const eepromContents = await provisionedImage();
    const session = await (await device("wasm3", { firmware, eepromContents })).powerOn();
    const state = deviceState(await session.command({ do: "start" }));
    expect(state.state).toBe("off");
    expect(reasonName(state.reason)).toBe("image");
    expect(refusals(await run(session, 1))).toEqual(["image"]);
    // The right image finds the journal as it was.
    const repaired = await (await device("wasm3", { eepromContents })).powerOn();
    expect(deviceState(await repaired.command({ do: "start" })).state).toBe("ready");
    expect(opened(await run(repaired, 5))).toHaveLength(5);
  });

  it.each(["wasm2c", "wasm3"])("to calls from an exception handler (%s)", async (runtime) => {
    const carrier = await device(runtime, { eepromContents: await provisionedImage() });
    const session = await carrier.powerOn();
    await session.command({ do: "start" });
    const answer = await session.command({ do: "interrupt" });
    expect(hexField(answer, "v")).toBe(0);
    expect(reasonName(decimalField(answer, "reason") ?? 0)).toBe("interrupt");
    // The refusal changed nothing: the same question from the main loop is answered.
    expect(await carrier.call("isn4", 1, 1, 2, 3)).toBeGreaterThan(0);
  });

  it("with each call between one lock and one unlock", async () => {
    const session = await (
      await device("wasm2c", { eepromContents: await provisionedImage() })
    ).powerOn();
    await session.command({ do: "start" });
    await run(session, 10);
    const status = await session.command({ do: "status" });
    expect(decimalField(status, "locks")).toBeGreaterThan(40);
    expect(decimalField(status, "lock-faults")).toBe(0);
  });

  it.each([
    ["absent", {}, "entropyAbsent"],
    ["stuck", { entropy: "stuck" }, "entropyUnhealthy"],
  ])("with an entropy source that is %s: it takes no key of its own", async (_, entropy, why) => {
    const session = await (await device()).powerOn();
    await session.command({ do: "start", ...entropy });
    const refused = session.record(({ type }) => type === "refused", "the refusal");
    await session.command({ do: "provision", key: "own", options: 2 });
    expect(reasonName(decimalField(await refused, "reason") ?? 0)).toBe(why);
    const status = deviceState(await session.command({ do: "status" }));
    expect(status.state).toBe("unprovisioned");
    // A source that works is taken at the next start.
    await session.command({ do: "start", entropy: "varied" });
    const answer = await session.command({ do: "provision", key: "own", options: 2 });
    expect(deviceState(answer).state).toBe("ready");
  });

  it("to a command that arrives damaged, and takes the next one", async () => {
    const carrier = await device();
    const session = await carrier.powerOn();
    const complaint = session.record(({ type }) => type === "refused-command", "the complaint");
    session.sendRaw("do=status *0000\n");
    expect((await complaint).fields.get("why")).toBe("checksum");
    const typed = session.record(({ type }) => type === "status", "the answer");
    session.sendRaw("do=status\n");
    expect((await typed).type).toBe("status");
  });

  it("and leaves no emulator behind", () => {
    expect(emulatorsLeft()).toEqual([]);
  });
});

function fail(): never {
  throw new Error("the tuple did not come back");
}

function tuple(record: ConsoleRecord): string {
  return ["lp", "ra", "rp"].map((key) => record.fields.get(key)).join(" ");
}

/** The last use of a tuple that comes back: that of the bound port. */
function lastUsed(records: ConsoleRecord[]): { tuple: string; next: number } {
  const used = records.filter(
    (record) => record.type === "used" && tuple(record).startsWith("5000"),
  );
  const last = used.at(-1) ?? fail();
  return { tuple: tuple(last), next: hexField(last, "next") ?? 0 };
}
