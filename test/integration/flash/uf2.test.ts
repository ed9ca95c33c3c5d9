/** UF2 files against the package `uf2`, and the boot loader's volume as a real FAT image or a folder. */
import { spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { decodeBlock, encodeBlock, UF2Flags } from "uf2";
import { afterEach, describe, expect, it } from "vitest";
import { readFirmware } from "../../../host/flash/firmware-image.ts";
import { readUf2, writeUf2 } from "../../../host/flash/uf2.ts";
import { findVolume, mountPoints, writeVolume } from "../../../host/flash/uf2-volume.ts";
import { findProgram } from "../../../host/system/guarded-process.ts";

const RP2040 = 0xe48bff56;
const INFO = "UF2 Bootloader v3.0\r\nModel: Raspberry Pi RP2\r\nBoard-ID: RPI-RP2\r\n";

/** A file as the package makes it. */
function packaged(pages: readonly { address: number; bytes: Uint8Array }[], family = RP2040) {
  const blocks = pages.map(({ address, bytes }, blockNumber) =>
    encodeBlock({
      flags: UF2Flags.familyIDPresent,
      flashAddress: address,
      payload: bytes,
      blockNumber,
      totalBlocks: pages.length,
      boardFamily: family,
    }),
  );
  return new Uint8Array(Buffer.concat(blocks));
}

const page = (address: number, bytes = 256) => ({
  address,
  bytes: new Uint8Array(randomBytes(bytes)),
});

describe("a UF2 file", () => {
  it("that is written here is read by the package, block for block", () => {
    const bytes = new Uint8Array(randomBytes(1000));
    const file = writeUf2([{ address: 0x10000100, bytes }], RP2040);
    expect(file.length).toBe(4 * 512);
    const flash = new Uint8Array(1024);
    for (let i = 0; i < 4; i++) {
      const block = decodeBlock(file.subarray(i * 512, (i + 1) * 512));
      expect(block).toMatchObject({ blockNumber: i, totalBlocks: 4, boardFamily: RP2040 });
      expect(block.flags & UF2Flags.familyIDPresent).not.toBe(0);
      flash.set(block.payload, block.flashAddress - 0x10000100);
    }
    expect(Buffer.from(flash.subarray(0, 1000)).equals(Buffer.from(bytes))).toBe(true);
  });

  it("of the package is read here, neighbours as one piece", () => {
    const pages = [page(0x10000000), page(0x10000100), page(0x10020000, 476)];
    const { pieces, familyId } = readUf2(packaged(pages), "x.uf2");
    expect(familyId).toBe(RP2040);
    expect(pieces.map(({ address, bytes }) => [address, bytes.length])).toEqual([
      [0x10000000, 512],
      [0x10020000, 476],
    ]);
    expect(Buffer.from(pieces[0]?.bytes ?? []).subarray(256)).toEqual(
      Buffer.from(pages[1]?.bytes ?? []),
    );
  });

  it("comes back as it went in, whatever the pieces", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(3000), fc.uint8Array({ minLength: 1, maxLength: 700 })), {
          minLength: 1,
          maxLength: 6,
        }),
        (list) => {
          let at = 0x10000000;
          const pieces = list.map(([gap, bytes]) => {
            const address = at + gap;
            at = address + bytes.length;
            return { address, bytes };
          });
          const image = readFirmware(writeUf2(pieces, RP2040), "x.uf2", undefined);
          for (const { address, bytes } of pieces) {
            const within = image.pieces.find(
              (piece) =>
                piece.address <= address &&
                address + bytes.length <= piece.address + piece.bytes.length,
            );
            const from = address - (within?.address ?? 0);
            expect(within?.bytes.subarray(from, from + bytes.length)).toEqual(bytes);
          }
        },
      ),
      { numRuns: 200 },
    );
  });

  const damaged: readonly [string, (file: Uint8Array) => Uint8Array, RegExp][] = [
    ["is cut off", (file) => file.subarray(0, 700), /not whole blocks/],
    ["has a wrong mark", (file) => with32(file, 512 + 508, 1), /block 1: its marks/],
    [
      "lacks a block",
      (file) => Uint8Array.from([...file.subarray(0, 512), ...file.subarray(1024)]),
      /block 0: it says that it is 0 of 3, of 2/,
    ],
    ["has a payload that is too long", (file) => with32(file, 16, 477), /a payload of 477/],
    ["goes back in memory", (file) => with32(file, 1024 + 12, 0x10000000), /block 2: its address/],
    ["is for two chips", (file) => with32(file, 512 + 28, 7), /block 1: it is for another chip/],
    ["holds a file", (file) => with32(file, 8, 0x3000), /block 0: it holds a file/],
    [
      "ends beyond the memory",
      (file) => with32(file, 1024 + 12, 0xffffff80),
      /beyond the memory map/,
    ],
  ];
  it.each(damaged)("that %s is refused, with the block's number", (_, damage, message) => {
    const file = packaged([page(0x10000000), page(0x10000100), page(0x10000200)]);
    expect(() => readUf2(damage(file), "x.uf2")).toThrow(message);
  });

  it("of random bytes and damaged blocks is refused or read, and nothing else happens", () => {
    const file = packaged([page(0x10000000), page(0x10000100)]);
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(1023), fc.nat(255)), { maxLength: 6 }),
        fc.nat(1024),
        (edits, length) => {
          const bytes = Uint8Array.from(file.subarray(0, length));
          for (const [at, value] of edits) if (at < length) bytes[at] = value;
          try {
            const { pieces } = readUf2(bytes, "x.uf2");
            expect(pieces.reduce((sum, piece) => sum + piece.bytes.length, 0)).toBeLessThanOrEqual(
              952,
            );
          } catch (error) {
            expect(error).toMatchObject({ code: "bad-uf2" });
          }
        },
      ),
      { numRuns: 2000 },
    );
  });

  it("is told from an ELF file and from plain bytes", () => {
    expect(readFirmware(packaged([page(0x10000000)]), "x", undefined).format).toBe("uf2");
    expect(readFirmware(new Uint8Array(9), "x.bin", 0x08000000)).toMatchObject({
      format: "bin",
      pieces: [{ address: 0x08000000 }],
    });
    expect(() => readFirmware(new Uint8Array(9), "x.bin", undefined)).toThrow(/which address/);
    expect(() => readFirmware(new Uint8Array(9), "x.hex", 0)).toThrow(/Intel HEX/);
  });
});

