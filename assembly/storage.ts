/**
 * Raw storage below the journal: geometry, programming with read-back, erasing, blank checks. The
 * journal sees sectors that erase to 0xFF, whatever the part is.
 */
import { Storage } from "./abi";
import { erase, program, read } from "./board";
import { granule, kind, sectorBytes } from "./config";
import { add, Counter } from "./counters";
import { fillBytes, PAGE_BYTES, page } from "./memory";

/** A read returned an error since `startStorage`. */
export let readErrors: bool = false;

export function startStorage(): void {
  readErrors = false;
}

/** Bytes that a copy of `bytes` bytes takes: whole granules. */
export function paddedBytes(bytes: u32): u32 {
  return (bytes + granule - 1) & (0 - granule);
}

/** What `board.read` returns for a key that a key-value store does not hold. */
const KEY_MISSING: u32 = 1;

/** A read that fails is repeated, as some fail now and then. */
const READS_MAX: u32 = 4;

/**
 * Reads to `at`. A read that fails leaves bytes that are neither blank nor valid: what cannot be
 * read must not pass for what was never written.
 */
export function readTo(at: usize, offset: u32, bytes: u32): bool {
  let code: u32 = 0;
  let left = READS_MAX;
  do {
    code = read(offset, at, bytes);
    if (code == 0) return true;
  } while (--left);
  if (kind != Storage.KEY_VALUE || code != KEY_MISSING) readErrors = true;
  fillBytes(at, 0x55, bytes);
  return false;
}

/** Programs the first `bytes` bytes of the page, a multiple of 8, and reads them back. */
export function programPage(offset: u32, bytes: u32): bool {
  add(Counter.PROGRAMS, 1);
  if (program(offset, page, bytes) != 0) return false;
  // Compared against the second half of the page: a copy is at most half a page.
  const back = page + PAGE_BYTES / 2;
  if (!readTo(back, offset, bytes)) return false;
  let left = bytes;
  do {
    left -= 8;
    if (load<u64>(page + left) != load<u64>(back + left)) return false;
  } while (left != 0);
  return true;
}

/** Erases a sector. An EEPROM is erased by programming 0xFF, in its first `bytes` bytes: the part in use. */
export function eraseSector(sector: u32, bytes: u32): bool {
  add(Counter.ERASES, 1);
  if (kind == Storage.NOR) return erase(sector) == 0;
  for (let done: u32 = 0; done < bytes; done += PAGE_BYTES / 2) {
    const step = min(PAGE_BYTES / 2, bytes - done);
    fillBytes(page, 0xff, step);
    if (!programPage(sector * sectorBytes + done, step)) return false;
  }
  return true;
}
