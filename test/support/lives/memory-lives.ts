/** What memory may do (docs/fault-model.md), one kind of life each: what is acknowledged counts, and nothing comes twice. */
import { Random } from "../../../host/core/random.ts";
import { KEY_2 } from "../lab.ts";
import {
  CUT_AFTER,
  CUT_BEFORE,
  CUT_UNSETTLED,
  ERROR,
  type PartShape,
  type ScriptedPart,
  type Write,
} from "../scripted-part.ts";
import {
  BOOT,
  copyOf,
  DAY,
  type Device,
  deviceOf,
  hitEach,
  labOf,
  type NamedFault,
  run,
  type Stretch,
} from "./sweep.ts";
import { demand, newDevice, QUIET_MS } from "./witness.ts";

const CUTS: readonly NamedFault[] = [
  { name: "cut before", fault: CUT_BEFORE },
  { name: "cut after", fault: CUT_AFTER },
];
/** Boots that fill a pair of the smallest parts here and begin the next one. */
const BOOTS = 9;

/** Each kind of memory, and flash with as many sectors as make a difference. */
const EACH_KIND = [
  { kind: "nor", sectors: 2 },
  { kind: "nor", sectors: 3 },
  { kind: "nor", sectors: 4 },
  { kind: "eeprom", sectors: 3 },
  { kind: "keyValue", sectors: 2 },
] as const;

function shaped(wasm: WebAssembly.Module, shape: Partial<PartShape>): Device {
  return deviceOf(newDevice(wasm, shape), wasm);
}

/** A sector stops taking programs and erases; it is read as before. */
export function deadSector(wasm: WebAssembly.Module): void {
  for (const kind of ["nor", "eeprom"] as const) {
    for (const sectors of [2, 3, 4, 5]) {
      for (let dead = 0; dead < sectors; dead++) {
        for (const boots of [0, 3, 6, 9]) deadFrom(shaped(wasm, { kind, sectors }), dead, boots);
      }
    }
  }
}

function deadFrom(device: Device, dead: number, boots: number): void {
  for (let boot = 0; boot < boots; boot++) run(device, BOOT);
  const hit = copyOf(device, `sector ${dead} dead after ${boots} boots`);
  hit.part.dead.add(dead);
  // One of two that dies looks like a healthy pair: the other one takes what it can, and is full then.
  hit.witness.outAllowed = hit.part.shape.sectors === 2;
  for (let boot = 0; boot < 16; boot++) run(hit, BOOT);
}

/** One of two or three sectors is dead, and the power is cut at any operation until no room is left. */
export function cutsBesideDeadSector(wasm: WebAssembly.Module): void {
  for (const sectors of [2, 3]) {
    for (let dead = 0; dead < sectors; dead++) {
      const device = shaped(wasm, { sectors, sectorBytes: 256 });
      device.part.dead.add(dead);
      device.witness.outAllowed = sectors === 2;
      for (let boot = 0; boot < BOOTS; boot++) {
        hitEach(device, BOOT, CUTS, bootTwice);
        run(device, BOOT);
      }
    }
  }
}

/** A sector takes no writes for some boots; then it does, and all the others cannot be read. */
export function othersUnreadable(wasm: WebAssembly.Module): void {
  for (const sectors of [2, 3]) {
    for (let dead = 0; dead < sectors; dead++) {
      for (let boots = 1; boots < BOOTS; boots++) {
        const device = shaped(wasm, { sectors, sectorBytes: 512 });
        const { part, witness } = copyOf(device, `sector ${dead} dead for ${boots} boots`);
        const hit: Device = { wasm, part, witness };
        witness.outAllowed = true;
        part.dead.add(dead);
        for (let boot = 0; boot < boots; boot++) run(hit, BOOT);
        part.dead.clear();
        witness.quietAllowed = true;
        part.onRead = (offset) => part.sectorOf(offset) !== dead;
        run(hit, BOOT);
        part.heal();
        witness.outAllowed = false;
        bootTwice(hit);
      }
    }
  }
}

