/**
 * The STM32 boot loader's client against a model of the chip, and the model against stm32flash, which
 * nobody here wrote.
 */
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, describe, expect, it } from "vitest";
import { ByteLine, type ByteStream } from "../../../host/console/byte-line.ts";
import { openSerialLink } from "../../../host/console/serial-link.ts";
import { BenchError } from "../../../host/core/errors.ts";
import { type FirmwareImage, readFirmware } from "../../../host/flash/firmware-image.ts";
import { flashStm32, type Stm32FlashOptions } from "../../../host/flash/flash-stm32.ts";
import { Stm32Bootloader, type Stm32Patience } from "../../../host/flash/stm32-bootloader.ts";
import { findProgram } from "../../../host/system/guarded-process.ts";
import { describePty, inPtyFolder, joinedPty } from "../../support/pty-pair.ts";
import { type ChipFaults, F405, Stm32Model } from "../../support/stm32-chip.ts";
import { streamPair } from "../../support/stream-pair.ts";

const HURRY: Stm32Patience = { answerMs: 300, eraseMs: 300, syncs: 3, syncMs: 50 };
const JOURNAL = { address: 0x08004000, bytes: 3 * 16384 };

/** As boards/stm32f4 is linked: vectors in sector 0, the program behind the journal. */
function image(bytes = 3001): FirmwareImage {
  return {
    format: "elf",
    sha256: "",
    pieces: [
      { address: 0x08000000, bytes: new Uint8Array(randomBytes(404)) },
      { address: 0x08010000, bytes: new Uint8Array(randomBytes(bytes)) },
    ],
  };
}

/** The host's end of the line, pulled after so many writes. */
function unplugged(host: ByteStream, after: number): ByteStream {
  let writes = 0;
  const lost = () => new BenchError("port-lost", "the port is gone", "plug it in again");
  return {
    input: host.input,
    write: async (bytes) => {
      if (writes++ >= after) throw lost();
      return host.write(bytes);
    },
  };
}

describe("the client of the STM32 boot loader", () => {
  const ends: (() => void)[] = [];
  afterEach(() => {
    for (const end of ends.splice(0)) end();
  });

  function attached(faults: ChipFaults = {}, lostAfterWrites = Number.POSITIVE_INFINITY) {
    const model = new Stm32Model();
    model.faults = faults;
    const { host, device, close } = streamPair();
    ends.push(close);
    void model.serve(device);
    const loader = new Stm32Bootloader(new ByteLine(unplugged(host, lostAfterWrites)), HURRY);
    const flash = (firmware: FirmwareImage, more: Partial<Stm32FlashOptions> = {}) =>
      flashStm32({
        loader,
        chip: F405,
        image: firmware,
        name: "firmware.elf",
        journal: JOURNAL,
        enter: async () => undefined,
        ...more,
      });
    return { model, loader, flash };
  }

  const held = (model: Stm32Model, { pieces }: FirmwareImage) =>
    pieces.every(({ address, bytes }) =>
      Buffer.from(
        model.flash.subarray(address - 0x08000000, address - 0x08000000 + bytes.length),
      ).equals(Buffer.from(bytes)),
    );

  it("writes and verifies around the journal, and erases nothing else", async () => {
    const { model, flash } = attached();
    model.flash.fill(0x5a);
    const firmware = image();
    await flash(firmware);
    expect(held(model, firmware)).toBe(true);
    expect(model.erasedSectors).toEqual([0, 4]);
    expect(model.massErases).toBe(0);
    expect(model.flash.subarray(0x4000, 0x10000).every((byte) => byte === 0x5a)).toBe(true);
  });

  it("does not touch a journal that the image overlaps, unless it is told to", async () => {
    const { model, flash } = attached();
    const through: FirmwareImage = {
      format: "bin",
      sha256: "",
      pieces: [{ address: 0x08000000, bytes: new Uint8Array(20_000) }],
    };
    await expect(flash(through)).rejects.toMatchObject({ code: "journal-in-the-way", exitCode: 2 });
    expect(model.commands).toEqual([]);
    await flash(through, { wipeJournal: true });
    expect(model.erasedSectors).toEqual([0, 1, 2, 3]);
  });

  it("leaves a chip alone that is protected, or unprotects it when the journal may go", async () => {
    const { model, flash } = attached();
    model.isProtected = true;
    model.flash.fill(0x5a);
    await expect(flash(image())).rejects.toMatchObject({ code: "read-protected", exitCode: 3 });
    expect(model.flash.every((byte) => byte === 0x5a)).toBe(true);
    const firmware = image();
    let entries = 0;
    await flash(firmware, {
      wipeJournal: true,
      enter: async () => {
        entries++;
      },
    });
    expect({ entries, erased: model.massErases, held: held(model, firmware) }).toEqual({
      entries: 1,
      erased: 1,
      held: true,
    });
  });

  it("tells of a cell that does not take what was written", async () => {
    const { flash } = attached({ stuckBit: { address: 0x08010010, mask: 0xff } });
    await expect(flash(image())).rejects.toMatchObject({
      code: "verify-failed",
      message: expect.stringContaining("0x8010000"),
    });
  });

  it("refuses another chip, and an image for another address, before it erases", async () => {
    const { model, flash } = attached();
    const chip = { ...F405, productId: 0x419 };
    await expect(flash(image(), { chip })).rejects.toMatchObject({ code: "wrong-chip" });
    const elsewhere = readFirmware(new Uint8Array(100), "x.bin", 0x20000000);
    await expect(flash(elsewhere)).rejects.toMatchObject({ code: "bad-image", exitCode: 2 });
    expect(model.erasedSectors).toEqual([]);
  });

  it("ends with what was refused at a NACK to any command, and never with success", async () => {
    // GET, GET ID, READ for the protection, ERASE, then WRITEs and READs.
    for (let nackAt = 0; nackAt < 8; nackAt++) {
      const { model, flash } = attached({ nackAt });
      const outcome = await flash(image(400)).catch((error: unknown) => error);
      const code = nackAt === 2 ? "read-protected" : "bootloader-refused";
      expect({ nackAt, outcome }).toMatchObject({ outcome: { code, exitCode: 3 } });
      expect(model.isRunning).toBe(false);
    }
  });

  it("ends when the chip falls silent at any byte, within its patience", async () => {
    const whole = attached();
    await whole.flash(image(300));
    let codes = new Set<string>();
    for (let silentAfter = 0; silentAfter < 120; silentAfter += 7) {
      const { flash } = attached({ silentAfter });
      const outcome = await flash(image(300)).catch((error: unknown) => error);
      expect(outcome).toMatchObject({ exitCode: 3 });
      codes = codes.add((outcome as { code: string }).code);
    }
    expect([...codes].sort()).toEqual(["bootloader-silent", "no-bootloader"]);
  }, 30_000);

  it("ends with the loss of the port, after whatever write the cable is pulled", async () => {
    let writes = 0;
    for (; ; writes++) {
      const { flash } = attached({}, writes);
      const outcome = await flash(image(300)).catch((error: unknown) => error);
      if (!(outcome instanceof Error)) break;
      expect(outcome).toMatchObject({ exitCode: 3, code: "port-lost" });
    }
    // Sync, identity, erase, and two commands a block: the whole way was cut.
    expect(writes).toBeGreaterThan(20);
  }, 30_000);

  it("goes on with a boot loader that is awake already", async () => {
    const { loader, flash } = attached();
    await loader.connect();
    const firmware = image(100);
    await flash(firmware);
    expect(await loader.productId()).toBe(0x413);
  });
});

