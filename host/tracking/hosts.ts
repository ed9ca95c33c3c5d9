/**
 * What is remembered of each host across its connections: openings (for restarts), the use of its
 * ports, and the ISNs that it chose. Bounded: the host that was silent for longest is forgotten.
 */

import type { Packet } from "../capture/packet.ts";
import type { Segment } from "../capture/segment.ts";
import { addressProbeOf } from "./address-probe.ts";
import type { Attempt } from "./capture-events.ts";
import type { FoundBoot } from "./found-boot.ts";
import { OpeningLog } from "./opening-log.ts";
import { HostRestarts } from "./restarts.ts";

const HOSTS_MAX = 4096;

export class Hosts {
  readonly #hosts = new Map<string, HostRestarts>();
  readonly #log = new OpeningLog();
  #ids = 0;
  readonly #booted: (boot: FoundBoot) => void;

  constructor(booted: (boot: FoundBoot) => void) {
    this.#booted = booted;
  }

  opened({ flow, attempt, previous, at }: Attempt): HostRestarts {
    const host = this.host(flow.clientAddress());
    const opening = {
      timeUs: at.timeUs,
      frame: at.frame,
      port: flow.clientPort,
      isn: attempt.client.isn ?? 0,
    };
    const before = previous?.client;
    const { synTsval } = attempt;
    const hasBoth = before?.hasTsval === true && synTsval !== undefined;
    host.opened(opening, hasBoth ? { before: before.tsval, after: synTsval } : undefined);
    host.heard(at.timeUs);
    return host;
  }

  /** A packet that is not TCP: it may ask for an address. */
  other(packet: Packet, segment: Segment, timeUs: number): void {
    const probe = addressProbeOf(packet, segment);
    if (probe) this.host(probe.address.text).probed(probe.probe, packet.frame, timeUs);
  }

  host(address: string): HostRestarts {
    const known = this.#hosts.get(address);
    if (known) return known;
    if (this.#hosts.size >= HOSTS_MAX) {
      const first = this.#hosts.keys().next().value;
      if (first !== undefined) this.#hosts.delete(first);
    }
    this.#ids += 1;
    const host = new HostRestarts(address, this.#ids, this.#log, this.#booted);
    this.#hosts.set(address, host);
    return host;
  }
}
