import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { decodeBlock, familyMap } from "uf2";
import { beforeAll, describe, expect, it } from "vitest";
import { firmwarePath } from "../../../host/boards/board-firmware.ts";
import { loadableSegments } from "../../../host/emulated/elf-image.ts";
import { openEmulatedBoard } from "../../../host/emulated/emulated-board.ts";
import { STORAGE } from "../../../host/module/abi.ts";
import { FirmwareCarrier, NodeCarrier } from "./module-carriers.ts";
import { runScript } from "./module-script.ts";
import { buildFirmware, describeArm, requireAll } from "./tools.ts";

const PACKAGE = fileURLToPath(
  new URL("../../../node_modules/rp2040js/package.json", import.meta.url),
);
const FLASH_START = 0x1000_0000;
const NAME = "the emulated Raspberry Pi Pico";

if (!existsSync(PACKAGE) && !requireAll) {
  console.warn(`left out: ${NAME} (rp2040js is missing; run npm ci)`);
  describe.skip(NAME, () => it("needs rp2040js", () => undefined));
} else {
  describeArm(NAME, picoTests);
}

function picoTests(): void {
  beforeAll(() => buildFirmware("rpi-pico"), 300_000);

  const geometry = { kind: STORAGE.nor, sectorBytes: 4096, sectors: 4, granule: 256 };
  const counterHz = 1_000_000;

  for (const runtime of ["wasm2c", "wasm3"]) {
    it(`gives the module's numbers and its flash bit for bit over ${runtime}`, async () => {
      const node = new NodeCarrier(geometry, counterHz);
      const pico = await FirmwareCarrier.open(`rp2040js:rpi-pico:${runtime}`);
      try {
        const expected = await runScript(node, 4, 100, counterHz);
        expect(await runScript(pico, 4, 100, counterHz)).toEqual(expected);
        await pico.cutPower();
        expect(Buffer.from(await pico.storage()).equals(await node.storage())).toBe(true);
      } finally {
        await pico.dispose();
      }
    }, 120_000);
  }

  // The campaign itself, 200 reboots by the command line, is in arm-check.test.ts.

  it("is an image that the chip's boot ROM takes: a loader with its checksum, as ELF and as UF2", async () => {
    const path = await firmwarePath("rpi-pico", "conformance-wasm2c");
    const flash = new Uint8Array(2 * 1024 * 1024).fill(0xff);
    for (const { address, bytes } of loadableSegments(readFileSync(path), path)) {
      flash.set(bytes, address - FLASH_START);
    }
    // RP2040 data sheet §2.8.1.3.1; the check value is the CRC catalogue's for CRC-32/MPEG-2.
    expect(crc32(Buffer.from("123456789"))).toBe(0x0376e6e7);
    expect(Buffer.from(flash).readUInt32LE(252)).toBe(crc32(flash.subarray(0, 252)));
    // Vectors behind the loader: a stack in RAM and a Thumb address in flash.
    expect(Buffer.from(flash).readUInt32LE(0x100) >>> 24).toBe(0x20);
    expect(Buffer.from(flash).readUInt32LE(0x104) & 1).toBe(1);

    const uf2 = readFileSync(path.replace(/\.elf$/, ".uf2"));
    const written = new Uint8Array(flash.length).fill(0xff);
    const blocks = uf2.length / 512;
    for (let i = 0; i < blocks; i++) {
      const block = decodeBlock(uf2.subarray(512 * i, 512 * (i + 1)));
      expect(block).toMatchObject({ blockNumber: i, totalBlocks: blocks, flags: 0x2000 });
      expect(familyMap.get(block.boardFamily)).toMatch(/RP2040/);
      expect(block.payload.length).toBe(256);
      written.set(block.payload, block.flashAddress - FLASH_START);
      // Flashing never touches the journal.
      expect(block.flashAddress).toBeLessThan(FLASH_START + flash.length - 16384);
    }
    expect(Buffer.from(written).equals(flash)).toBe(true);
  });

  it("is not started when its boot loader is damaged", async () => {
    const path = await firmwarePath("rpi-pico", "conformance-wasm2c");
    const damaged = join(mkdtempSync(join(tmpdir(), "isnkit-pico-")), "damaged.elf");
    const elf = readFileSync(path);
    // The second instruction of boot2, `movs r1, #0`, behind `ldr r0, …`.
    const at = elf.indexOf(Buffer.from([0x00, 0x21, 0x81, 0x60]));
    elf.writeUInt8(1, at);
    writeFileSync(damaged, elf);
    const { board } = await openEmulatedBoard("rp2040js:rpi-pico", { firmware: damaged });
    try {
      await expect(board.powerOn()).rejects.toMatchObject({ code: "no-second-stage", exitCode: 3 });
    } finally {
      await board.dispose();
      rmSync(dirname(damaged), { recursive: true, force: true });
    }
  });
}

function crc32(bytes: Uint8Array): number {
  let crc = 0xffff_ffff;
  for (const byte of bytes) {
    for (let bit = 7; bit >= 0; bit--) {
      const top = (crc >>> 31) ^ ((byte >> bit) & 1);
      crc = top ? (crc << 1) ^ 0x04c1_1db7 : crc << 1;
    }
  }
  return crc >>> 0;
}
