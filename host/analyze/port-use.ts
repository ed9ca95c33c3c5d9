/** How a host uses its ports towards one destination: which, how many, and how soon again. */
const REUSES_KEPT = 512;
/** log2 of the ports that a page holds. */
const PAGE_BITS = 11;

export class PortUse {
  readonly client: string;
  readonly server: string;
  readonly serverPort: number;
  openings = 0;
  /** Different ports seen. */
  distinct = 0;
  lowest = 65_536;
  highest = -1;
  /** Openings on a port that was used less than 2 × MSL before, boots excepted. */
  reuses = 0;
  /** Attempts that the server refused with a plain ACK. */
  refused = 0;
  /** As many of both as were told. */
  reusesTold = 0;
  refusedTold = 0;
  readonly frames: number[] = [];
  firstReuseUs = 0;
  lastUs = 0;
  /** Bits of the ports seen, in pages: most hosts use a small part of the range. */
  readonly #seen: (Uint32Array | undefined)[] = [];
  readonly #intervalsUs: number[] = [];

  constructor(client: string, server: string, serverPort: number) {
    this.client = client;
    this.server = server;
    this.serverPort = serverPort;
  }

  opened(port: number, timeUs: number): void {
    this.openings += 1;
    this.lastUs = timeUs;
    this.lowest = Math.min(this.lowest, port);
    this.highest = Math.max(this.highest, port);
    let page = this.#seen[port >>> PAGE_BITS];
    if (!page) {
      page = new Uint32Array(2 ** (PAGE_BITS - 5));
      this.#seen[port >>> PAGE_BITS] = page;
    }
    const at = (port >>> 5) & (page.length - 1);
    const word = page[at] ?? 0;
    const bit = 1 << (port & 31);
    if ((word & bit) !== 0) return;
    page[at] = word | bit;
    this.distinct += 1;
  }

  reused(intervalUs: number, frame: number, timeUs: number): void {
    if (this.reuses === 0) this.firstReuseUs = timeUs;
    this.#intervalsUs[this.reuses % REUSES_KEPT] = intervalUs;
    this.reuses += 1;
    if (this.frames.length < 12) this.frames.push(frame);
  }

  /** Takes back reuses that a restart explains. */
  explained(count: number): void {
    this.reuses = Math.max(0, this.reuses - count);
    this.frames.length = Math.max(0, this.frames.length - count);
  }

  /** Median time after which a port comes round again, in microseconds. */
  get wrapUs(): number {
    const sorted = [...this.#intervalsUs].sort((a, b) => a - b);
    return sorted[sorted.length >> 1] ?? 0;
  }
}
