/** Which ports were given for which destination, and which may be given again. */
import { Breach } from "./ledger.ts";

/** Entries that port4 may have to pass over: as many as the table has (docs/abi.md). */
const TABLE_ENTRIES = 32;

interface Use {
  open: boolean;
  closed: number;
  boot: number;
  step: number;
}

export class PortBook {
  private readonly first: number;
  private readonly last: number;
  private readonly lease: number;
  /** How long a closed port is held, seconds, less what the device's clock may be off. */
  private readonly heldSeconds: number;
  private readonly uses: Map<number, Use>[];
  private steps = 0;
  /** Whether the ring still runs under the key that it began with. */
  private ringHolds = true;

  constructor(
    [first, last]: readonly [number, number],
    lease: number,
    heldSeconds: number,
    destinations: number,
  ) {
    this.first = first;
    this.last = last;
    this.lease = lease;
    this.heldSeconds = heldSeconds;
    this.uses = Array.from({ length: destinations }, () => new Map());
  }

  get size(): number {
    return this.last - this.first + 1;
  }

  /** Another key, another order. */
  breakRing(): void {
    this.ringHolds = false;
  }

  /** What was given before binds no longer. */
  forget(): void {
    for (const uses of this.uses) uses.clear();
  }

  /** A tuple was opened by its ISN. */
  opened(to: number, port: number, boot: number): void {
    const use = this.uses[to]?.get(port);
    this.uses[to]?.set(port, {
      open: true,
      closed: Number.NEGATIVE_INFINITY,
      boot,
      step: use?.step ?? Number.NEGATIVE_INFINITY,
    });
  }

  closed(to: number, port: number, now: number): void {
    const use = this.uses[to]?.get(port);
    if (use === undefined) return;
    use.open = false;
    use.closed = now;
  }

  /** Judges a port that was given, and takes it down. */
  gave(to: number, port: number, boot: number, now: number): void {
    if (port < this.first || port > this.last) throw new Breach("port-range", `port ${port}`);
    const use = this.uses[to]?.get(port);
    this.steps++;
    if (use !== undefined) this.judge(use, port, boot, now);
    this.uses[to]?.set(port, {
      open: true,
      closed: Number.NEGATIVE_INFINITY,
      boot,
      step: this.steps,
    });
  }

  private judge(use: Use, port: number, boot: number, now: number): void {
    if (use.boot === boot) {
      if (use.open) throw new Breach("port-open", `port ${port}, which is open`);
      const held = now - use.closed;
      if (held < this.heldSeconds) {
        throw new Breach("port-timewait", `port ${port}, ${held.toFixed(3)} s after its close`);
      }
    }
    if (!this.ringHolds) return;
    // An allocation passes one place of the ring and the busy ports before it; a boot what was leased.
    const given = this.steps - use.step;
    const passed = given + (given + 1) * TABLE_ENTRIES + (boot - use.boot) * this.lease;
    if (passed < this.size) {
      throw new Breach("port-ring", `port ${port} again after ${given} allocations`);
    }
  }
}
