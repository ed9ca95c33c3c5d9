/**
 * What the module needs from its board. The names of these functions are the module's only imports
 * (`board.read`, …). All may be called from any export except the pure queries (docs/abi.md).
 */

/**
 * Reads `bytes` bytes of non-volatile memory from `offset` to `to`. For a key-value store `offset`
 * is the key and the value has exactly `bytes` bytes.
 * Returns 0, or an error code (uncorrectable ECC error, bus error); 1 is kept for a key that the
 * store does not hold.
 */
export declare function read(offset: u32, to: usize, bytes: u32): u32;

/**
 * Programs `bytes` bytes, whole granules, from `from` to `offset`; for a key-value store, puts the
 * whole value of key `offset`. Must not return 0 before the data is durable.
 */
export declare function program(offset: u32, from: usize, bytes: u32): u32;

/** Erases sector number `sector` to 0xFF. Returns 0, or an error code. */
export declare function erase(sector: u32): u32;

/** Fills `bytes` bytes with raw noise samples. Returns how many bytes were delivered. */
export declare function entropy(to: usize, bytes: u32): u32;

/** The free-running counter, all 32 bits of it in use, at the rate given to `configureClock`. */
export declare function ticks(): u32;
