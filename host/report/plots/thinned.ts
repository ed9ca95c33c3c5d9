/** Keeps a bounded, evenly thinned part of a stream: each k-th item, where k doubles when it is full. */

export class Thinned<T> {
  readonly #max: number;
  #kept: T[] = [];
  #every = 1;
  #seen = 0;
  #last: T | undefined;

  /** `max`: items kept at most, the last one aside; at least 2. */
  constructor(max: number) {
    this.#max = max;
  }

  get seen(): number {
    return this.#seen;
  }

  /** One in how many items is kept. */
  get every(): number {
    return this.#every;
  }

  push(item: T): void {
    if (this.#seen % this.#every === 0) this.#kept.push(item);
    this.#seen++;
    this.#last = item;
    if (this.#kept.length <= this.#max) return;
    this.#kept = this.#kept.filter((_, i) => i % 2 === 0);
    this.#every *= 2;
  }

  /** What was kept, and the last item in any case. */
  items(): readonly T[] {
    const last = this.#last;
    return last === undefined || this.#kept.at(-1) === last ? this.#kept : [...this.#kept, last];
  }
}
