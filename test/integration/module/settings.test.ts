/**
 * The settings that the compiled module takes, and `host/module/bounds.ts`, which says the same before
 * a run: at the edge of each bound, and over all combinations of values at edges.
 */
import { describe, expect, it } from "vitest";
import { REASON } from "../../../host/module/abi.ts";
import type { Board } from "../../../host/module/board.ts";
import {
  clockRefusal,
  DEFAULT_LEASES,
  leasesRefusal,
  mslRefusal,
  portsRefusal,
  type Refusal,
  storageRefusal,
} from "../../../host/module/bounds.ts";
import { IsnModule } from "../../../host/module/isn-module.ts";
import { BUILDS, RELEASE } from "../../support/builds.ts";

type Said = keyof typeof REASON;
const NAMES = Object.keys(REASON) as Said[];

const NO_BOARD: Board = {
  read: () => 0,
  program: () => 0,
  erase: () => 0,
  entropy: () => 0,
  ticks: () => 0,
};

function configurable(wasm: WebAssembly.Module = RELEASE): IsnModule {
  return IsnModule.instantiate(wasm, NO_BOARD);
}

function said(module: IsnModule, accepted: boolean): Said {
  return accepted ? "none" : (NAMES[module.reason()] ?? "none");
}

function mirrored(refusal: Refusal | undefined): Said {
  return refusal?.reason ?? "none";
}

/** What the module and the mirror say to one setting. */
type Both = readonly [module: Said, mirror: Said];

function clock(wasm: WebAssembly.Module, hz: number): Both {
  const module = configurable(wasm);
  return [said(module, module.configureClock(hz)), mirrored(clockRefusal(hz))];
}

function leases(
  wasm: WebAssembly.Module,
  change: Partial<typeof DEFAULT_LEASES>,
  mslMs = 120_000,
): Both {
  const module = configurable(wasm);
  const all = { ...DEFAULT_LEASES, ...change };
  const { first, longest, guard, ports } = all;
  expect(module.configurePolicy(0, mslMs)).toBe(true);
  const accepted = module.configureLeases(first, longest, guard, ports);
  return [said(module, accepted), mirrored(leasesRefusal(all, mslMs))];
}

/** The MSL that is given after the leases. */
function msl(
  wasm: WebAssembly.Module,
  mslMs: number,
  change: Partial<typeof DEFAULT_LEASES>,
): Both {
  const module = configurable(wasm);
  const all = { ...DEFAULT_LEASES, ...change };
  const { first, longest, guard, ports } = all;
  expect(module.configureLeases(first, longest, guard, ports)).toBe(true);
  return [said(module, module.configurePolicy(0, mslMs)), mirrored(mslRefusal(mslMs, all))];
}

function storage(
  wasm: WebAssembly.Module,
  kind: "nor" | "eeprom" | "keyValue",
  sectorBytes: number,
  sectors: number,
  granule: number,
): Both {
  const module = configurable(wasm);
  const number = { nor: 0, eeprom: 1, keyValue: 2 }[kind];
  const accepted = module.configureStorage(number, sectorBytes, sectors, granule);
  return [
    said(module, accepted),
    mirrored(storageRefusal({ kind, sectorBytes, sectors, granule })),
  ];
}

function ports(
  wasm: WebAssembly.Module,
  first: number,
  last: number,
  reserved: readonly (readonly [number, number])[],
): Both {
  const module = configurable(wasm);
  const accepted =
    module.configurePorts(first, last) &&
    reserved.every(([low, high]) => module.reservePorts(low, high));
  return [said(module, accepted), mirrored(portsRefusal({ first, last, reserved }))];
}

const both = (what: Said): Both => [what, what];

/** The longest lease that the window has room for with this first lease, guard and MSL. */
function longestInWindow(first: number, guard: number, mslMs: number): number {
  return 2 ** 31 - 1 - 2 ** 27 - 16 * (first + guard) - 2 * (2 * mslMs * 250);
}

