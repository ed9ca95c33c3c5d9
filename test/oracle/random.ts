/** A seeded stream of numbers (sfc32, PractRand's small fast counting generator). */
export class Random {
  private a: number;
  private b: number;
  private c: number;
  private n = 1;

  constructor(seed: number) {
    this.a = seed | 0;
    this.b = Math.floor(seed / 2 ** 32) | 0;
    this.c = 0x2545f491;
    for (let i = 0; i < 12; i++) this.bits();
  }

  /** 32 bits. */
  bits(): number {
    const t = (((this.a + this.b) | 0) + this.n) | 0;
    this.n = (this.n + 1) | 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) | 0;
    this.c = (((this.c << 21) | (this.c >>> 11)) + t) | 0;
    return t >>> 0;
  }

  /** A whole number from `low` to `high`, both included. */
  whole(low: number, high: number): number {
    return low + Math.floor((this.bits() / 2 ** 32) * (high - low + 1));
  }

  chance(probability: number): boolean {
    return this.bits() < probability * 2 ** 32;
  }

  pick<T>(list: readonly T[]): T {
    const one = list[this.whole(0, list.length - 1)];
    if (one === undefined) throw new RangeError("nothing to pick from");
    return one;
  }

  /** One of the names, by weight. */
  weighted<T extends string>(weights: Readonly<Partial<Record<T, number>>>): T {
    const entries = Object.entries(weights) as [T, number][];
    let rest = (this.bits() / 2 ** 32) * entries.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [name, weight] of entries) {
      rest -= weight;
      if (rest < 0) return name;
    }
    return (entries[entries.length - 1] as [T, number])[0];
  }

  /** Eight bits, each set with the probability `density`/256. */
  mask(density: number): number {
    if (density <= 0) return 0;
    if (density >= 256) return 0xff;
    if (density === 128) return this.bits() & 0xff;
    let out = 0;
    for (let bit = 0; bit < 8; bit++) if ((this.bits() & 0xff) < density) out |= 1 << bit;
    return out;
  }

  seed(): number {
    return this.bits();
  }
}
