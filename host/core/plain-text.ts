/** Makes text from captures, file names and devices fit for a terminal. */

/**
 * Control and direction-changing characters (C0, DEL, C1, bidi marks, line separators) could hide or
 * forge output. They become visible escapes: U+001B is written `\x1b`, U+202E `\u202e`.
 */
export function printable(text: string): string {
  if (/^[ -~]*$/.test(text)) return text;
  let out = "";
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    out += isHidden(code) ? escapeOf(code) : character;
  }
  return out;
}

/**
 * JSON whose strings hold no raw control or direction-changing characters; `indent` 0: one line.
 */
export function printableJson(value: unknown, indent = 2): string {
  let out = "";
  // JSON.stringify escapes C0 itself; the line feeds that remain are its own layout.
  for (const character of JSON.stringify(value, undefined, indent)) {
    const code = character.codePointAt(0) ?? 0;
    out += code >= 0x7f && isHidden(code) ? `\\u${code.toString(16).padStart(4, "0")}` : character;
  }
  return out;
}

/**
 * JSON with each list of numbers in one line (a plot's thousands would fill as many), and a line
 * feed at the end.
 */
export function compactJson(value: unknown): string {
  // A line feed never stands inside a string here, so that no text can look like such a list.
  const json = printableJson(value).replace(
    /\[\n\s+(-?\d[^[\]{}":]*?)\n\s+\]/g,
    (_, numbers: string) => `[${numbers.replace(/\s+/g, "")}]`,
  );
  return `${json}\n`;
}

function isHidden(code: number): boolean {
  return (
    code < 0x20 ||
    (code >= 0x7f && code < 0xa0) ||
    code === 0x061c ||
    (code >= 0x200b && code <= 0x200f) ||
    (code >= 0x2028 && code <= 0x202e) ||
    (code >= 0x2060 && code <= 0x206f) ||
    code === 0xfeff ||
    (code >= 0xd800 && code <= 0xdfff)
  );
}

function escapeOf(code: number): string {
  return code < 0x100
    ? `\\x${code.toString(16).padStart(2, "0")}`
    : `\\u${code.toString(16).padStart(4, "0")}`;
}
