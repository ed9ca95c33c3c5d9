/**
 * What is remembered of each host across its connections: openings (for restarts), the use of its
 * ports, and the ISNs that it chose. Bounded: the hosts that were silent for longest are forgotten.
 */

import type { Packet } from "../capture/packet.ts";
import type { Segment } from "../capture/segment.ts";
import { addressProbeOf } from "./address-probe.ts";
import type { Attempt } from "./capture-events.ts";
import type { Incarnation } from "./flow.ts";
import type { FoundBoot } from "./found-boot.ts";
import { OpeningLog } from "./opening-log.ts";
import { isWholeToItsEnd } from "./peer-state.ts";
import { type ConnectionBefore, HostRestarts } from "./restarts.ts";

const HOSTS_MAX = 4096;
/** So many are forgotten at a time: to look through all of them for one would cost more than it keeps. */
const FORGOTTEN_AT_ONCE = HOSTS_MAX / 8;

export class Hosts {
  readonly #hosts = new Map<string, HostRestarts>();
  readonly #log = new OpeningLog();
  #ids = 0;
  readonly #booted: (boot: FoundBoot) => void;
  /** Of any host: most captures have no restart. */
  #isBootTold = false;

  constructor(booted: (boot: FoundBoot) => void) {
    this.#booted = (boot) => {
      this.#isBootTold = true;
      booted(boot);
    };
  }

  opened(
    { flow, attempt, previous, at }: Attempt,
    identification: number,
    hasLosses: boolean,
  ): HostRestarts {
    const host = this.host(flow.clientAddress());
    const opening = {
      timeUs: at.timeUs,
      frame: at.frame,
      port: flow.clientPort,
      isn: attempt.client.isn ?? 0,
    };
    const { synTsval: tsval } = attempt;
    const before = previous === undefined ? undefined : connectionBefore(previous, hasLosses);
    attempt.opening = host.opened(opening, { tsval, identification, before });
    host.heard(at.timeUs);
    return host;
  }

  /** When the host restarted last, as far as it was told; undefined if it never was. */
  lastBootUs(address: string): number | undefined {
    return this.#isBootTold ? this.#hosts.get(address)?.lastBootUs : undefined;
  }

  /** Runs of openings that repeat earlier ones with the numbers of both ends: a doubled recording. */
  get doubledRuns(): number {
    return [...this.#hosts.values()].reduce((sum, host) => sum + host.doubledRuns, 0);
  }

  /** A packet that is not TCP: it may ask for an address. */
  other(packet: Packet, segment: Segment, timeUs: number): void {
    const probe = addressProbeOf(packet, segment);
    if (probe) this.host(probe.address.text).probed(probe.probe, packet.frame, timeUs);
  }

  host(address: string): HostRestarts {
    const known = this.#hosts.get(address);
    if (known) return known;
    if (this.#hosts.size >= HOSTS_MAX) this.#forget();
    this.#ids += 1;
    const host = new HostRestarts(address, this.#ids, this.#log, this.#booted);
    this.#hosts.set(address, host);
    return host;
  }

  #forget(): void {
    const bySilence = [...this.#hosts].sort(([, a], [, b]) => a.lastHeardUs - b.lastHeardUs);
    for (const [address] of bySilence.slice(0, FORGOTTEN_AT_ONCE)) this.#hosts.delete(address);
  }
}

function connectionBefore(previous: Incarnation, hasLosses: boolean): ConnectionBefore {
  const { openedFrame, openedUs, synTsval, client, resetBy } = previous;
  return {
    openedFrame,
    synReading: synTsval === undefined ? undefined : { tsval: synTsval, timeUs: openedUs },
    lastTsval: client.hasTsval ? client.tsval : undefined,
    isOpen: !client.fin && resetBy === undefined && !hasLosses && isWholeToItsEnd(previous),
  };
}
