/** Numbers and quantities as reports write them. */

/** A sequence number in both ways: `1841260670 (0x6dbf747e)`. */
export function bothWays(n: number): string {
  return `${n} (0x${n.toString(16).padStart(8, "0")})`;
}

/** `+12`, `-21`. */
export function signedNumber(n: number): string {
  return n > 0 ? `+${n}` : String(n);
}

/** `a`, `a and b`, `a, b and c`. */
export function listed(words: readonly string[]): string {
  if (words.length <= 1) return words.join("");
  return `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
}

/** What a board is, by its selector. */
export function boardKind(board: string): string {
  if (board === "sim" || board.startsWith("sim:")) return "virtual board";
  return /^(qemu|rp2040js):/.test(board) ? "emulated board" : "board";
}
