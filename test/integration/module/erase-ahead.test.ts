/**
 * A device with sound memory, whose caller polls once a second, is never without numbers: an erase that
 * is due comes while the lease has time for it, whatever a connection does.
 */
import { describe, expect, it } from "vitest";
import { STATE } from "../../../host/module/abi.ts";
import type { IsnModule } from "../../../host/module/isn-module.ts";
import { BUILDS } from "../../support/builds.ts";
import { GEOMETRIES } from "../../support/geometries.ts";
import { Lab, LOCAL, REMOTE } from "../../support/lab.ts";

/** Sectors with few slots, so that an erase is due at about every third boot. */
const SMALL = GEOMETRIES.filter(({ kind }) => kind !== "keyValue");
const BOOTS = 40;

/** Polls until `ms` after the boot. Returns how often the device did not say READY. */
function pollUntil(lab: Lab, bootUs: number, ms: number): number {
  let refused = 0;
  for (;;) {
    const leftMs = ms - passed(lab, bootUs);
    if (leftMs <= 0) return refused;
    lab.time.advance(Math.min(leftMs, 1_000) * 1_000);
    if (lab.module.poll() !== STATE.ready) refused++;
  }
}

function passed(lab: Lab, bootUs: number): number {
  return (lab.time.nowUs - bootUs) / 1000;
}

/** Opens the bound connection, which uses `bytes` at once after its report, and closes it. */
function fast(module: IsnModule, bytes: number): boolean {
  const isn = module.isn4(LOCAL, 5000, REMOTE, 80);
  const next = (isn + bytes) >>> 0;
  return (
    isn !== 0 &&
    module.advance4(LOCAL, 5000, REMOTE, 80, next) &&
    module.close4(LOCAL, 5000, REMOTE, 80, { next, peerNext: 1 })
  );
}

/** Lives through boots of 12 s, each begun by `life`, and returns how often a number or READY was refused. */
function refusedIn(
  lab: Lab,
  life: (module: IsnModule, bootUs: number, boot: number) => number,
): number {
  lab.commission();
  let refused = 0;
  for (let boot = 0; boot < BOOTS; boot++) {
    const bootUs = lab.time.nowUs;
    const module = lab.powerOn();
    refused += life(module, bootUs, boot);
    // The connection opens, for the first time or again, and stays open over the next polls.
    if (module.isn4(LOCAL, 5000, REMOTE, 80) === 0) refused++;
    refused += pollUntil(lab, bootUs, 12_000);
  }
  return refused;
}

describe.each(BUILDS)("on the $name build, an erase that is due", ({ wasm }) => {
  it.each(SMALL)(
    "is made in silence, before a late number: $kind, $sectors × $sectorBytes",
    (geometry) => {
      const lab = new Lab({ wasm, geometry });
      // The first lease ends 3.1 s after the boot.
      const late = (_: IsnModule, bootUs: number, boot: number) =>
        pollUntil(lab, bootUs, 2_000 + 30 * boot);
      expect(refusedIn(lab, late)).toBe(0);
    },
  );

  it.each(SMALL)(
    "is made before the clock moves to the end of the lease: $kind, $sectors × $sectorBytes",
    (geometry) => {
      const lab = new Lab({ wasm, geometry });
      const fastOnes = (module: IsnModule, bootUs: number, boot: number) => {
        let refused = 0;
        for (let i = 0; i < 12; i++) {
          const draw = (boot * 7_919 + i * 104_729) % 1_000_003;
          if (!fast(module, 200_000 + draw)) refused++;
          if (draw % 3 === 0) refused += pollUntil(lab, bootUs, passed(lab, bootUs) + (draw % 900));
        }
        return refused;
      };
      expect(refusedIn(lab, fastOnes)).toBe(0);
    },
  );
});
