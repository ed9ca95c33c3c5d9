/** Where in a JSON text a value stands, so that a wrong one can be named by its line. */

/**
 * The line, from 1, on which the value at `path` starts; of the nearest value above it that is there,
 * when it is not. `text` must be JSON that parses.
 */
export function lineOfPath(text: string, path: readonly PropertyKey[]): number {
  const scanner = new Scanner(text);
  const at = scanner.find(path.map(String));
  return lineOfOffset(text, at);
}

/** The line, from 1, of a character offset. */
export function lineOfOffset(text: string, offset: number): number {
  let line = 1;
  for (let i = 0; i < offset && i < text.length; i++) if (text[i] === "\n") line++;
  return line;
}

/** Walks over valid JSON without building it. */
class Scanner {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  find(path: readonly string[]): number {
    this.#space();
    let found = this.#at;
    for (const key of path) {
      const next = this.#enter(key);
      if (next === undefined) return found;
      this.#at = next;
      found = next;
    }
    return found;
  }

  /** The offset of a member of the object or array that starts here. */
  #enter(key: string): number | undefined {
    const opening = this.#text[this.#at];
    if (opening !== "{" && opening !== "[") return undefined;
    const closing = opening === "{" ? "}" : "]";
    this.#at++;
    for (let index = 0; ; index++) {
      this.#space();
      if (this.#text[this.#at] === closing || this.#at >= this.#text.length) return undefined;
      let name = String(index);
      if (opening === "{") {
        const start = this.#at;
        this.#string();
        name = JSON.parse(this.#text.slice(start, this.#at));
        this.#space();
        this.#at++;
        this.#space();
      }
      if (name === key) return this.#at;
      this.#value();
      this.#space();
      if (this.#text[this.#at] === ",") this.#at++;
    }
  }

  #space(): void {
    while (/\s/.test(this.#text[this.#at] ?? "")) this.#at++;
  }

  #string(): void {
    this.#at++;
    while (this.#at < this.#text.length && this.#text[this.#at] !== '"') {
      this.#at += this.#text[this.#at] === "\\" ? 2 : 1;
    }
    this.#at++;
  }

  /** Passes over one value, nested ones by their depth. */
  #value(): void {
    let depth = 0;
    for (; this.#at < this.#text.length; this.#at++) {
      const character = this.#text[this.#at];
      if (character === '"') {
        this.#string();
        this.#at--;
      } else if (character === "{" || character === "[") depth++;
      else if (character === "}" || character === "]") {
        if (depth === 0) return;
        depth--;
      } else if (character === "," && depth === 0) return;
    }
  }
}