describe.each(BUILDS)(
  "each bound of the settings, on the $name build and in the mirror",
  ({ wasm }) => {
    it("the counter: 32 Hz to 2 × 10^9 Hz", () => {
      expect(clock(wasm, 31)).toEqual(both("boundClock"));
      expect(clock(wasm, 32)).toEqual(both("none"));
      expect(clock(wasm, 2_000_000_000)).toEqual(both("none"));
      expect(clock(wasm, 2_000_000_001)).toEqual(both("boundClock"));
      expect(clock(wasm, 0)).toEqual(both("boundClock"));
      expect(clock(wasm, 2 ** 32 - 1)).toEqual(both("boundClock"));
    });

    it("the guard: 2^18 to 2^30", () => {
      expect(leases(wasm, { guard: 2 ** 18 - 1 })).toEqual(both("boundGuard"));
      expect(leases(wasm, { guard: 2 ** 18 })).toEqual(both("none"));
      // The largest guard has no first lease that the window has room for: only the reason shows it.
      const large = { first: 2 ** 30, longest: 2 ** 30 };
      expect(leases(wasm, { ...large, guard: 2 ** 30 })).toEqual(both("boundLease"));
      expect(leases(wasm, { ...large, guard: 2 ** 30 + 1 })).toEqual(both("boundGuard"));
    });

    it("the first lease: two guards", () => {
      expect(leases(wasm, { first: 2 ** 19 - 1 })).toEqual(both("boundLease"));
      expect(leases(wasm, { first: 2 ** 19 })).toEqual(both("none"));
    });

    it("the longest lease: from the first one", () => {
      expect(leases(wasm, { longest: 2 ** 20 - 1 })).toEqual(both("configuration"));
      expect(leases(wasm, { longest: 2 ** 20 })).toEqual(both("none"));
      // 2^30 is beyond the window at an MSL of 10 minutes, and within it at 2.
      expect(leases(wasm, { longest: 2 ** 30 })).toEqual(both("none"));
      expect(leases(wasm, { longest: 2 ** 30 + 1 })).toEqual(both("configuration"));
    });

    it("the port lease: 1 to 1,024", () => {
      expect(leases(wasm, { ports: 0 })).toEqual(both("configuration"));
      expect(leases(wasm, { ports: 1 })).toEqual(both("none"));
      expect(leases(wasm, { ports: 1_024 })).toEqual(both("none"));
      expect(leases(wasm, { ports: 1_025 })).toEqual(both("configuration"));
    });

    it.each([
      [2 ** 25, 2 ** 22, 600_000],
      [2 ** 26, 2 ** 18, 120_000],
      [2 ** 26, 2 ** 20, 300_000],
    ])("the window: first lease %i, guard %i, MSL %i ms", (first, guard, mslMs) => {
      const longest = longestInWindow(first, guard, mslMs);
      expect(longest).toBeGreaterThanOrEqual(first);
      expect(longest).toBeLessThan(2 ** 30);
      expect(leases(wasm, { first, guard, longest }, mslMs)).toEqual(both("none"));
      expect(leases(wasm, { first, guard, longest: longest + 1 }, mslMs)).toEqual(
        both("boundWindow"),
      );
      // The MSL after the leases: one millisecond is 1,000 ticks of the sum.
      expect(msl(wasm, mslMs, { first, guard, longest })).toEqual(both("none"));
      expect(msl(wasm, mslMs + 1, { first, guard, longest })).toEqual(
        both(mslMs === 600_000 ? "configuration" : "boundWindow"),
      );
    });

    it("the MSL: 1 ms to 10 minutes", () => {
      expect(msl(wasm, 0, {})).toEqual(both("configuration"));
      expect(msl(wasm, 1, {})).toEqual(both("none"));
      expect(msl(wasm, 600_000, {})).toEqual(both("none"));
      expect(msl(wasm, 600_001, {})).toEqual(both("configuration"));
    });

    it.each([1, 8, 32, 64, 256])("a sector: six copies, in granules of %i", (granule) => {
      const least = 6 * Math.max(granule, 32);
      for (const kind of ["nor", "eeprom"] as const) {
        expect(storage(wasm, kind, least - granule, 2, granule)).toEqual(both("configuration"));
        expect(storage(wasm, kind, least, 2, granule)).toEqual(both("none"));
      }
      expect(storage(wasm, "keyValue", least - granule, 2, granule)).toEqual(both("none"));
    });

    it("the port ranges: one port at least, eight reserved ranges at most", () => {
      expect(ports(wasm, 0, 10, [])).toEqual(both("configuration"));
      expect(ports(wasm, 1, 65_535, [])).toEqual(both("none"));
      expect(ports(wasm, 1, 65_536, [])).toEqual(both("configuration"));
      expect(ports(wasm, 10, 9, [])).toEqual(both("configuration"));
      expect(ports(wasm, 10, 10, [])).toEqual(both("none"));
      const ranges = (count: number) =>
        Array.from({ length: count }, (_, i) => [2_000 + 2 * i, 2_000 + 2 * i] as const);
      expect(ports(wasm, 1_024, 65_535, ranges(8))).toEqual(both("none"));
      expect(ports(wasm, 1_024, 65_535, ranges(9))).toEqual(both("configuration"));
      expect(ports(wasm, 10, 12, [[10, 11]])).toEqual(both("none"));
      expect(ports(wasm, 10, 12, [[10, 12]])).toEqual(both("configuration"));
      expect(ports(wasm, 10, 12, [[9, 10]])).toEqual(both("configuration"));
      expect(ports(wasm, 10, 12, [[12, 13]])).toEqual(both("configuration"));
      expect(
        ports(wasm, 10, 20, [
          [12, 13],
          [13, 14],
        ]),
      ).toEqual(both("configuration"));
    });
  },
);

