/** Adds an export for each global of a module (Core Specification 1.0 §5.5.10); all else stays byte for byte. */

const GLOBAL_SECTION = 6;
const EXPORT_SECTION = 7;
const GLOBAL_KIND = 3;

export function exportGlobals(module: Uint8Array): Uint8Array {
  const out: number[] = [...module.subarray(0, 8)];
  let globals = 0;
  for (let at = 8; at < module.length; ) {
    const id = module[at] ?? 0;
    const [size, start] = readLeb(module, at + 1);
    const body = module.subarray(start, start + size);
    if (id === GLOBAL_SECTION) globals = readLeb(body, 0)[0];
    if (id === EXPORT_SECTION) {
      const [count, first] = readLeb(body, 0);
      const added: number[] = [];
      for (let g = 0; g < globals; g++) {
        const name = [...new TextEncoder().encode(`global ${g}`)];
        added.push(name.length, ...name, GLOBAL_KIND, ...leb(g));
      }
      const section = [...leb(count + globals), ...body.subarray(first), ...added];
      out.push(id, ...leb(section.length), ...section);
    } else {
      for (const byte of module.subarray(at, start + size)) out.push(byte);
    }
    at = start + size;
  }
  return Uint8Array.from(out);
}

function leb(value: number): number[] {
  const out: number[] = [];
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 0x80) return [...out, rest];
    out.push((rest & 0x7f) | 0x80);
  }
}

function readLeb(bytes: Uint8Array, start: number): [value: number, next: number] {
  let value = 0;
  for (let at = start, scale = 1; ; at++, scale *= 128) {
    const byte = bytes[at] ?? 0;
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return [value, at + 1];
  }
}
