/** What the module imports from its board (`board.*`): memory that survives, entropy, a counter. */
export interface Board {
  /**
   * Fills `bytes` from non-volatile memory at `offset` (for a key-value store: the value of key
   * `offset`). Returns 0, or an error code (an uncorrectable ECC error, a missing key).
   */
  read(offset: number, bytes: Uint8Array): number;
  /** Programs `bytes`, whole granules, at `offset`. Returns 0, or an error code. */
  program(offset: number, bytes: Uint8Array): number;
  /** Erases sector number `sector`. Returns 0, or an error code. */
  erase(sector: number): number;
  /** Fills `bytes` with raw noise samples. Returns how many bytes were delivered. */
  entropy(bytes: Uint8Array): number;
  /** The free-running counter, u32; its rate is declared by `configureClock`. */
  ticks(): number;
}