describe("module and mirror agree on all combinations of values at edges", () => {
  it("of storage", () => {
    const bytes = [
      0,
      1,
      31,
      32,
      191,
      192,
      193,
      256,
      320,
      1_535,
      1_536,
      1_537,
      4_096,
      2 ** 28,
      2 ** 31,
    ];
    const different: unknown[] = [];
    let taken = 0;
    for (const kind of ["nor", "eeprom", "keyValue"] as const) {
      for (const sectorBytes of bytes) {
        for (const sectors of [0, 1, 2, 3, 15, 16, 31, 32, 33]) {
          for (const granule of [0, 1, 2, 3, 4, 31, 32, 33, 64, 128, 255, 256, 257, 512]) {
            const [module, mirror] = storage(RELEASE, kind, sectorBytes, sectors, granule);
            if (module !== mirror) different.push({ kind, sectorBytes, sectors, granule, module });
            if (module === "none") taken++;
          }
        }
      }
    }
    expect(different).toEqual([]);
    expect(taken).toBeGreaterThan(1_000);
  });

  it("of leases and MSL", () => {
    const firsts = [1, 2 ** 19 - 1, 2 ** 19, 2 ** 20, 2 ** 25, 2 ** 26, 100_000_000, 2 ** 30];
    const longests = [2 ** 19, 2 ** 20, 2 ** 26, 2 ** 29, 2 ** 30, 2 ** 30 + 1, 2 ** 32 - 1];
    const guards = [
      0,
      2 ** 18 - 1,
      2 ** 18,
      2 ** 19,
      2 ** 22,
      2 ** 29,
      2 ** 30,
      2 ** 31,
      2 ** 32 - 1,
    ];
    const different: unknown[] = [];
    const seen = new Set<Said>();
    for (const first of firsts) {
      for (const longest of longests) {
        for (const guard of guards) {
          for (const mslMs of [1, 120_000, 599_999, 600_000]) {
            const [module, mirror] = leases(RELEASE, { first, longest, guard }, mslMs);
            if (module !== mirror) different.push({ first, longest, guard, mslMs, module, mirror });
            seen.add(module);
          }
        }
      }
    }
    expect(different).toEqual([]);
    expect([...seen].sort()).toEqual(
      ["boundGuard", "boundLease", "boundWindow", "configuration", "none"].sort(),
    );
  });

  it("names the value that is the cause, and what to do", () => {
    expect(storageRefusal({ kind: "nor", sectorBytes: 128, sectors: 2, granule: 8 })).toEqual({
      reason: "configuration",
      field: "sectorBytes",
      because:
        "a sector of 128 bytes has no room for 6 copies of 32 bytes in granules of 8: two of its header and four records",
      next: "give at least 192",
    });
    expect(clockRefusal(16)?.because).toContain("boundClock");
  });
});
