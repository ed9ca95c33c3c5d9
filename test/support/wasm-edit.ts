/** Rewrites parts of a WebAssembly binary (Core Specification 1.0 §5.5): to make modules that are wrong. */

const SECTION = { import: 2, export: 7, code: 10 } as const;
const FUNCTION = 0;

interface Section {
  readonly id: number;
  readonly bytes: Uint8Array;
}

export function leb(value: number): number[] {
  const out: number[] = [];
  let rest = value >>> 0;
  do {
    const low = rest & 0x7f;
    rest >>>= 7;
    out.push(rest === 0 ? low : low | 0x80);
  } while (rest !== 0);
  return out;
}

function readLeb(bytes: Uint8Array, at: number): [value: number, next: number] {
  let value = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++] ?? 0;
    value += (byte & 0x7f) * 2 ** shift;
    if ((byte & 0x80) === 0) return [value, at];
  }
}

function sectionsOf(module: Uint8Array): Section[] {
  const sections: Section[] = [];
  for (let at = 8; at < module.length; ) {
    const id = module[at] ?? 0;
    const [length, start] = readLeb(module, at + 1);
    sections.push({ id, bytes: module.subarray(start, start + length) });
    at = start + length;
  }
  return sections;
}

function withSection(module: Uint8Array, id: number, bytes: readonly number[]): Uint8Array {
  const parts = sectionsOf(module).map((section) =>
    section.id === id ? { id, bytes: Uint8Array.from(bytes) } : section,
  );
  const out = [...module.subarray(0, 8)];
  for (const part of parts) out.push(part.id, ...leb(part.bytes.length), ...part.bytes);
  return Uint8Array.from(out);
}

function sectionOf(module: Uint8Array, id: number): Uint8Array {
  const section = sectionsOf(module).find((one) => one.id === id);
  if (section === undefined) throw new Error(`no section ${id}`);
  return section.bytes;
}

/** Index of an exported function, imported ones counted first. */
export function functionIndex(module: Uint8Array, name: string): number {
  const bytes = sectionOf(module, SECTION.export);
  let [count, at] = readLeb(bytes, 0);
  for (; count > 0; count--) {
    const [length, start] = readLeb(bytes, at);
    const kind = bytes[start + length];
    const [index, next] = readLeb(bytes, start + length + 1);
    const found = new TextDecoder().decode(bytes.subarray(start, start + length));
    if (found === name && kind === FUNCTION) return index;
    at = next;
  }
  throw new Error(`no export ${name}`);
}

/** The module with another body for an exported function: its instructions, `end` included; no locals. */
export function withBody(module: Uint8Array, name: string, code: readonly number[]): Uint8Array {
  const [imports] = readLeb(sectionOf(module, SECTION.import), 0);
  const wanted = functionIndex(module, name) - imports;
  const bytes = sectionOf(module, SECTION.code);
  const [count, first] = readLeb(bytes, 0);
  const out = leb(count);
  let at = first;
  for (let index = 0; index < count; index++) {
    const [length, start] = readLeb(bytes, at);
    const body = index === wanted ? [0, ...code] : [...bytes.subarray(start, start + length)];
    out.push(...leb(body.length), ...body);
    at = start + length;
  }
  return withSection(module, SECTION.code, out);
}

/** The module with one text of the same length in the place of another, in its imports or exports. */
export function withName(
  module: Uint8Array,
  section: "import" | "export",
  from: string,
  to: string,
): Uint8Array {
  const text = Buffer.from(sectionOf(module, SECTION[section]));
  const at = text.indexOf(from);
  if (at < 0 || from.length !== to.length) throw new Error(`cannot write ${to} for ${from}`);
  text.write(to, at);
  return withSection(module, SECTION[section], [...text]);
}

/** The same module under another hash: a custom section changes nothing that runs. */
export function named(module: Uint8Array, name: string): Uint8Array {
  const text = [...new TextEncoder().encode(name)];
  return Uint8Array.from([...module, 0, text.length + 1, text.length, ...text]);
}

/** Instructions. */
export const OP = {
  unreachable: [0x00],
  end: [0x0b],
  zero: [0x41, 0x00],
  /** Loops for ever. */
  hang: [0x03, 0x40, 0x0c, 0x00, 0x0b],
  call: (index: number) => [0x10, ...leb(index)],
  i32: (value: number) => [0x41, ...signedLeb(value)],
  greater: [0x4b],
  /** What follows, up to `end`, runs when the operand is not 0. */
  if: [0x04, 0x40],
} as const;

export function signedLeb(value: number): number[] {
  const out: number[] = [];
  let rest = value | 0;
  for (;;) {
    const low = rest & 0x7f;
    rest >>= 7;
    const isLast = (rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0);
    out.push(isLast ? low : low | 0x80);
    if (isLast) return out;
  }
}
