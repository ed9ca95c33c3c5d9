/**
 * What must hold of a device's numbers over any sequence of power cuts, kept outside the device:
 * the last number that each connection used, the ports given out, the key's fingerprint. `Breach`
 * says which law was broken and how.
 */

import type { RuleId } from "../../check/rule.ts";
import { serialAdd, serialDistance } from "../../core/serial.ts";
import { LOCAL, type ModuleCalls, REMOTE } from "./lab.ts";

/** A law that was broken, and the rule that says so. */
export class Breach extends Error {
  readonly rule: RuleId;

  constructor(message: string, rule: RuleId = "refused") {
    super(message);
    this.rule = rule;
  }
}

export const GUARD = 2 ** 18;

interface TupleHistory {
  /** The power cycle that it was opened in. */
  module: ModuleCalls;
  /** One past the last number used. */
  next: number;
  tsval: number;
}

export class Oracle {
  /** By local port; the tuples that the application binds, so they come back after each boot. */
  readonly #tuples = new Map<number, TupleHistory>();
  readonly #ports = new Map<number, Set<number>>();
  /** Comparisons made, by rule; clones count together. */
  readonly tried: Partial<Record<RuleId, number>>;
  /** Fingerprints that the device may have: one, or two while a key is being replaced. */
  fingerprints: readonly number[] = [];

  constructor(tried: Partial<Record<RuleId, number>> = {}) {
    this.tried = tried;
  }

  clone(): Oracle {
    const copy = new Oracle(this.tried);
    for (const [port, history] of this.#tuples) copy.#tuples.set(port, { ...history });
    for (const [to, ports] of this.#ports) copy.#ports.set(to, new Set(ports));
    copy.fingerprints = this.fingerprints;
    return copy;
  }

  /** Quiet time is over or the key is new: earlier numbers can no longer live. */
  forgetNumbers(): void {
    this.#tuples.clear();
    this.#ports.clear();
  }

  count(rule: RuleId): void {
    this.tried[rule] = (this.tried[rule] ?? 0) + 1;
  }

  checkKey(module: ModuleCalls): void {
    this.count("key-kept");
    const print = module.fingerprint();
    if (!this.fingerprints.includes(print)) {
      throw new Breach(
        `key: fingerprint ${print.toString(16)} was never given to this device`,
        "key-kept",
      );
    }
  }

  /**
   * Opens a connection from a bound port, and lets it send `data` numbers at once, unreported: up
   * to the guard that is allowed. Checks ISN and timestamp against the tuple's history.
   */
  connect(module: ModuleCalls, port: number, data: number): void {
    const before = this.#tuples.get(port);
    // In one power cycle a tuple is closed before it is opened again; over a power cut it is not.
    if (before?.module === module) this.#close(module, port, before.next);
    const isn = module.isn4(LOCAL, port, REMOTE, 80);
    if (isn === 0) throw new Breach(`refused: isn, reason ${module.reason()}`);
    const tsval = module.timestamp4(LOCAL, port, REMOTE, 80);
    if (tsval === 0) throw new Breach(`refused: timestamp, reason ${module.reason()}`);
    this.count("refused");
    if (before !== undefined) {
      this.count("isn-backward");
      this.count("tsval-backward");
      const distance = serialDistance(before.next, isn);
      if (distance <= 0)
        throw new Breach(`forward: port ${port}, ISN ${distance} from last used`, "isn-backward");
      if (serialDistance(before.tsval, tsval) < 0)
        throw new Breach("timestamp went back", "tsval-backward");
    }
    this.#tuples.set(port, { module, next: serialAdd(isn, data), tsval });
  }

  /** The connection ends; from here the device knows where its numbers ended. */
  #close(module: ModuleCalls, port: number, next: number): void {
    if (!module.close4(LOCAL, port, REMOTE, 80, { next, peerNext: 1 })) {
      throw new Breach(`refused: close, reason ${module.reason()}`);
    }
  }

  /** The same for a connection that may have ended with its power cycle: then nothing is reported. */
  advanceIfOpen(module: ModuleCalls, port: number, count: number): void {
    if (this.#tuples.get(port)?.module === module) this.advance(module, port, count);
  }

  /** The connection reports that it has used `count` numbers more, and uses the guard beyond. */
  advance(module: ModuleCalls, port: number, count: number): void {
    const history = this.#tuples.get(port);
    if (history === undefined) throw new Error(`no connection from port ${port}`);
    const next = serialAdd(history.next, count);
    if (!module.advance4(LOCAL, port, REMOTE, 80, next)) {
      throw new Breach(`refused: advance, reason ${module.reason()}`);
    }
    history.next = serialAdd(next, GUARD - 1);
  }

  /** Takes a port for a destination; it must be a new one (the ring is larger than any test). */
  allocate(module: ModuleCalls, remote: number): void {
    const port = module.port4(LOCAL, remote, 80);
    if (port === 0) throw new Breach(`refused: port, reason ${module.reason()}`);
    this.count("refused");
    this.count("port-reuse");
    const seen = this.#ports.get(remote) ?? new Set();
    if (seen.has(port))
      throw new Breach(`port: ${port} again for the same destination`, "port-reuse");
    seen.add(port);
    this.#ports.set(remote, seen);
    // The connection is short; the table must not fill up.
    const isn = module.isn4(LOCAL, port, remote, 80);
    const closed = module.close4(LOCAL, port, remote, 80, { next: serialAdd(isn, 2), peerNext: 1 });
    if (!closed) throw new Breach(`refused: close, reason ${module.reason()}`);
  }
}
