import { crc32 } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Random } from "../../../host/core/random.ts";
import { serialDistance } from "../../../host/core/serial.ts";
import { COUNTER, PROVISION, REASON, STATE } from "../../../host/module/abi.ts";
import type { NvmGeometry } from "../../../host/virtual/nvm.ts";
import { BUILDS } from "../../support/builds.ts";
import { GEOMETRIES } from "../../support/geometries.ts";
import { KEY, Lab, LOCAL, NOR, REMOTE } from "../../support/lab.ts";

/** Slots are 32 bytes in granules of up to 32: the header twice, then records, alike in both sectors. */
const SLOT = 32;
const RECORD_SLOT = 2;

function isn(lab: Lab): number {
  return lab.module.isn4(LOCAL, 5000, REMOTE, 80);
}

/** Spoils bytes of the part behind the journal's back, as rot does. */
function spoil(lab: Lab, from: number, to: number): void {
  const part = lab.nvm as unknown as { cells: Uint8Array };
  for (let at = from; at < to; at++) part.cells[at] = (part.cells[at] ?? 0) ^ 0x5a;
}

/** All that the part holds: the cells, or a key-value store's values. */
function held(lab: Lab): Uint8Array[] {
  if (lab.nvm.geometry.kind !== "keyValue") {
    return [(lab.nvm as unknown as { cells: Uint8Array }).cells];
  }
  // A snapshot shares its values with the store.
  const { values } = lab.nvm.snapshot() as unknown as { values: Map<number, Uint8Array> };
  return [...values.values()];
}

/** Gives every header another format version, with the CRC that goes with it. */
function setFormat(cells: Uint8Array, format: number): void {
  const view = new DataView(cells.buffer, cells.byteOffset, cells.byteLength);
  let changed = 0;
  for (let at = 0; at + 32 <= cells.length; at++) {
    if (view.getUint32(at, true) !== 0x02_4e_53_49) continue;
    cells[at + 3] = format;
    view.setUint32(at + 28, crc32(cells.subarray(at, at + 28)), true);
    changed++;
  }
  expect(changed).toBeGreaterThan(0);
}

/** Spoils what lies in a slot. */
function spoilSlot(lab: Lab, sector: number, slot: number, sectorBytes?: number): void {
  const at = sector * (sectorBytes ?? lab.nvm.geometry.sectorBytes) + slot * SLOT;
  spoil(lab, at + 4, at + 8);
}

/** Flips bits of one granule, drawn by `random`; in a key-value store, a byte of a value. */
function rotGranule(lab: Lab, random: Random): void {
  const { kind, granule } = lab.nvm.geometry;
  if (kind === "keyValue") {
    lab.nvm.rot(1, random);
    return;
  }
  const { cells } = lab.nvm as unknown as { cells: Uint8Array };
  const at = granule * random.int(0, cells.length / granule - 1);
  for (let i = at; i < at + granule; i++) cells[i] = (cells[i] ?? 0) ^ random.int(0, 255);
}

