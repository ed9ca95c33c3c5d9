/** Settings that the proof does not cover are refused by the bound that they break, and nothing traps. */
import { REASON, STATE, STORAGE } from "../../../host/module/abi.ts";
import { BOUND, type Calls, ScriptedLab } from "../scripted-lab.ts";
import { type PartShape, ScriptedPart } from "../scripted-part.ts";
import { demand, newDevice, Witness } from "./witness.ts";

const PART: PartShape = { kind: "nor", sectorBytes: 512, sectors: 4, granule: 8 };

function unconfigured(wasm: WebAssembly.Module): ScriptedLab {
  return new ScriptedLab({ wasm, part: new ScriptedPart(PART) });
}

/** `boot` without storage, without a clock, or without both: FAILED, with a reason. */
export function bootWithoutSettings(wasm: WebAssembly.Module): void {
  for (const [clock, storage] of [
    [false, false],
    [true, false],
    [false, true],
  ]) {
    const calls = unconfigured(wasm).instantiate();
    if (clock) calls.configureClock(1_000_000);
    if (storage) calls.configureStorage(STORAGE.nor, 512, 4, 8);
    demand(bootState(calls) === STATE.failed, "boot does not say FAILED");
    demand(calls.reason() === REASON.configuration, `reason ${calls.reason()}`);
    demand(calls.poll() === STATE.failed, "poll makes it work");
  }
}

/** The state that `boot` returns; undefined when it traps. */
function bootState(calls: Calls): number | undefined {
  try {
    return calls.boot();
  } catch (error) {
    if (error instanceof WebAssembly.RuntimeError) return undefined;
    throw error;
  }
}

/** A sector needs room for both copies of its header and for four records. */
export function sectorsTooSmall(wasm: WebAssembly.Module): void {
  for (const granule of [1, 8, 16, 32, 64, 256]) {
    const copy = Math.max(granule, 32);
    const calls = unconfigured(wasm).instantiate();
    for (let copies = 1; copies < 6; copies++) {
      const taken = calls.configureStorage(STORAGE.nor, copies * copy, 4, granule);
      demand(taken === 0, `a sector of ${copies} copies of ${copy} bytes is taken`);
      demand(calls.reason() === REASON.configuration, `reason ${calls.reason()}`);
    }
    const lab = newDevice(wasm, { granule, sectorBytes: 6 * copy, sectors: 2 });
    const witness = new Witness(`granule ${granule}, the smallest sectors`);
    for (let boot = 0; boot < 30; boot++) witness.boot(lab);
  }
}

const F = 2 ** 20;
const L = 2 ** 26;

/** Leases, guards and rates beside their bounds: refused by the bound, and nothing has changed. */
export function boundsAreHeld(wasm: WebAssembly.Module): void {
  const { configureLeases, configureClock, configurePolicy, reason } =
    unconfigured(wasm).instantiate();
  const refused = (taken: number, why: number, what: string) =>
    demand(taken === 0 && reason() === why, `${what}: ${taken}, reason ${reason()}`);
  for (const guard of [1, 2 ** 12, 2 ** 18 - 1]) {
    refused(configureLeases(F, L, guard, 16), BOUND.guard, `guard ${guard}`);
  }
  refused(configureLeases(2 ** 10, L, 2 ** 9, 16), BOUND.guard, "a lease of 4 ms");
  refused(configureLeases(2 ** 19 - 1, L, 2 ** 18, 16), BOUND.lease, "a lease below two guards");
  refused(configureLeases(F, L, 2 ** 19 + 1, 16), BOUND.lease, "a guard above half of a lease");
  refused(configureLeases(2 ** 27, 2 ** 27, 2 ** 18, 16), BOUND.window, "16 reboots of 2^27");
  demand(configurePolicy(0, 600_000) === 1, "an MSL of 600 s is refused");
  const most = 2 ** 31 - 2 ** 27 - 2 * 2 * 600_000 * 250 - 16 * (F + 2 ** 18);
  const longest = Math.min(most - 1, 2 ** 30);
  demand(configureLeases(F, longest, 2 ** 18, 16) === 1, "the longest lease is refused");
  const first = Math.floor((2 ** 31 - 2 ** 27 - 600_000_000 - 2 ** 30) / 16) - 2 ** 18;
  refused(
    configureLeases(first + 1, 2 ** 30, 2 ** 18, 16),
    BOUND.window,
    "a lease past the window",
  );
  demand(configurePolicy(0, 1_000) === 1, "an MSL of 1 s is refused");
  demand(configureLeases(first + 1, 2 ** 30, 2 ** 18, 16) === 1, "a lease in the window");
  refused(configurePolicy(0, 600_000), BOUND.window, "an MSL past the window");
  for (const hz of [0, 1, 31, 2_000_000_001, 2 ** 32 - 1]) {
    refused(configureClock(hz), BOUND.clock, `${hz} Hz`);
  }
  for (const hz of [32, 32_768, 2_000_000_000]) {
    demand(configureClock(hz) === 1, `${hz} Hz are refused`);
  }
}
