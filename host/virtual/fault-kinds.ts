/** The faults that a simulation can strike a device with; docs/simulate.md says what each one does. */

export const FAULT_KINDS = [
  /** Power fails at an instant between memory operations. */
  "power-cut",
  /** Power fails right before or right after a memory operation, before it is acknowledged. */
  "power-cut-in-write",
  /** Power fails inside a program operation: some bits of a granule have changed. */
  "torn-write",
  /** Power fails inside an erase. */
  "partial-erase",
  "bit-rot",
  "write-failure",
  "entropy-stuck",
  "entropy-repeated",
  "clock-jump",
  "clock-stop",
  "boot-loop",
  "lost-storage",
] as const;

export type FaultKind = (typeof FAULT_KINDS)[number];
