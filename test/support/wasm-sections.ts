/**
 * Reads what a WebAssembly binary declares (Core Specification 1.0 §5.5): imports, exports, memory,
 * tables, start function and data. It does not look into code.
 */

const SECTION = { custom: 0, import: 2, table: 4, memory: 5, export: 7, start: 8, data: 11 };
const KINDS = ["function", "table", "memory", "global"] as const;
const I32_CONST = 0x41;
const END = 0x0b;

export type ExternalKind = (typeof KINDS)[number];

export interface WasmSections {
  readonly imports: readonly { module: string; name: string; kind: ExternalKind }[];
  readonly exports: readonly { name: string; kind: ExternalKind }[];
  /** In pages of 64 KiB. */
  readonly memories: readonly { initial: number; maximum: number | undefined }[];
  readonly tables: number;
  readonly start: boolean;
  readonly data: readonly { offset: number; bytes: number }[];
  readonly customSections: readonly string[];
}

/** Throws an Error on anything that a module without surprises does not have. */
export function readWasmSections(bytes: Uint8Array): WasmSections {
  const reader = new Reader(bytes);
  if (reader.u32le() !== 0x6d736100 || reader.u32le() !== 1) throw new Error("not WebAssembly 1.0");
  const found = {
    imports: [] as { module: string; name: string; kind: ExternalKind }[],
    exports: [] as { name: string; kind: ExternalKind }[],
    memories: [] as { initial: number; maximum: number | undefined }[],
    tables: 0,
    start: false,
    data: [] as { offset: number; bytes: number }[],
    customSections: [] as string[],
  };
  while (!reader.atEnd) {
    const id = reader.byte();
    const section = reader.part(reader.leb());
    if (id === SECTION.custom) found.customSections.push(section.name());
    else if (id === SECTION.import) section.each(() => found.imports.push(readImport(section)));
    else if (id === SECTION.table) found.tables = section.leb();
    else if (id === SECTION.memory) section.each(() => found.memories.push(readLimits(section)));
    else if (id === SECTION.export) section.each(() => found.exports.push(readExport(section)));
    else if (id === SECTION.start) found.start = true;
    else if (id === SECTION.data) section.each(() => found.data.push(readData(section)));
  }
  return found;
}

function readImport(reader: Reader): WasmSections["imports"][number] {
  const module = reader.name();
  const name = reader.name();
  const kind = readKind(reader);
  if (kind !== "function") throw new Error(`${module}.${name} is an imported ${kind}`);
  reader.leb();
  return { module, name, kind };
}

function readExport(reader: Reader): WasmSections["exports"][number] {
  const name = reader.name();
  const kind = readKind(reader);
  reader.leb();
  return { name, kind };
}

function readLimits(reader: Reader): WasmSections["memories"][number] {
  const flags = reader.byte();
  if (flags > 1) throw new Error(`memory with flags ${flags}: shared or 64-bit`);
  const initial = reader.leb();
  return { initial, maximum: flags === 1 ? reader.leb() : undefined };
}

function readData(reader: Reader): WasmSections["data"][number] {
  if (reader.leb() !== 0) throw new Error("a data segment that is passive or of another memory");
  if (reader.byte() !== I32_CONST)
    throw new Error("a data segment at an offset that is no constant");
  const offset = reader.leb();
  if (reader.byte() !== END) throw new Error("a data segment at a computed offset");
  const bytes = reader.leb();
  reader.part(bytes);
  return { offset, bytes };
}

function readKind(reader: Reader): ExternalKind {
  const code = reader.byte();
  const kind = KINDS[code];
  if (kind === undefined) throw new Error(`unknown external kind ${code}`);
  return kind;
}

class Reader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get atEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  byte(): number {
    const byte = this.#bytes[this.#at++];
    if (byte === undefined) throw new Error("the binary ends in the middle of a section");
    return byte;
  }

  u32le(): number {
    return this.byte() | (this.byte() << 8) | (this.byte() << 16) | (this.byte() << 24);
  }

  /** An unsigned LEB128 number; signed offsets of this size read the same while below 2^31. */
  leb(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  }

  part(bytes: number): Reader {
    const end = this.#at + bytes;
    if (end > this.#bytes.length) throw new Error("a section is longer than the binary");
    const part = new Reader(this.#bytes.subarray(this.#at, end));
    this.#at = end;
    return part;
  }

  name(): string {
    const bytes = this.leb();
    return new TextDecoder().decode(this.part(bytes).#bytes);
  }

  each(read: () => void): void {
    for (let left = this.leb(); left > 0; left--) read();
  }
}
