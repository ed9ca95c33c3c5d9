/** Controls of the board behind the specs, see `spec-bench.js`. */

/** Blank memory of this geometry, with power; kinds as in `Storage`. */
export declare function newMemory(kind: u32, sectorBytes: u32, sectors: u32, granule: u32): void;

/**
 * The power fails inside the program or erase after the next `operations`, when `granules` whole
 * granules of it are done; until `restorePower` nothing works.
 */
export declare function cutPower(operations: u32, granules: u32): void;
/**
 * From here until `newMemory` a torn granule reads as before, and still takes no second program, as
 * on parts whose ECC bits were hit first. Else it takes the first half of its bytes.
 */
export declare function tearWithoutTrace(): void;
export declare function restorePower(): void;

/** Bit rot: flips the bits of `mask` in one byte. */
export declare function flipBits(offset: u32, mask: u32): void;
export declare function flipValueBits(key: u32, offset: u32, mask: u32): void;
export declare function byteAt(offset: u32): u32;
export declare function valueByteAt(key: u32, offset: u32): u32;

/** Reads of the granule at `offset` return an error. */
export declare function failReads(offset: u32): void;
/** Programs and erases of the sector return an error. */
export declare function failWrites(sector: u32): void;
/** Only erases of the sector return an error. */
export declare function failErases(sector: u32): void;
/** Programs of this byte flip its lowest bit, and report success. */
export declare function spoilPrograms(offset: u32): void;

/** Programs and erases since `newMemory`, and how many of them broke the part's rules. */
export declare function operations(): u32;
export declare function violations(): u32;

/** What `board.ticks` returns. */
export declare function setCounter(count: u32): void;

/** One sample of the entropy source. */
export declare function setSample(index: u32, value: u32): void;
/** The source starts again at its first sample and gives this many. */
export declare function setSamplesLeft(samples: u32): void;
