/** `isnkit flash --image` through models of the boards' boot loaders, with firmware that was really built. */
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, it } from "vitest";
import { openSerialLink } from "../../../host/console/serial-link.ts";
import { loadableSegments } from "../../../host/emulated/elf-image.ts";
import { isnkit } from "../../support/command.ts";
import { inPtyFolder, joinedPty } from "../../support/pty-pair.ts";
import { F405, Stm32Model } from "../../support/stm32-chip.ts";
import { buildFirmware, describeArm } from "../emulated/tools.ts";

const elfOf = (model: string) =>
  new URL(`../../../build/firmware/${model}/conformance-wasm2c.elf`, import.meta.url).pathname;

describeArm("isnkit flash --image", () => {
  beforeAll(() => buildFirmware("stm32f4", "rpi-pico"), 300_000);

  interface Place {
    readonly folder: string;
    readonly bench: string;
    readonly chip: Stm32Model;
  }

  /** A chip on one end of a line, and a bench.json that says where the other end is. */
  async function withChip(
    model: "stm32f4" | "rpi-pico",
    body: (place: Place) => Promise<void>,
  ): Promise<void> {
    await inPtyFolder(async (folder) => {
      const pair = await joinedPty(folder);
      const flashAddress = model === "stm32f4" ? 0x08000000 : 0x10000000;
      const chip = new Stm32Model({ ...F405, flashAddress });
      chip.boardName = model;
      chip.image = loadableSegments(readFileSync(elfOf(model)), "elf").map(
        ({ address, bytes }) => ({
          address,
          bytes: bytes.length,
        }),
      );
      const bench = join(folder, "bench.json");
      writeFileSync(bench, JSON.stringify({ boards: { lamp: { model, port: pair.host } } }));
      const link = await openSerialLink({ path: pair.device, baud: 115_200 });
      const serving = chip.serve(link);
      try {
        await body({ folder, bench, chip });
      } finally {
        await link.close();
        await serving;
        await pair.unplug();
      }
    });
  }

  const flash = (bench: string, image: string, ...more: string[]) =>
    isnkit(["flash", "--board", "lamp", "--bench", bench, "--image", image, ...more]);

  it("through the boot loader of an STM32 ends when the firmware tells its own hash", async () => {
    await withChip("stm32f4", async ({ bench, chip }) => {
      chip.flash.fill(0x5a);
      const done = await flash(bench, elfOf("stm32f4"));
      expect(done).toMatchObject({ exitCode: 0 });
      expect(done.err).toContain("isnkit: boot loader 3.1, product ID 0x413\n");
      expect(done.out).toMatch(/^lamp: the device confirmed it\n/);
      expect(chip.erasedSectors).toEqual([0, 4]);
      expect(chip.flash.subarray(0x4000, 0x10000).every((byte) => byte === 0x5a)).toBe(true);
    });
  }, 60_000);

  it("is no success when the device runs something else afterwards", async () => {
    await withChip("stm32f4", async ({ bench, chip }) => {
      // A chip that verifies, and whose firmware then says another hash.
      chip.image = [{ address: 0x08010000, bytes: 400_000 }];
      const done = await flash(bench, elfOf("stm32f4"));
      expect(done).toMatchObject({ exitCode: 3, out: "" });
      expect(done.err).toContain("does not confirm it");
    });
    await withChip("stm32f4", async ({ bench, chip }) => {
      chip.boardName = "rpi-pico";
      const done = await flash(bench, elfOf("stm32f4"));
      expect(done).toMatchObject({ exitCode: 3, out: "" });
      expect(done.err).toContain("what answers is firmware for rpi-pico");
    });
  }, 60_000);

  it("keeps its hands off a protected chip, and off the journal, without --wipe-journal", async () => {
    await withChip("stm32f4", async ({ folder, bench, chip }) => {
      chip.isProtected = true;
      const refused = await flash(bench, elfOf("stm32f4"));
      expect(refused).toMatchObject({ exitCode: 3 });
      expect(refused.err).toContain("next: taking the protection away erases the whole flash");
      const plain = join(folder, "plain.bin");
      writeFileSync(plain, new Uint8Array(20_000));
      const over = await flash(bench, plain);
      expect(over).toMatchObject({ exitCode: 2 });
      expect(over.err).toContain("would overwrite the journal at 0x8004000");
      const wiped = await flash(bench, elfOf("stm32f4"), "--wipe-journal", "--format", "json");
      expect(JSON.parse(wiped.out)).toMatchObject({
        method: "stm32-uart",
        journal: "wiped",
        quietMs: 240_000,
        after: { board: "stm32f4" },
      });
    });
  }, 60_000);

  it("onto the volume of a UF2 boot loader, made from the ELF, is confirmed by the device", async () => {
    await withChip("rpi-pico", async ({ folder, bench, chip }) => {
      chip.isRunning = true;
      for (const { address, bytes } of loadableSegments(readFileSync(elfOf("rpi-pico")), "elf")) {
        chip.flash.set(bytes, address - 0x10000000);
      }
      const volume = join(folder, "RPI-RP2");
      mkdirSync(volume);
      const none = await flash(bench, elfOf("rpi-pico"), "--volume", volume);
      expect(none).toMatchObject({ exitCode: 3 });
      expect(none.err).toContain("it has no INFO_UF2.TXT");
      writeFileSync(join(volume, "INFO_UF2.TXT"), "Board-ID: RPI-RP2\r\n");
      const done = await flash(bench, elfOf("rpi-pico"), "--volume", volume);
      expect(done).toMatchObject({ exitCode: 0 });
      expect(readFileSync(join(volume, "ISNKIT.UF2")).length % 512).toBe(0);
      // The old firmware still answers: the file went nowhere.
      chip.flash[0x400] = (chip.flash[0x400] ?? 0) ^ 1;
      const stale = await flash(bench, elfOf("rpi-pico"), "--volume", volume);
      expect(stale).toMatchObject({ exitCode: 3, out: "" });
    });
  }, 60_000);

  it("by a tool that is not here names its package; by one that is, is confirmed", async () => {
    await withChip("rpi-pico", async ({ folder, bench, chip }) => {
      chip.isRunning = true;
      const image = elfOf("rpi-pico");
      const path = process.env.PATH;
      try {
        process.env.PATH = folder;
        writeFileSync(
          bench,
          JSON.stringify({
            boards: { lamp: { model: "arduino-due", port: join(folder, "host") } },
          }),
        );
        const binary = join(folder, "x.bin");
        writeFileSync(binary, new Uint8Array(100));
        const missing = await flash(bench, image, "--method", "bossac");
        expect(missing).toMatchObject({ exitCode: 3 });
        expect(missing.err).toContain("bossac is not installed\n  next: apt-get install bossa-cli");
        const bossac = join(folder, "bossac");
        writeFileSync(
          bossac,
          "#!/bin/sh\necho Erase flash\necho No device found on ttyX >&2\nexit 1\n",
        );
        chmodSync(bossac, 0o755);
        const failed = await flash(bench, image);
        expect(failed).toMatchObject({ exitCode: 3 });
        expect(failed.err).toContain("bossac failed (1): Erase flash; No device found on ttyX");
        const other = await flash(bench, image, "--method", "bosac");
        expect(other).toMatchObject({ exitCode: 2 });
        expect(other.err).toContain("it has bossac");
      } finally {
        process.env.PATH = path;
      }
    });
  }, 60_000);
});
