/**
 * Firmware through the system boot loader of an STM32: only the sectors that the image needs are erased,
 * never those of the journal; what was written is read back. A chip that is protected against being read
 * cannot be verified, and taking its protection away erases everything, the journal too.
 */

import { BenchError, UsageError } from "../core/errors.ts";
import type { LoadableSegment } from "../emulated/elf-image.ts";
import { type FirmwareImage, touches } from "./firmware-image.ts";
import { NackError, STM32_TRANSFER_BYTES, type Stm32Bootloader } from "./stm32-bootloader.ts";

/** A chip as board.json describes it. */
export interface Stm32Chip {
  /** Product ID of AN2606. */
  readonly productId: number;
  readonly flashAddress: number;
  /** Sectors in order: how many, and of how many bytes each. */
  readonly sectors: readonly (readonly [count: number, bytes: number])[];
}

export interface Region {
  readonly address: number;
  readonly bytes: number;
}

export interface Stm32FlashOptions {
  readonly loader: Stm32Bootloader;
  readonly chip: Stm32Chip;
  readonly image: FirmwareImage;
  readonly name: string;
  /** Where the journal lies; absent: not in this flash. */
  readonly journal?: Region;
  readonly wipeJournal?: boolean;
  /** Restarts the chip into its boot loader; after readout unprotect it has reset itself. */
  readonly enter: () => Promise<void>;
  readonly onStep?: (step: Stm32Step) => void;
}

export type Stm32Step =
  | { readonly step: "connected"; readonly version: string; readonly productId: number }
  | { readonly step: "unprotecting" }
  | { readonly step: "erasing"; readonly sectors: number }
  | { readonly step: "writing" | "verifying"; readonly bytes: number; readonly of: number };

/** Writes and verifies. The program is not started yet. */
export async function flashStm32(options: Stm32FlashOptions): Promise<void> {
  const { chip, image, journal, name, wipeJournal = false } = options;
  const sectors = sectorsOf(chip);
  const needed = sectorsUnder(sectors, image.pieces, name);
  if (journal !== undefined && !wipeJournal) keepJournal(sectors, needed, journal, image, name);
  const { loader } = options;
  await connect(options);
  if (!(await isReadable(loader, chip))) await unprotect(options);
  const wiped =
    journal === undefined || !wipeJournal ? [] : sectorsUnder(sectors, [asPiece(journal)], name);
  const all = [...new Set([...needed, ...wiped])].sort((a, b) => a - b);
  options.onStep?.({ step: "erasing", sectors: all.length });
  await loader.erase(all);
  await eachChunk(options, "writing", (address, bytes) => loader.write(address, bytes));
  await eachChunk(options, "verifying", async (address, bytes) => {
    const back = await loader.read(address, bytes.length);
    if (Buffer.from(back).equals(Buffer.from(bytes))) return;
    throw new BenchError(
      "verify-failed",
      `what was written at 0x${address.toString(16)} reads back otherwise`,
      "flash it again; if it stays so, the flash is worn out, or the supply too weak",
    );
  });
}

async function connect({ loader, chip, onStep }: Stm32FlashOptions): Promise<void> {
  const version = await loader.connect();
  const productId = await loader.productId();
  onStep?.({ step: "connected", version, productId });
  if (productId === chip.productId) return;
  throw new BenchError(
    "wrong-chip",
    `this is a chip with the product ID 0x${productId.toString(16)}, the board has 0x${chip.productId.toString(16)}`,
    "name the right board, or correct `chip.productId` in its board.json (AN2606 lists them)",
  );
}

/** A protected chip refuses to be read (AN3155 §3.4). */
async function isReadable(loader: Stm32Bootloader, chip: Stm32Chip): Promise<boolean> {
  try {
    await loader.read(chip.flashAddress, 4);
    return true;
  } catch (error) {
    if (error instanceof NackError) return false;
    throw error;
  }
}

async function unprotect(options: Stm32FlashOptions): Promise<void> {
  if (options.wipeJournal !== true) {
    throw new BenchError(
      "read-protected",
      "the chip is protected against being read (RDP), so nothing can be written and verified",
      "taking the protection away erases the whole flash, journal and key included: say --wipe-journal if you want that",
    );
  }
  options.onStep?.({ step: "unprotecting" });
  await options.loader.readoutUnprotect();
  await options.enter();
  await connect(options);
}

interface Sector extends Region {
  readonly number: number;
}

function sectorsOf({ flashAddress, sectors }: Stm32Chip): Sector[] {
  const list: Sector[] = [];
  let address = flashAddress;
  for (const [count, bytes] of sectors) {
    for (let i = 0; i < count; i++, address += bytes) {
      list.push({ number: list.length, address, bytes });
    }
  }
  return list;
}

const asPiece = ({ address, bytes }: Region): LoadableSegment => ({
  address,
  bytes: new Uint8Array(bytes),
});

function sectorsUnder(
  sectors: readonly Sector[],
  pieces: readonly LoadableSegment[],
  name: string,
): number[] {
  const [first] = sectors;
  const last = sectors.at(-1);
  for (const { address, bytes } of pieces) {
    const fits =
      first !== undefined &&
      last !== undefined &&
      address >= first.address &&
      address + bytes.length <= last.address + last.bytes;
    if (fits) continue;
    throw new UsageError(
      "bad-image",
      `${JSON.stringify(name)} has ${bytes.length} bytes for 0x${address.toString(16)}, where this chip has no flash`,
      "build it for this board",
    );
  }
  return sectors
    .filter(({ address, bytes }) =>
      pieces.some(
        (piece) => piece.address < address + bytes && address < piece.address + piece.bytes.length,
      ),
    )
    .map(({ number }) => number);
}

function keepJournal(
  sectors: readonly Sector[],
  needed: readonly number[],
  journal: Region,
  image: FirmwareImage,
  name: string,
): void {
  const inJournal = sectors.filter(
    ({ address, bytes }) =>
      address < journal.address + journal.bytes && journal.address < address + bytes,
  );
  if (!touches(image, journal) && !inJournal.some(({ number }) => needed.includes(number))) return;
  throw new UsageError(
    "journal-in-the-way",
    `${JSON.stringify(name)} would overwrite the journal at 0x${journal.address.toString(16)}`,
    "link it around the journal, as boards/stm32f4/link.ld does, or say --wipe-journal to lose journal and key",
  );
}

async function eachChunk(
  { image, onStep }: Stm32FlashOptions,
  step: "writing" | "verifying",
  act: (address: number, bytes: Uint8Array) => Promise<void>,
): Promise<void> {
  const of = image.pieces.reduce((sum, { bytes }) => sum + bytes.length, 0);
  let done = 0;
  for (const { address, bytes } of image.pieces) {
    for (let at = 0; at < bytes.length; at += STM32_TRANSFER_BYTES) {
      const part = bytes.subarray(at, at + STM32_TRANSFER_BYTES);
      // Whole words; what is added is what an erased word holds (AN3155 §3.6).
      const chunk = new Uint8Array(Math.ceil(part.length / 4) * 4).fill(0xff);
      chunk.set(part);
      await act(address + at, chunk);
      done += part.length;
      onStep?.({ step, bytes: done, of });
    }
  }
}
