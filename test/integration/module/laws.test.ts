import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { REASON, STATE } from "../../../host/module/abi.ts";
import { PowerCut } from "../../../host/virtual/nvm.ts";
import { BUILDS } from "../../support/builds.ts";
import { GEOMETRIES } from "../../support/geometries.ts";
import { Lab, REMOTE } from "../../support/lab.ts";
import { Breach, GUARD, Oracle } from "../../support/oracle.ts";

/** One step of a device's life. A cut counts memory operations from where it is armed. */
type Step =
  | { readonly do: "connect"; readonly port: number; readonly data: number }
  | { readonly do: "advance"; readonly port: number; readonly count: number }
  | { readonly do: "allocate"; readonly remote: number }
  | { readonly do: "wait"; readonly ms: number }
  | { readonly do: "reboot" }
  | {
      readonly do: "cut";
      readonly after: number;
      readonly phase: "before" | "torn" | "after";
    };

/** The rest of the lease, a poll that says FAILED, and the second until the next try. */
const RETRY_MS = 4_000;

const port = fc.constantFrom(5000, 5001, 5002);

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant("connect"), port, data: fc.integer({ min: 1, max: GUARD - 1 }) }),
  fc.record({ do: fc.constant("advance"), port, count: fc.integer({ min: 1, max: 60_000_000 }) }),
  fc.record({ do: fc.constant("allocate"), remote: fc.constantFrom(REMOTE, REMOTE + 1) }),
  fc.record({ do: fc.constant("wait"), ms: fc.integer({ min: 1, max: 9_000 }) }),
  fc.record({ do: fc.constant("reboot") }),
  fc.record({
    do: fc.constant("cut"),
    after: fc.integer({ min: 0, max: 6 }),
    phase: fc.constantFrom("before", "torn", "after"),
  }),
) as fc.Arbitrary<Step>;

/** Runs a step; a power cut on the way ends the power cycle, and recovery may be cut as well. */
function run(lab: Lab, oracle: Oracle, known: Set<number>, each: Step): void {
  try {
    patiently(lab, () => take(lab, oracle, known, each));
  } catch (error) {
    if (!(error instanceof PowerCut)) throw error;
    boot(lab);
  }
}

/**
 * While connections run, a write begins no erase in the last second of their lease: then it is refused, they
 * stop, and it goes through when the lease is over (docs/bounds.md, "While memory is slow").
 */
function patiently(lab: Lab, step: () => void): void {
  try {
    step();
  } catch (error) {
    if (!(error instanceof Breach) || lab.module.reason() !== REASON.storageFailed) throw error;
    lab.wait(RETRY_MS);
    step();
  }
}

function boot(lab: Lab): void {
  for (;;) {
    try {
      lab.powerOn();
      return;
    } catch (error) {
      if (!(error instanceof PowerCut)) throw error;
    }
  }
}

function take(lab: Lab, oracle: Oracle, known: Set<number>, each: Step): void {
  switch (each.do) {
    case "connect":
      oracle.connect(lab.module, each.port, each.data);
      known.add(each.port);
      return;
    case "advance":
      // Only a connection of this power cycle can report.
      if (known.has(each.port)) oracle.advanceIfOpen(lab.module, each.port, each.count);
      return;
    case "allocate":
      oracle.allocate(lab.module, each.remote);
      return;
    case "wait":
      lab.wait(each.ms);
      return;
    case "reboot":
      lab.powerOn();
      return;
    case "cut":
      lab.nvm.armCut({ after: each.after, phase: each.phase });
  }
}

describe.each(BUILDS)("the laws over any life of a device, $name build", ({ wasm }) => {
  it.each(GEOMETRIES)(
    "hold on $kind, $sectors sectors of $sectorBytes bytes in granules of $granule",
    (geometry) => {
      fc.assert(
        fc.property(
          fc.array(step, { minLength: 5, maxLength: 80 }),
          fc.nat(0xffff),
          (steps, seed) => {
            const lab = new Lab({ wasm, geometry, seed });
            const oracle = new Oracle();
            const known = new Set<number>();
            oracle.fingerprints = [lab.commission().fingerprint()];
            for (const each of steps) {
              run(lab, oracle, known, each);
              oracle.checkKey(lab.module);
            }
            lab.nvm.armCut(undefined);
            expect(lab.powerOn().state()).toBe(STATE.ready);
            for (const each of known) oracle.connect(lab.module, each, 1);
            expect(lab.nvm.violations).toEqual([]);
          },
        ),
        { numRuns: 60 },
      );
    },
  );
});
