/**
 * JSON (RFC 8259) that knows on which line each value stands, so that a message about a field of a
 * configuration file can name its line. Stricter than JSON.parse: a key may come once only.
 */

export type JsonPath = readonly (string | number)[];

export interface LocatedJson {
  readonly value: unknown;
  /** Line, from 1, of the value at a path, or of the nearest value around it. */
  lineOf(path: JsonPath): number;
}

/** Text that is no JSON. `line` and `column` from 1. */
export class JsonSyntaxError extends Error {
  readonly line: number;
  readonly column: number;

  constructor(message: string, line: number, column: number) {
    super(message);
    this.line = line;
    this.column = column;
  }
}

const DEPTH_MAX = 64;
/** Far above any configuration file; a bound on the work for a hostile one. */
const CHARACTERS_MAX = 1024 * 1024;
const LITERALS = new Map<string, unknown>([
  ["true", true],
  ["false", false],
  ["null", null],
]);
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const STRING = /"(?:[^"\\\n]|\\.)*"/y;
const SPACE = /[ \t\r\n]*/y;

/** Throws JsonSyntaxError. */
export function parseLocatedJson(text: string): LocatedJson {
  if (text.length > CHARACTERS_MAX) {
    throw new JsonSyntaxError(`the file is larger than ${CHARACTERS_MAX} characters`, 1, 1);
  }
  return new Parser(text).document();
}

class Parser {
  readonly #text: string;
  readonly #lines = new Map<string, number>();
  #at = 0;
  #counted = { at: 0, line: 1 };

  constructor(text: string) {
    this.#text = text;
  }

  document(): LocatedJson {
    const value = this.#value([]);
    this.#space();
    if (this.#at < this.#text.length) throw this.#wrong("something follows the value");
    const lines = this.#lines;
    const lineOf = (path: JsonPath): number => {
      for (let depth = path.length; depth > 0; depth--) {
        const line = lines.get(JSON.stringify(path.slice(0, depth)));
        if (line !== undefined) return line;
      }
      return lines.get("[]") ?? 1;
    };
    return { value, lineOf };
  }

  #value(path: JsonPath): unknown {
    if (path.length > DEPTH_MAX) throw this.#wrong(`values are nested deeper than ${DEPTH_MAX}`);
    this.#space();
    this.#lines.set(JSON.stringify(path), this.#line(this.#at));
    const next = this.#text[this.#at];
    if (next === "{") return this.#object(path);
    if (next === "[") return this.#array(path);
    if (next === '"') return this.#string();
    const number = this.#match(NUMBER);
    if (number !== undefined) return Number(number);
    for (const [word, value] of LITERALS) {
      if (!this.#text.startsWith(word, this.#at)) continue;
      this.#at += word.length;
      return value;
    }
    throw this.#wrong(next === undefined ? "the file ends too early" : "a value is expected");
  }

  #object(path: JsonPath): Record<string, unknown> {
    const entries = new Map<string, unknown>();
    this.#at++;
    if (!this.#skip("}")) {
      do {
        this.#space();
        if (this.#text[this.#at] !== '"') throw this.#wrong("a key in double quotes is expected");
        const start = this.#at;
        const key = this.#string();
        if (entries.has(key)) {
          this.#at = start;
          throw this.#wrong(`the key ${JSON.stringify(key)} comes twice`);
        }
        if (!this.#skip(":")) throw this.#wrong('":" is expected');
        entries.set(key, this.#value([...path, key]));
      } while (this.#skip(","));
      if (!this.#skip("}")) throw this.#wrong('"," or "}" is expected');
    }
    // Own properties whatever the key, __proto__ included.
    return Object.fromEntries(entries);
  }

  #array(path: JsonPath): unknown[] {
    const items: unknown[] = [];
    this.#at++;
    if (this.#skip("]")) return items;
    do items.push(this.#value([...path, items.length]));
    while (this.#skip(","));
    if (!this.#skip("]")) throw this.#wrong('"," or "]" is expected');
    return items;
  }

  #string(): string {
    const start = this.#at;
    const text = this.#match(STRING);
    if (text === undefined) throw this.#wrong("this text is not closed on its line");
    try {
      return JSON.parse(text);
    } catch {
      this.#at = start;
      throw this.#wrong("this text holds a control character or an unknown escape");
    }
  }

  /** Skips a mark, and the space in front of it. */
  #skip(mark: string): boolean {
    this.#space();
    if (this.#text[this.#at] !== mark) return false;
    this.#at++;
    return true;
  }

  #space(): void {
    this.#match(SPACE);
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found !== undefined) this.#at += found.length;
    return found;
  }

  /** Counts on from the last call: positions only grow, but for a key that comes twice. */
  #line(at: number): number {
    if (at < this.#counted.at) this.#counted = { at: 0, line: 1 };
    let { at: from, line } = this.#counted;
    for (; from < at; from++) if (this.#text[from] === "\n") line++;
    this.#counted = { at, line };
    return line;
  }

  #wrong(message: string): JsonSyntaxError {
    const line = this.#line(this.#at);
    const column = this.#at - this.#text.lastIndexOf("\n", this.#at - 1);
    return new JsonSyntaxError(message, line, column);
  }
}
