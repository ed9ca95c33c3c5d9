/** Counters, one u32 each, in linear memory: `counter(id)` of the ABI reads them by number. */
import { counters, fillBytes } from "./memory";

export namespace Counter {
  export const BOOTS: u32 = 0;
  export const WRITES: u32 = 1;
  export const PROGRAMS: u32 = 2;
  export const ERASES: u32 = 3;
  export const REFUSALS: u32 = 4;
  export const WEAR: u32 = 5;
  export const RETIRED: u32 = 6;
  export const LOST: u32 = 7;
  export const CLOCK_FAULTS: u32 = 8;
  export const EVICTIONS: u32 = 9;
  export const TABLE_USED: u32 = 10;
  export const DEGRADED: u32 = 11;
  /** Connections that are open, in the table or not; and entries held for connections that have ended. */
  export const OPEN: u32 = 12;
  export const TIME_WAIT: u32 = 13;
}

export const COUNTERS: u32 = 14;

export function resetCounters(): void {
  fillBytes(counters, 0, COUNTERS * 4);
}

export function get(id: u32): u32 {
  return load<u32>(counters + (id << 2));
}

export function set(id: u32, value: u32): void {
  store<u32>(counters + (id << 2), value);
}

export function add(id: u32, step: u32): void {
  set(id, get(id) + step);
}
