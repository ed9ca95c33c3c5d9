/**
 * One instance of the module that power can be cut for again and again: `rewind` puts back the
 * complete state that instantiation leaves, linear memory and all mutable globals. For an MVP module
 * without a start function that is all the state there is (no MVP instruction writes to a table), so a
 * rewound instance is as good as a fresh one, at a tenth of its price
 * (test/integration/virtual/rewind.test.ts compares the two over many lives).
 *
 * The module is not changed: its code section stays as it is, byte by byte, but for one function that
 * is added behind the others and sets every mutable global to its initial value, because the module
 * does not export its globals.
 */
import { BenchError } from "../core/errors.ts";

/** Name of the added export; no name of the module's own starts like this. */
export const REWIND_EXPORT = "isnkit:rewind";
/** The mutable globals are exported by their index, for a comparison of states. */
export const GLOBAL_EXPORT = "isnkit:global:";

const SECTION = {
  type: 1,
  import: 2,
  function: 3,
  global: 6,
  export: 7,
  start: 8,
  code: 10,
  dataCount: 12,
};
const I32 = 0x7f;
const I64 = 0x7e;
const I32_CONST = 0x41;
const I64_CONST = 0x42;
const GLOBAL_SET = 0x24;
const END = 0x0b;

interface Section {
  readonly id: number;
  readonly body: Uint8Array;
}

interface MutableGlobal {
  readonly index: number;
  /** The constant instruction that sets its initial value, as it stands in the binary. */
  readonly initial: Uint8Array;
}

/** The module with the added function. Throws BenchError `not-rewindable` for one with more state. */
export function makeRewindable(wasm: Uint8Array): Uint8Array<ArrayBuffer> {
  const sections = splitSections(wasm);
  const byId = (id: number) => sections.find((section) => section.id === id);
  // Passive data, which bulk memory can drop, would come with a data count.
  for (const id of [SECTION.start, SECTION.dataCount]) {
    if (byId(id) !== undefined) throw notRewindable("it has a start function or passive data");
  }
  const globals = mutableGlobals(byId(SECTION.global));
  const types = new Reader(byId(SECTION.type)?.body ?? new Uint8Array([0])).u32();
  const imported = importedFunctions(byId(SECTION.import));
  const functions = new Reader(byId(SECTION.function)?.body ?? new Uint8Array([0])).u32();
  const body = [
    0,
    ...globals.flatMap(({ index, initial }) => [...initial, GLOBAL_SET, ...leb(index)]),
    END,
  ];
  const exports = [
    exportEntry(REWIND_EXPORT, 0, imported + functions),
    ...globals.map(({ index }) => exportEntry(`${GLOBAL_EXPORT}${index}`, 3, index)),
  ];
  const added = new Map<number, readonly (readonly number[])[]>([
    [SECTION.type, [[0x60, 0, 0]]],
    [SECTION.function, [leb(types)]],
    [SECTION.export, exports],
    [SECTION.code, [[...leb(body.length), ...body]]],
  ]);
  const parts: Uint8Array[] = [wasm.subarray(0, 8)];
  for (const { id, body: old } of sections) {
    const extra = added.get(id);
    const grown = extra === undefined ? old : appended(old, extra);
    parts.push(Uint8Array.from([id, ...leb(grown.length)]), grown);
  }
  return joined(parts);
}

/** A vector section with entries added at its end. */
function appended(body: Uint8Array, entries: readonly (readonly number[])[]): Uint8Array {
  const reader = new Reader(body);
  const count = reader.u32();
  return joined([
    Uint8Array.from(leb(count + entries.length)),
    body.subarray(reader.at),
    Uint8Array.from(entries.flat()),
  ]);
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function exportEntry(name: string, kind: number, index: number): number[] {
  const bytes = [...new TextEncoder().encode(name)];
  return [...leb(bytes.length), ...bytes, kind, ...leb(index)];
}

function splitSections(wasm: Uint8Array): Section[] {
  const sections: Section[] = [];
  const reader = new Reader(wasm, 8);
  while (reader.at < wasm.length) {
    const id = reader.byte();
    const size = reader.u32();
    if (reader.at + size > wasm.length) throw notRewindable("a section is cut short");
    sections.push({ id, body: wasm.subarray(reader.at, reader.at + size) });
    reader.at += size;
  }
  return sections;
}

function importedFunctions(section: Section | undefined): number {
  if (section === undefined) return 0;
  const reader = new Reader(section.body);
  let functions = 0;
  for (let left = reader.u32(); left > 0; left--) {
    reader.skip(reader.u32());
    reader.skip(reader.u32());
    if (reader.byte() !== 0) throw notRewindable("it imports more than functions");
    reader.u32();
    functions++;
  }
  return functions;
}

function mutableGlobals(section: Section | undefined): MutableGlobal[] {
  if (section === undefined) return [];
  const reader = new Reader(section.body);
  const count = reader.u32();
  const globals: MutableGlobal[] = [];
  for (let index = 0; index < count; index++) {
    const type = reader.byte();
    const mutable = reader.byte() === 1;
    const start = reader.at;
    const opcode = reader.byte();
    const plain = (type === I32 && opcode === I32_CONST) || (type === I64 && opcode === I64_CONST);
    if (!plain) throw notRewindable(`global ${index} does not start at a constant`);
    reader.leb();
    const initial = section.body.slice(start, reader.at);
    if (reader.byte() !== END) throw notRewindable(`global ${index} starts at an expression`);
    if (mutable) globals.push({ index, initial });
  }
  return globals;
}

function notRewindable(why: string): BenchError {
  return new BenchError(
    "not-rewindable",
    `the module cannot be taken back to its power-on state: ${why}`,
    "use a module as `npm run build:module` makes it",
  );
}

/** Unsigned LEB128. */
function leb(value: number): number[] {
  const bytes: number[] = [];
  let rest = value >>> 0;
  do {
    const low = rest & 0x7f;
    rest >>>= 7;
    bytes.push(rest === 0 ? low : low | 0x80);
  } while (rest !== 0);
  return bytes;
}

class Reader {
  at: number;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array, at = 0) {
    this.#bytes = bytes;
    this.at = at;
  }

  byte(): number {
    const byte = this.#bytes[this.at++];
    if (byte === undefined) throw notRewindable("it is cut short");
    return byte;
  }

  skip(bytes: number): void {
    this.at += bytes;
  }

  /** Passes over a LEB128 number of any length. */
  leb(): void {
    while ((this.byte() & 0x80) !== 0);
  }

  u32(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte();
      value |= (byte & 0x7f) << shift;
      if ((byte & 0x80) === 0) return value >>> 0;
    }
  }
}
