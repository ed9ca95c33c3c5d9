/**
 * The module's static memory: no heap, no stack in linear memory. A test reads the binary and holds
 * the total at or below 2 KiB.
 */

/** Exchange with the caller: IPv6 addresses (local, then remote), or a 16-byte key. */
export const IO_BYTES: u32 = 32;
export const io: usize = memory.data(32, 8);

/** One copy of a journal record or header padded to its granule, or a pair of copies when reading. */
export const PAGE_BYTES: u32 = 512;
export const page: usize = memory.data(512, 8);

/** The record being made durable, see `record.ts`. */
export const draft: usize = memory.data(32, 8);

/** One u32 a counter, see `counters.ts`. */
export const counters: usize = memory.data(64, 8);

/** A message for SipHash, at most 63 bytes and its length byte, and two zero words: `siphash.ts`. */
export const message: usize = memory.data(80, 8);

/** The connection table, see `timewait.ts`. */
export const TABLE_ENTRIES: u32 = 32;
export const ENTRY_BYTES: u32 = 32;
export const table: usize = memory.data(1024, 8);

/** Reserved port ranges, first and last as u16 each, see `config.ts`. */
export const RESERVED_RANGES: u32 = 8;
export const reserved: usize = memory.data(32, 8);

// Loops here run from the end: the shortest form in wasm.

/** `bytes` is a multiple of 8, and not 0. */
export function copyWords(to: usize, from: usize, bytes: u32): void {
  do {
    bytes -= 8;
    store<u64>(to + bytes, load<u64>(from + bytes));
  } while (bytes != 0);
}

/** `bytes` is not 0. */
export function fillBytes(to: usize, value: u8, bytes: u32): void {
  do {
    bytes--;
    store<u8>(to + bytes, value);
  } while (bytes != 0);
}

/** True when all bytes are erased, 0xFF. `bytes` is a multiple of 8, and not 0. */
export function blank(from: usize, bytes: u32): bool {
  do {
    bytes -= 8;
    if (load<i64>(from + bytes) != -1) return false;
  } while (bytes != 0);
  return true;
}