function with32(file: Uint8Array, at: number, value: number): Uint8Array {
  new DataView(file.buffer, file.byteOffset).setUint32(at, value, true);
  return file;
}

describe("the volume of a UF2 boot loader", () => {
  const folders: string[] = [];
  afterEach(async () => {
    for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
  });

  async function place(info?: string): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), "isnkit-uf2-"));
    folders.push(folder);
    if (info !== undefined) await writeFile(join(folder, "INFO_UF2.TXT"), info);
    return folder;
  }

  it("is found by what INFO_UF2.TXT says, and takes the file", async () => {
    const [none, other, fits] = [
      await place(),
      await place("Board-ID: SAMD21\n"),
      await place(INFO),
    ];
    const volume = await findVolume([none, other, fits, fits], "RPI-RP2");
    expect(volume.folder).toBe(fits);
    const file = packaged([page(0x10000000)]);
    const steps: number[] = [];
    await writeVolume(volume, file, (bytes) => steps.push(bytes));
    expect((await readFile(join(fits, "ISNKIT.UF2"))).equals(Buffer.from(file))).toBe(true);
    expect(steps).toEqual([512]);
  });

  it("is not guessed: none and several are errors that say what there is", async () => {
    const [other, one, two] = [
      await place("Board-ID: SAMD21\n"),
      await place(INFO),
      await place(INFO),
    ];
    await expect(findVolume([other], "RPI-RP2")).rejects.toMatchObject({
      code: "no-volume",
      message: expect.stringContaining(`SAMD21 at ${other}`),
    });
    await expect(findVolume([one, two], "RPI-RP2")).rejects.toMatchObject({
      code: "several-volumes",
      message: expect.stringContaining(two),
    });
    const folder = await place();
    await mkdir(join(folder, "INFO_UF2.TXT"));
    await expect(findVolume([folder], "RPI-RP2")).rejects.toMatchObject({ code: "no-volume" });
  });

  it("that takes no file is no success", async () => {
    const folder = await place(INFO);
    await mkdir(join(folder, "ISNKIT.UF2"));
    await expect(
      writeVolume({ folder, boardId: "RPI-RP2" }, new Uint8Array(512)),
    ).rejects.toMatchObject({ code: "volume-failed", exitCode: 3 });
  });

  it("is looked for among the mount points, whose names may have blanks", async () => {
    const file = join(await place(), "mountinfo");
    await writeFile(file, "36 35 98:0 / /media/my\\040disk rw - vfat /dev/sda1 rw\n\n");
    expect(await mountPoints(file)).toEqual(["/media/my disk"]);
    expect(await mountPoints("/nowhere/mountinfo")).toEqual([]);
    expect(await mountPoints()).toContain("/");
  });
});

