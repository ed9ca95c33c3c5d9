/**
 * Which local ports count as chosen by the device's allocator. A capture cannot tell (`unknown`): a
 * destination that only ever sees one local port is taken for one that the application has bound, so
 * that a fixed port raises no alarm; with a second port the allocator is at work. A few ports that come
 * back again and again beside many that never do are bound as well.
 */
import type { OpenSample } from "../core/sample.ts";
import { destinationKey } from "../core/tuple.ts";

/** Destinations remembered at most; the one that was met longest ago is forgotten first. */
export const DESTINATIONS_MAX = 4096;

/** Ports of all destinations whose uses are counted at most. */
const PORTS_MAX = 65_536;
/** So often on average the ports that came back have done so, where the application binds them. */
const COMEBACKS_MIN = 2;

export class Boundness {
  /** Destination → its only port so far, or −1 once there were two. */
  readonly #ports = new Map<string, number>();
  /** Destination → port → how often it was taken, for ports whose choice is not known. */
  readonly #uses = new Map<string, Map<number, number>>();
  #counted = 0;

  /** Takes note of an open. */
  note(sample: OpenSample): void {
    if (sample.portChoice !== "unknown") return;
    const key = destinationKey(sample.tuple);
    const known = this.#ports.get(key);
    const { localPort } = sample.tuple;
    this.#count(key, localPort);
    if (known !== undefined) this.#ports.delete(key);
    else if (this.#ports.size >= DESTINATIONS_MAX) {
      for (const oldest of this.#ports.keys()) {
        this.#ports.delete(oldest);
        break;
      }
    }
    this.#ports.set(key, known === undefined || known === localPort ? localPort : -1);
  }

  /** The port was taken for its destination before, by whomever. */
  cameBack(sample: OpenSample): boolean {
    const uses = this.#uses.get(destinationKey(sample.tuple));
    return (uses?.get(sample.tuple.localPort) ?? 0) > 1;
  }

  /** Fewer than half of the ports of the destination came back, and those again and again. */
  looksBound(destination: string): boolean {
    const uses = this.#uses.get(destination);
    if (!uses) return false;
    const back = [...uses.values()].filter((count) => count > 1);
    const comebacks = back.reduce((sum, count) => sum + count - 1, 0);
    return back.length * 2 < uses.size && comebacks >= COMEBACKS_MIN * back.length;
  }

  #count(key: string, port: number): void {
    const uses = this.#uses.get(key) ?? new Map<number, number>();
    this.#uses.set(key, uses);
    const before = uses.get(port);
    if (before === undefined && this.#counted >= PORTS_MAX) return;
    if (before === undefined) this.#counted += 1;
    uses.set(port, (before ?? 0) + 1);
  }

  /** Whether the port of this open counts as allocated, as far as is known now. */
  allocated(sample: OpenSample): boolean {
    if (sample.portChoice !== "unknown") return sample.portChoice === "allocated";
    return this.#ports.get(destinationKey(sample.tuple)) === -1;
  }
}

/** Why a port rule is open when nothing but one port a destination was seen. */
export const LOOKS_BOUND =
  "no port was seen to be allocated: each destination has one fixed local port, which looks bound by the application";