describe.each(BUILDS)("the journal of the $name build", ({ wasm }) => {
  it("takes a record that rotted in one sector of the pair from the other, with nothing lost", () => {
    for (const sector of [0, 1]) {
      const lab = new Lab({ wasm });
      lab.commission();
      const before = isn(lab);
      spoilSlot(lab, sector, RECORD_SLOT);
      const module = lab.powerOn();
      expect(module.state()).toBe(STATE.ready);
      expect(module.counter(COUNTER.lost)).toBe(0);
      expect(serialDistance(before, isn(lab))).toBeGreaterThan(0);
    }
  });

  it("tells a lost acknowledged record from a torn one: lost costs quiet time, never a number", () => {
    const lab = new Lab({ wasm });
    lab.commission();
    lab.powerOn();
    // The boot record, in both sectors; the one before it is still good. Flash skips a slot at a boot.
    for (const sector of [0, 1]) spoilSlot(lab, sector, RECORD_SLOT + 2);
    const module = lab.powerOn();
    expect(module.counter(COUNTER.lost)).toBe(1);
    expect(module.state()).toBe(STATE.quiet);
    expect(isn(lab)).toBe(0);
    lab.wait(240_000);
    expect(isn(lab)).not.toBe(0);
    expect(lab.powerOn().state()).toBe(STATE.ready);
  });

  it("starts quiet time anew at each boot until a record lifts it, and erases nothing before", () => {
    const lab = new Lab({ wasm, geometry: { ...NOR, sectorBytes: 256, sectors: 4 } });
    lab.commission();
    lab.powerOn();
    for (const sector of [0, 1]) spoilSlot(lab, sector, RECORD_SLOT + 2);
    for (let boot = 0; boot < 6; boot++) {
      const module = lab.powerOn();
      expect(module.state()).toBe(STATE.quiet);
      lab.wait(239_000);
      expect(module.state()).toBe(STATE.quiet);
      if (boot === 0) expect(module.counter(COUNTER.erases)).toBe(0);
    }
    lab.wait(1_000);
    expect(lab.module.state()).toBe(STATE.ready);
    expect(lab.powerOn().state()).toBe(STATE.ready);
  });

  it.each([2, 3, 4])("misses nothing when a whole sector of %d is spoiled", (sectors) => {
    for (let spoiled = 0; spoiled < sectors; spoiled++) {
      for (let boots = 0; boots < 16; boots++) {
        const lab = new Lab({ wasm, geometry: { ...NOR, sectorBytes: 256, sectors } });
        const print = lab.commission().fingerprint();
        for (let boot = 0; boot < boots; boot++) lab.powerOn();
        const used = isn(lab);
        spoil(lab, spoiled * 256, (spoiled + 1) * 256);
        const module = lab.powerOn();
        expect(module.fingerprint()).toBe(print);
        expect(module.state()).toBe(STATE.ready);
        expect(serialDistance(used, isn(lab))).toBeGreaterThan(0);
      }
    }
  });

  it("knows that a later pair's records are lost by what is left of them in both sectors", () => {
    const lab = new Lab({ wasm, geometry: { ...NOR, sectorBytes: 512, sectors: 4 } });
    const print = lab.commission().fingerprint();
    // Boots until the journal has moved to sectors 2 and 3.
    while (lab.powerOn().counter(COUNTER.erases) === 0)
      expect(lab.module.state()).toBe(STATE.ready);
    for (const sector of [2, 3]) spoilSlot(lab, sector, RECORD_SLOT, 512);
    const module = lab.powerOn();
    expect(module.counter(COUNTER.lost)).toBe(1);
    expect(module.state()).toBe(STATE.quiet);
    expect(module.fingerprint()).toBe(print);
  });

  it.each([1, 3])(
    "takes no journal of format %i for its own or for blank: a key, and quiet time",
    (format) => {
      for (const geometry of GEOMETRIES) {
        const lab = new Lab({ wasm, geometry });
        lab.commission();
        for (const cells of held(lab)) setFormat(cells, format);
        const module = lab.powerOn();
        expect(module.state()).toBe(STATE.failed);
        expect(module.reason()).toBe(REASON.storageCorrupt);
        expect(isn(lab)).toBe(0);
        // Not even for a device that is said to be new.
        expect(module.provision(KEY, PROVISION.newDevice)).toBe(1);
        expect(module.state()).toBe(STATE.quiet);
        lab.wait(241_000);
        expect(lab.module.poll()).toBe(STATE.ready);
        expect(lab.powerOn().state()).toBe(STATE.ready);
      }
    },
  );

  it("refuses when nothing that can be trusted is left, and can be provisioned again", () => {
    const lab = new Lab({ wasm });
    lab.commission();
    lab.nvm.fillNoise(new Random(9));
    const module = lab.powerOn();
    expect(module.state()).toBe(STATE.failed);
    expect(module.reason()).toBe(REASON.storageCorrupt);
    expect(isn(lab)).toBe(0);
    expect(module.provision(KEY, 2)).toBe(1);
    expect(module.state()).toBe(STATE.quiet);
    expect(lab.powerOn().state()).toBe(STATE.quiet);
  });

  it("never hands out a used number when a granule has rotted: forward, quiet or refused", () => {
    fc.assert(
      fc.property(fc.nat(), fc.constantFrom(...GEOMETRIES), (seed, geometry) => {
        const lab = new Lab({ wasm, geometry, seed });
        lab.commission();
        for (let boot = 0; boot < (seed % 9) + 1; boot++) {
          lab.powerOn();
          lab.wait(6_000);
          isn(lab);
        }
        const used = isn(lab);
        rotGranule(lab, new Random(seed));
        lab.powerOn();
        const next = isn(lab);
        return next === 0 ? lab.module.state() !== STATE.ready : serialDistance(used, next) > 0;
      }),
      { numRuns: 600 },
    );
  });

  it("counts wear up to the rated cycles, and refuses when no sector takes an erase", () => {
    const geometry: NvmGeometry = { ...NOR, sectorBytes: 512, sectors: 4, enduranceCycles: 30 };
    const lab = new Lab({ wasm, geometry });
    lab.commission();
    let last = isn(lab);
    let boots = 0;
    let wear = 0;
    while (lab.powerOn().state() === STATE.ready) {
      const next = isn(lab);
      expect(serialDistance(last, next)).toBeGreaterThan(0);
      last = next;
      wear = lab.module.counter(COUNTER.wear);
      boots++;
      expect(boots).toBeLessThan(5_000);
    }
    expect(boots).toBeGreaterThan(200);
    // The count has reached what the part is rated for while the device still works.
    expect(wear).toBeGreaterThanOrEqual(30);
    expect(lab.module.reason()).toBe(REASON.storageFailed);
    expect(isn(lab)).toBe(0);
  });

  it("spreads wear evenly and counts it", () => {
    for (const sectors of [2, 3, 4, 5]) {
      const lab = new Lab({ wasm, geometry: { ...NOR, sectorBytes: 512, sectors } });
      lab.commission();
      for (let boot = 0; boot < 600; boot++) lab.powerOn();
      expect(lab.module.counter(COUNTER.boots)).toBe(601);
      const wear = lab.module.counter(COUNTER.wear);
      expect(Math.abs(lab.nvm.wearMax - wear)).toBeLessThanOrEqual(1);
      // 14 record slots a sector, every second one used by a boot: seven boots a pair of erases.
      expect(lab.nvm.wearMax).toBeLessThanOrEqual(Math.ceil((2 * 600) / 7 / sectors) + 1);
    }
  });

  it("puts each record into the same slot of both sectors, two programs each", () => {
    const lab = new Lab({ wasm });
    lab.commission();
    const module = lab.powerOn();
    expect(module.counter(COUNTER.writes)).toBe(1);
    expect(module.counter(COUNTER.programs)).toBe(2);
    const { cells } = lab.nvm as unknown as { cells: Uint8Array };
    const records = NOR.sectorBytes - RECORD_SLOT * SLOT;
    const [a, b] = [0, 1].map((sector) => {
      const from = sector * NOR.sectorBytes + RECORD_SLOT * SLOT;
      return cells.slice(from + SLOT, from + records);
    });
    expect(a).toEqual(b);
    expect(a?.some((byte) => byte !== 0xff)).toBe(true);
  });

  it("goes on after writes that fail once in a while, on every part", () => {
    for (const geometry of GEOMETRIES.filter(({ kind }) => kind !== "keyValue")) {
      const lab = new Lab({ wasm, geometry });
      lab.commission();
      let last = isn(lab);
      for (let boot = 0; boot < 60; boot++) {
        lab.nvm.failWrites(boot % 3);
        const module = lab.powerOn();
        if (module.state() !== STATE.ready) {
          // Small parts run out of sectors to try; a second later they try again.
          expect(module.reason()).toBe(REASON.storageFailed);
          lab.wait(2_000);
        }
        const next = isn(lab);
        expect(serialDistance(last, next)).toBeGreaterThan(0);
        last = next;
      }
      expect(lab.nvm.violations).toEqual([]);
    }
  });

  it("writes once in 268 s of steady use, and not at all while idle", () => {
    const lab = new Lab({ wasm });
    const module = lab.commission();
    const connect = () => {
      const port = module.port4(LOCAL, REMOTE, 80);
      const next = module.isn4(LOCAL, port, REMOTE, 80) + 100;
      module.close4(LOCAL, port, REMOTE, 80, { next: next >>> 0, peerNext: 1 });
    };
    // An hour of warming up, then a day of one connection a minute.
    for (let minute = 0; minute < 60; minute++) {
      connect();
      lab.wait(60_000);
    }
    const before = module.counter(COUNTER.writes);
    for (let minute = 0; minute < 1440; minute++) {
      connect();
      lab.wait(60_000);
    }
    expect(module.counter(COUNTER.writes) - before).toBeLessThanOrEqual(86_400 / 268 + 1);
    // Idle: one renewal may still be due for the last connection, then nothing for a week.
    lab.wait(300_000);
    const idle = module.counter(COUNTER.writes);
    lab.wait(7 * 86_400_000);
    expect(module.counter(COUNTER.writes)).toBe(idle);
  });

  it("keeps the lease ahead of the clock while a connection is open", () => {
    // Opened at any time after boot and cut at any time, with a poll a second: at 250 kB/s and the
    // guard ahead, the most that needs no report.
    const ms = fc.integer({ min: 0, max: 12_000 });
    fc.assert(
      fc.property(ms, ms, fc.boolean(), (opened, cut, long) => {
        const lab = new Lab({ wasm });
        lab.commission();
        lab.powerOn();
        lab.wait(opened);
        const first = isn(lab);
        const open = long ? cut + 600_000 : cut;
        lab.wait(open);
        const next = (first + open * 250 + 2 ** 18 - 1) >>> 0;
        lab.powerOn();
        return serialDistance(next, isn(lab)) > 0;
      }),
      { numRuns: 300 },
    );
  });

  it("keeps ECC parts happy: no granule is programmed twice, whatever was cut", () => {
    const lab = new Lab({ wasm, geometry: { ...NOR, granule: 32, sectorBytes: 1024 } });
    lab.commission();
    const random = new Random(4);
    for (let i = 0; i < 500; i++) {
      lab.nvm.armCut({ after: random.int(0, 4), phase: random.pick(["before", "torn", "after"]) });
      try {
        lab.powerOn();
        lab.wait(3_000);
        isn(lab);
        lab.wait(3_000);
      } catch (error) {
        expect(String(error)).toContain("power failed");
      }
      lab.nvm.armCut(undefined);
    }
    expect(lab.nvm.violations).toEqual([]);
    expect(lab.powerOn().state()).toBe(STATE.ready);
  });
});
