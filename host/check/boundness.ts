/**
 * Which local ports count as chosen by the device's allocator. A capture cannot tell (`unknown`): a
 * destination that only ever sees one local port is taken for one that the application has bound, so
 * that a fixed port raises no alarm; with a second port the allocator is at work.
 */
import type { OpenSample } from "../core/sample.ts";
import { destinationKey } from "../core/tuple.ts";

/** Destinations remembered at most; the one that was met longest ago is forgotten first. */
export const DESTINATIONS_MAX = 4096;

export class Boundness {
  /** Destination → its only port so far, or −1 once there were two. */
  readonly #ports = new Map<string, number>();

  /** Takes note of an open. */
  note(sample: OpenSample): void {
    if (sample.portChoice !== "unknown") return;
    const key = destinationKey(sample.tuple);
    const known = this.#ports.get(key);
    const { localPort } = sample.tuple;
    if (known !== undefined) this.#ports.delete(key);
    else if (this.#ports.size >= DESTINATIONS_MAX) {
      for (const oldest of this.#ports.keys()) {
        this.#ports.delete(oldest);
        break;
      }
    }
    this.#ports.set(key, known === undefined || known === localPort ? localPort : -1);
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