/** A boot is cut anywhere, and in the next one a single operation reports an error. */
export function errorAfterCut(wasm: WebAssembly.Module): void {
  const errors: readonly NamedFault[] = [
    { name: "error", fault: ERROR },
    { name: "done, with an error", fault: { effect: "everything", ends: "error" } },
  ];
  for (const sectors of [2, 3, 4]) {
    const device = shaped(wasm, { sectors, sectorBytes: sectors === 4 ? 512 : 256 });
    for (let boot = 0; boot < BOOTS; boot++) {
      hitEach(device, BOOT, CUTS, (cut) => hitEach(cut, BOOT, errors, bootTwice));
      run(device, BOOT);
    }
  }
}

function bootTwice(device: Device): void {
  run(device, BOOT);
  run(device, BOOT);
}

/** What a cut left reads as done at one boot and as not begun at the next. */
export function flickeringWrite(wasm: WebAssembly.Module): void {
  const shapes: Partial<PartShape>[] = [
    { granule: 8, sectorBytes: 256 },
    { granule: 32, sectorBytes: 512, sectors: 3 },
    { granule: 64, sectorBytes: 512 },
    { granule: 256, sectorBytes: 2048, sectors: 2 },
    { kind: "eeprom", granule: 32, sectorBytes: 256, sectors: 2 },
    { kind: "keyValue" },
  ];
  const fault: NamedFault = { name: "cut, unsettled", fault: CUT_UNSETTLED };
  for (const shape of shapes) {
    const device = shaped(wasm, shape);
    for (let boot = 0; boot < BOOTS; boot++) {
      hitEach(device, BOOT, [fault], (cut) => flicker(cut));
      run(device, BOOT);
    }
  }
}

/** Boots that see what is unsettled one way or the other. */
function flicker(device: Device): void {
  for (const order of [
    ["done", "old", "done"],
    ["old", "done", "old"],
    ["done", "done", "old"],
  ] as const) {
    const copy = copyOf(device, order.join(", "));
    for (const state of order) {
      copy.part.show(state);
      run(copy, BOOT);
    }
  }
}

/**
 * Two cuts leave one bit of a copy that reads as good or as bad by chance, at each read. On the smallest
 * sectors, where every few records open a fresh pair, that must not cost the old one.
 */
export function flickeringBit(wasm: WebAssembly.Module): void {
  const fault: NamedFault = {
    name: "cut at the last bit",
    hits: ({ what }) => what === "program",
    fault: { effect: (part, write) => part.unsettleLastBit(write), ends: "cut" },
  };
  for (const sectors of [2, 3]) {
    const device = shaped(wasm, { granule: 1, sectorBytes: 256, sectors });
    for (let boot = 0; boot < BOOTS; boot++) {
      hitEach(device, BOOT, [fault], (first) => {
        bootByChance(copyOf(first, "read by chance"));
        hitEach(first, BOOT, [fault], bootByChance);
      });
      run(device, BOOT);
    }
  }
}

function bootByChance(device: Device): void {
  const random = new Random(device.part.writes + 1);
  device.part.chance = () => random.chance(0.5);
  for (let boot = 0; boot < 4; boot++) run(device, BOOT);
}

const MIXED: NamedFault = {
  name: "put cut in the middle",
  fault: { effect: (part, write) => part.mixValue(write), ends: "cut" },
};

/**
 * The replacement of a key is cut, and what it left flickers, or is half of the old value and half of the
 * new one. What the first boot then goes on with stays; the new key keeps quiet first.
 */
