/** State, reason and counters: what the module says of itself. It starts OFF, reason NOT_BOOTED. */
import { add, Counter } from "./counters";

export let state: u32 = 0;
/** Why the state is not READY; or, in READY, that a renewal failed and the lease is running out. */
export let stateReason: u32 = 2;
/** Why the last call was refused, or the state's reason if it changed since. */
export let reason: u32 = 2;

export function setState(to: u32, why: u32): void {
  state = to;
  stateReason = why;
  reason = why;
}

/** Counts a refusal and returns the refusal value, 0. */
export function refuse(why: u32): u32 {
  reason = why;
  add(Counter.REFUSALS, 1);
  return 0;
}