/** FAT, as on a boot loader; a kernel without it has another file system on the same kind of volume. */
const FILE_SYSTEM = ["vfat", "ext4"].find(
  (name) =>
    spawnSync("grep", ["-qw", name, "/proc/filesystems"]).status === 0 &&
    findProgram(`mkfs.${name}`) !== undefined,
);
const mayMount =
  process.getuid?.() === 0 &&
  FILE_SYSTEM !== undefined &&
  spawnSync("unshare", ["-m", "true"]).status === 0 &&
  spawnSync("losetup", ["-f"]).status === 0;
if (!mayMount) console.warn("left out: a mounted UF2 volume (needs root, loop devices and a mkfs)");

describe("an image on a loop device as the volume", () => {
  // A machine without loop devices (a container) cannot mount one, whatever is installed.
  it.skipIf(!mayMount && process.env.ISNKIT_REQUIRE_ALL !== "1")(
    "is found, written, and has all of it when success is told",
    async () => {
      const folder = await mkdtemp(join(tmpdir(), "isnkit-fat-"));
      const [image, mount] = [join(folder, "image"), join(folder, "volume")];
      await mkdir(mount);
      await writeFile(join(folder, "INFO_UF2.TXT"), INFO);
      // A mount namespace of its own: the mount is gone with the process, whatever happens here.
      const script =
        'truncate -s 8M "$1" && mkfs.$4 "$1" >&2 && mount -o loop "$1" "$2" && cp "$3" "$2" || { echo failed; exit; }; echo mounted; read end; umount "$2"';
      const words = [
        "-m",
        "sh",
        "-c",
        script,
        "sh",
        image,
        mount,
        join(folder, "INFO_UF2.TXT"),
        FILE_SYSTEM ?? "",
      ];
      const holder = spawn("unshare", words, { stdio: ["pipe", "pipe", "ignore"] });
      try {
        const [said] = await once(holder.stdout, "data");
        expect(String(said)).toBe("mounted\n");
        const points = (await mountPoints(`/proc/${holder.pid}/mountinfo`)).map(
          (point) => `/proc/${holder.pid}/root${point}`,
        );
        const volume = await findVolume(points, "RPI-RP2");
        expect(volume.folder).toBe(`/proc/${holder.pid}/root${mount}`);
        const file = packaged([page(0x10000000), page(0x10000100)]);
        await writeVolume(volume, file);
        // Still mounted: what is in the image now was synced.
        expect((await readFile(image)).includes(Buffer.from(file))).toBe(true);
        holder.stdin.end("end\n");
        await once(holder, "exit");
      } finally {
        holder.kill("SIGKILL");
        await rm(folder, { recursive: true, force: true });
      }
    },
    30_000,
  );
});