export function replacementCut(wasm: WebAssembly.Module): void {
  const replace: Stretch = (lab) => {
    lab.powerOn();
    lab.provision(KEY_2, 1);
  };
  const unsettled: NamedFault = { name: "cut, unsettled", fault: CUT_UNSETTLED };
  for (const shape of EACH_KIND) {
    const device = shaped(wasm, { ...shape, sectorBytes: 256 });
    run(device, BOOT);
    const faults = shape.kind === "keyValue" ? [...CUTS, unsettled, MIXED] : [...CUTS, unsettled];
    for (let boot = 0; boot < 4; boot++) {
      hitEach(device, replace, faults, (cut) => {
        cut.witness.quietAllowed = true;
        for (const state of ["old", "done"] as const) staysWith(copyOf(cut, state), state);
      });
      run(device, BOOT);
    }
  }
}

function staysWith(device: Device, state: "old" | "done"): void {
  device.part.show(state);
  run(device, BOOT);
  device.witness.quietAllowed = false;
  for (const then of ["done", "old", "done"] as const) {
    device.part.show(then);
    run(device, BOOT);
  }
}

function erases(write: Write): boolean {
  return write.what === "erase" || write.bytes.every((byte) => byte === 0xff);
}

/** An erase is cut so early that one bit in each copy of the header reads by chance. */
export function flickeringHeader(wasm: WebAssembly.Module): void {
  const early: NamedFault = {
    name: "erase cut early",
    hits: erases,
    fault: {
      ends: "cut",
      effect: (part, { sector }) => {
        const start = sector * part.shape.sectorBytes;
        part.unsettleBits([start + 4, start + 36], 2);
      },
    },
  };
  const whole: NamedFault = { name: "erase unsettled", hits: erases, fault: CUT_UNSETTLED };
  for (const [kind, sectors] of [
    ["nor", 2],
    ["nor", 3],
    ["nor", 4],
    ["eeprom", 4],
  ] as const) {
    const device = shaped(wasm, { kind, sectors, sectorBytes: 512 });
    for (let boot = 0; boot < BOOTS; boot++) {
      const twice = (first: Device) => hitEach(first, BOOT, [early, whole], flicker);
      hitEach(device, BOOT, [early, whole], flicker);
      // As if it had never begun; then the next erase is cut, and all of it has happened after all.
      hitEach(device, BOOT, [whole], (first) => hitEach(first, BOOT, [whole], happensLater));
      hitEach(device, BOOT, [{ name: "cut before", fault: CUT_BEFORE }], twice);
      run(device, BOOT);
    }
  }
}

function happensLater(device: Device): void {
  device.part.show("done");
  bootTwice(device);
}

/** What an erase that was cut may leave of a sector of 512 bytes: the stretches that it has reached. */
const LEFT_OVERS: readonly (readonly [string, number, number])[] = [
  ["header stays", 64, 512],
  ["only the slots after the header go", 64, 128],
  ["first half goes", 0, 256],
  ["second half goes", 256, 512],
  ["header goes", 0, 64],
];

function cutErase([name, from, to]: (typeof LEFT_OVERS)[number]): NamedFault {
  const effect = (part: ScriptedPart, { sector }: Write) => {
    const start = sector * part.shape.sectorBytes;
    part.cells.fill(0xff, start + from, start + to);
  };
  const hits = ({ what }: Write) => what === "erase";
  return { name: `erase cut, ${name}`, hits, fault: { effect, ends: "cut" } };
}

/** An erase is cut, and part of the sector stays: in good days, and after another cut. */
export function cutEraseLeavesParts(wasm: WebAssembly.Module): void {
  const faults = LEFT_OVERS.map(cutErase);
  for (const sectors of [2, 3, 4, 5]) {
    const device = shaped(wasm, { sectors });
    for (let day = 0; day < 6; day++) {
      hitEach(device, DAY, faults, bootTwice);
      hitEach(device, BOOT, CUTS, (cut) => hitEach(cut, BOOT, faults, bootTwice));
      run(device, DAY);
    }
  }
}

