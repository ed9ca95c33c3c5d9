/**
 * Do boots begin with the numbers of an earlier boot? Shared by `isn-repeats-after-boot` and
 * `port-repeats-after-boot`, which differ in what numbers they take and how many there are of them.
 *
 * The first 8 numbers of each boot are compared, position by position, with those of up to
 * `memory` earlier boots. On a good device a number equals another one with at most `chance`, so a
 * boot shares `same` positions with one of `c` earlier boots with a chance of at most
 * c · C(8, same) · chance^same. Over the run the number of such boots is bounded by a Poisson tail;
 * only what is less likely than LN_ALPHA is reported. So one shared 32-bit ISN among many boots is
 * no finding, and the same two ISNs again are.
 */
import { LN_ALPHA, lnChoose, lnPoissonTail } from "./chance.ts";

/** How many numbers at the start of a boot are compared. */
export const OPENING_LENGTH = 8;

interface Opening {
  readonly boot: number;
  readonly timeUs: number;
  readonly numbers: readonly number[];
}

export interface Repeat {
  readonly earlier: { readonly boot: number; readonly timeUs: number };
  /** Positions in which both boots agree. */
  readonly same: readonly number[];
  /** ln of the chance that a good device does this (a bound, over the run so far). */
  readonly lnChance: number;
}

export class BootOpenings {
  readonly #memory: number;
  readonly #slots: Opening[] = [];
  #slot = 0;
  /** position · 2^32 + number → slot of the newest boot that has it there. */
  readonly #where = new Map<number, number>();
  /** Expected number of boots that share at least i + 1 positions, by chance. */
  readonly #means = new Array<number>(OPENING_LENGTH).fill(0);
  readonly #hits = new Array<number>(OPENING_LENGTH).fill(0);
  /** Boots that were compared with at least one earlier boot, by how many numbers they have. */
  readonly #compared = new Array<number>(OPENING_LENGTH).fill(0);

  /** `memory`: earlier boots kept for comparison. */
  constructor(memory: number) {
    this.#memory = memory;
  }

  /** Boots that were compared. */
  get judged(): number {
    return this.#compared.reduce((sum, n) => sum + n, 0);
  }

  /** Whether a device that repeats all its numbers at every boot would have been found by now. */
  get conclusive(): boolean {
    let boots = 0;
    for (let i = OPENING_LENGTH - 1; i >= 0; i--) {
      boots += this.#compared[i] ?? 0;
      if (boots > 0 && lnPoissonTail(boots, this.#means[i] ?? 0) < LN_ALPHA) return true;
    }
    return false;
  }

  get retained(): number {
    return this.#slots.length;
  }

  /**
   * Compares a boot's first numbers with the earlier ones, then remembers them. `chance`: bound on
   * the chance that two numbers of a good device are equal.
   */
  add(opening: Opening, chance: number): Repeat | undefined {
    if (opening.numbers.length === 0) return undefined;
    const repeat = this.#slots.length > 0 ? this.#compare(opening, chance) : undefined;
    this.#remember(opening);
    return repeat;
  }

  /** Boots so far are no measure for those that come. */
  forget(): void {
    this.#slots.length = 0;
    this.#slot = 0;
    this.#where.clear();
  }

  #compare(opening: Opening, chance: number): Repeat | undefined {
    const length = opening.numbers.length;
    this.#compared[length - 1] = (this.#compared[length - 1] ?? 0) + 1;
    for (let same = 1; same <= length; same++) {
      const expected = this.#slots.length * Math.exp(lnChoose(length, same)) * chance ** same;
      this.#means[same - 1] = (this.#means[same - 1] ?? 0) + expected;
    }
    const best = this.#mostAlike(opening.numbers);
    if (best === undefined) return undefined;
    let lnChance = 0;
    for (let same = 1; same <= best.same.length; same++) {
      const hits = (this.#hits[same - 1] ?? 0) + 1;
      this.#hits[same - 1] = hits;
      lnChance = Math.min(lnChance, lnPoissonTail(hits, this.#means[same - 1] ?? 0));
    }
    if (lnChance >= LN_ALPHA) return undefined;
    return { earlier: best.earlier, same: best.same, lnChance };
  }

  #mostAlike(numbers: readonly number[]) {
    let best: { earlier: Opening; same: number[] } | undefined;
    const seen = new Set<number>();
    numbers.forEach((number, position) => {
      const slot = this.#where.get(placeKey(position, number));
      const earlier = slot === undefined ? undefined : this.#slots[slot];
      if (slot === undefined || earlier === undefined || seen.has(slot)) return;
      seen.add(slot);
      const same = numbers.filter((one, i) => earlier.numbers[i] === one);
      if (best === undefined || same.length > best.same.length) best = { earlier, same };
    });
    return best as { earlier: Opening; same: number[] } | undefined;
  }

  #remember(opening: Opening): void {
    const slot = this.#slot;
    this.#slot = (slot + 1) % this.#memory;
    this.#slots[slot]?.numbers.forEach((number, position) => {
      const key = placeKey(position, number);
      if (this.#where.get(key) === slot) this.#where.delete(key);
    });
    this.#slots[slot] = opening;
    opening.numbers.forEach((number, position) => {
      this.#where.set(placeKey(position, number), slot);
    });
  }
}

function placeKey(position: number, number: number): number {
  return position * 2 ** 32 + number;
}
