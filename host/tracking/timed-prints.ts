/**
 * Which packets were recorded at which time. Most captures never ask, so prints are put in a row as
 * they come, and into a table only when one is looked for or the row is full.
 */
const PLACES = 2 ** 17;

export class TimedPrints {
  readonly #newTimes = new Float64Array(PLACES);
  readonly #newPrints = new Int32Array(PLACES);
  #new = 0;
  /** Found by time and print; a later one takes the place of an earlier one. */
  readonly #times = new Float64Array(PLACES);
  readonly #prints = new Int32Array(PLACES);

  add(timeUs: number, print: number): void {
    if (this.#new === PLACES) this.#index();
    this.#newTimes[this.#new] = timeUs;
    this.#newPrints[this.#new] = print;
    this.#new += 1;
  }

  has(timeUs: number, print: number): boolean {
    this.#index();
    const place = placeOf(timeUs, print);
    return this.#times[place] === timeUs && this.#prints[place] === print;
  }

  #index(): void {
    for (let i = 0; i < this.#new; i++) {
      const timeUs = this.#newTimes[i] ?? 0;
      const print = this.#newPrints[i] ?? 0;
      const place = placeOf(timeUs, print);
      this.#times[place] = timeUs;
      this.#prints[place] = print;
    }
    this.#new = 0;
  }
}

function placeOf(timeUs: number, print: number): number {
  return (print ^ Math.imul(timeUs % 2 ** 31, 0x9e3779b1)) & (PLACES - 1);
}