/** A sector cannot be read, or written, for some boots; then it heals with what it held. */
export function sectorHeals(wasm: WebAssembly.Module): void {
  for (const sectors of [2, 3, 4, 5]) {
    for (let sick = 0; sick < sectors; sick++) {
      for (let before = 0; before < BOOTS; before += 2) {
        for (const during of [1, 4, 10]) {
          healsAfter(shaped(wasm, { sectors, sectorBytes: 256 }), sick, before, during);
        }
      }
    }
  }
}

function healsAfter(device: Device, sick: number, before: number, during: number): void {
  for (let boot = 0; boot < before; boot++) run(device, BOOT);
  const { part, witness } = copyOf(device, `sector ${sick} sick from boot ${before} for ${during}`);
  const hit: Device = { wasm: device.wasm, part, witness };
  witness.quietAllowed = true;
  witness.outAllowed = part.shape.sectors === 2;
  part.onRead = (offset) => part.sectorOf(offset) === sick;
  part.onWrite = ({ sector }) => (sector === sick ? ERROR : undefined);
  for (let boot = 0; boot < during; boot++) run(hit, BOOT);
  part.heal();
  witness.outAllowed = false;
  for (let boot = 0; boot < 3; boot++) run(hit, BOOT);
}

/** Reads fail now and then, and succeed when they are repeated. */
export function flakyReads(wasm: WebAssembly.Module): void {
  for (const kind of ["nor", "eeprom", "keyValue"] as const) {
    for (let seed = 1; seed <= 40; seed++) {
      const device = shaped(wasm, { kind, sectorBytes: 256, sectors: 2 + (seed % 3) });
      // The old key lies behind, where the module has not erased it yet.
      replaceKey(device);
      const { part, witness } = copyOf(device, `seed ${seed}`);
      const random = new Random(seed);
      witness.quietAllowed = true;
      witness.outAllowed = true;
      for (let boot = 0; boot < 20; boot++) {
        part.onRead = () => random.chance(0.3);
        run({ wasm: device.wasm, part, witness }, BOOT);
        part.heal();
        run({ wasm: device.wasm, part, witness }, BOOT);
      }
    }
  }
}

/** All records that a boot has written, or a new key, cannot be read at the next one, or has rotted. */
export function lastBootUnreadable(wasm: WebAssembly.Module): void {
  for (const [kind, sectors] of [
    ["nor", 2],
    ["nor", 3],
    ["nor", 4],
    ["eeprom", 3],
  ] as const) {
    const device = shaped(wasm, { kind, sectors, sectorBytes: 256 });
    for (let boot = 0; boot < BOOTS; boot++) {
      loseLastBoot(copyOf(device, `boot ${boot}`));
      run(device, BOOT);
    }
  }
  // Sectors with room for the records of the old key beside those of the new one.
  for (const sectorBytes of [256, 512]) {
    const device = shaped(wasm, { sectorBytes });
    for (let boot = 0; boot < BOOTS; boot++) {
      loseNewKey(copyOf(device, `key replaced after boot ${boot}`));
      run(device, BOOT);
    }
  }
}

/** A new key cannot be read at a boot: the old one comes back, after quiet time, and stays. */
function loseNewKey(device: Device): void {
  const { part, witness } = device;
  const slots = writtenIn(device, (lab) => {
    lab.powerOn();
    lab.provision(KEY_2, 1);
    lab.wait(QUIET_MS + 1_000);
  });
  part.onRead = (offset, bytes) => slots.some((at) => offset < at + SLOT && offset + bytes > at);
  const lab = labOf(device);
  lab.powerOn();
  lab.wait(QUIET_MS + 1_000);
  const fingerprint = lab.calls.fingerprint();
  part.heal();
  const after = labOf(device).powerOn().fingerprint();
  witness.demand(fingerprint === 0 || after === fingerprint, "the key changes by itself");
}