const withTool = (name: string, body: () => void) => {
  if (findProgram("stm32flash") !== undefined || process.env.ISNKIT_REQUIRE_ALL === "1") {
    describePty(name, body);
    return;
  }
  console.warn(`left out: ${name} (missing stm32flash; apt-get install stm32flash)`);
  describe.skip(name, body);
};

withTool("the model of the STM32 boot loader, by stm32flash", () => {
  const run = promisify(execFile);
  // A pseudo-terminal has no parity, and the tool insists on what it asks for.
  const LINE = ["-b", "115200", "-m", "8n1"];

  /** The real tool on one end of a pseudo-terminal, the model on the other. */
  async function withModel(
    body: (port: string, model: Stm32Model, folder: string) => Promise<void>,
  ) {
    await inPtyFolder(async (folder) => {
      const pair = await joinedPty(folder);
      const model = new Stm32Model();
      const link = await openSerialLink({ path: pair.device, baud: 115_200, parity: "even" });
      const serving = model.serve(link);
      try {
        await body(pair.host, model, folder);
      } finally {
        await link.close();
        await serving;
        await pair.unplug();
      }
    });
  }

  it("is written, verified, read back and started by it", async () => {
    await withModel(async (port, model, folder) => {
      const firmware = new Uint8Array(randomBytes(5000));
      const file = join(folder, "firmware.bin");
      await writeFile(file, firmware);
      const { stdout } = await run("stm32flash", [...LINE, "-w", file, "-v", "-g", "0", port]);
      expect(stdout).toContain("Device ID    : 0x0413");
      expect(stdout).toMatch(/Wrote and verified address 0x080013\w\w \(100\.00%\)\s+Done\./);
      expect(Buffer.from(model.flash.subarray(0, 5000)).equals(Buffer.from(firmware))).toBe(true);
      expect(model.isRunning).toBe(true);
    });
    await withModel(async (port, model, folder) => {
      model.flash.set(randomBytes(8192));
      const file = join(folder, "read.bin");
      await run("stm32flash", [...LINE, "-r", file, "-S", "0x08000000:8192", port]);
      expect((await readFile(file)).equals(Buffer.from(model.flash.subarray(0, 8192)))).toBe(true);
    });
  }, 60_000);

  it("refuses it when it is protected, as our client is refused", async () => {
    await withModel(async (port, model, folder) => {
      model.isProtected = true;
      const file = join(folder, "firmware.bin");
      await writeFile(file, randomBytes(512));
      await expect(run("stm32flash", [...LINE, "-w", file, port])).rejects.toThrow();
      const { stdout } = await run("stm32flash", [...LINE, "-k", "-c", port]);
      expect(stdout).toContain("Done.");
      expect(model.isProtected).toBe(false);
    });
  }, 60_000);
});
