/** Counts TCP packets by address, to say which addresses a capture does hold. */
import { address, type Segment } from "../../capture/segment.ts";

/** Later addresses are not counted: enough to name the busiest, whatever the capture holds. */
const ADDRESSES_MAX = 4096;

export class EndpointCensus {
  readonly #counts = new Map<string, number>();

  add(segment: Segment): void {
    const { family, source0, source1, source2, source3 } = segment;
    this.#count(`${family},${source0},${source1},${source2},${source3}`);
    const { target0, target1, target2, target3 } = segment;
    this.#count(`${family},${target0},${target1},${target2},${target3}`);
  }

  /** The busiest addresses with their packets, busiest first. */
  busiest(count: number): readonly { address: string; packets: number }[] {
    return [...this.#counts]
      .sort(([, a], [, b]) => b - a)
      .slice(0, count)
      .map(([key, packets]) => {
        const [family, w0 = 0, w1 = 0, w2 = 0, w3 = 0] = key.split(",").map(Number);
        return { address: address(family === 6 ? 6 : 4, w0, w1, w2, w3).text, packets };
      });
  }

  #count(key: string): void {
    const count = this.#counts.get(key);
    if (count === undefined && this.#counts.size >= ADDRESSES_MAX) return;
    this.#counts.set(key, (count ?? 0) + 1);
  }
}