/** The slots that hold the records of a stretch. */
function writtenIn(device: Device, stretch: Stretch): readonly number[] {
  const slots: number[] = [];
  device.part.onWrite = ({ what, at, bytes }) => {
    // Headers stay.
    const record = what === "program" && at % device.part.shape.sectorBytes >= 2 * SLOT;
    if (record && bytes.some((byte) => byte !== 0xff)) slots.push(at);
    return undefined;
  };
  run(device, stretch);
  device.part.heal();
  return slots;
}

function loseLastBoot(device: Device): void {
  const slots = writtenIn(device, BOOT);
  const unreadable = copyOf(device, `unreadable at ${slots.join(", ")}`);
  unreadable.part.onRead = (offset, bytes) =>
    slots.some((at) => offset < at + SLOT && offset + bytes > at);
  const rotten = copyOf(device, `rotten at ${slots.join(", ")}`);
  for (const at of slots) rotten.part.cells[at + 9] = (rotten.part.cells[at + 9] ?? 0) ^ 0x10;
  for (const lost of [unreadable, rotten]) {
    lost.witness.quietAllowed = true;
    lost.witness.outAllowed = true;
    // The pair before it may be gone by now: then nothing is left.
    lost.witness.keyLossAllowed = true;
    run(lost, BOOT);
    lost.part.heal();
    run(lost, BOOT);
  }
}

/** A slot cannot be read at one boot, and is good at the next; the key was replaced some boots ago. */
export function slotFadesForABoot(wasm: WebAssembly.Module): void {
  for (const shape of EACH_KIND) {
    const device = shaped(wasm, { ...shape, sectorBytes: 256 });
    replaceKey(device);
    for (let boot = 0; boot < BOOTS; boot++) {
      eachSlot(device, (at) => fadeAt(copyOf(device, `${at} unreadable at boot ${boot}`), at));
      run(device, BOOT);
    }
  }
}

const SLOT = 32;

function eachSlot({ part }: Device, then: (at: number) => void): void {
  if (part.shape.kind === "keyValue") for (const key of [0, 1]) then(key);
  for (let at = 0; at < part.cells.length; at += SLOT) then(at);
}

function fadeAt(device: Device, at: number): void {
  const { part, witness } = device;
  witness.quietAllowed = true;
  part.onRead = (offset, bytes) =>
    part.shape.kind === "keyValue" ? offset === at : offset < at + SLOT && offset + bytes > at;
  // READY is due when reads succeed.
  witness.outAllowed = true;
  run(device, BOOT);
  part.heal();
  witness.outAllowed = false;
  bootTwice(device);
}

/** The key is replaced while a sector with the old one cannot be reached; then it comes back to sight. */
export function oldKeyHidden(wasm: WebAssembly.Module): void {
  for (const sectors of [3, 4, 5]) {
    for (let sick = 0; sick < sectors; sick++) {
      for (let boots = 0; boots < BOOTS; boots++) {
        const device = shaped(wasm, { sectors, sectorBytes: 256 });
        for (let boot = 0; boot < boots; boot++) run(device, BOOT);
        replaceWhileSick(copyOf(device, `key replaced, sector ${sick} sick, ${boots} boots`), sick);
      }
    }
  }
}

function replaceWhileSick(device: Device, sick: number): void {
  const { part, witness } = device;
  part.onRead = (offset) => part.sectorOf(offset) === sick;
  part.onWrite = ({ sector }) => (sector === sick ? ERROR : undefined);
  const fingerprint = replaceKey(device);
  part.heal();
  for (let boot = 0; boot < 4; boot++) {
    demand(labOf(device).powerOn().fingerprint() === fingerprint, `${witness.name}: the old key`);
  }
}

/** Returns the fingerprint of the new key, whose quiet time is over. */
function replaceKey(device: Device): number {
  const lab = labOf(device);
  lab.powerOn();
  device.witness.demand(lab.provision(KEY_2, 1) === 1, "the key cannot be replaced");
  lab.wait(QUIET_MS + 1_000);
  return lab.calls.fingerprint();
}
