/**
 * Small port pool: ports are random, but from a pool that is far too small for the connection rate.
 * In the field: Windows XP's 1025–5000 behind a load balancer (field case 4), and stacks with a
 * configured range of a few dozen ports.
 */
import type { Destination } from "../device.ts";
import { drawU32, keyOf, SpoiledDevice, type ZooMember } from "./device-base.ts";

const FIRST_PORT = 49_152;
const POOL = 64;

class SmallPortPool extends SpoiledDevice {
  readonly #open = new Set<string>();

  override port(to: Destination): number {
    let place = drawU32(this.board) % POOL;
    // A stuck entropy source would give the same place for ever.
    for (let tries = 0; this.#open.has(keyOf(to, FIRST_PORT + place)); tries++) {
      place = tries < POOL ? drawU32(this.board) % POOL : (place + 1) % POOL;
    }
    return FIRST_PORT + place;
  }

  override isn(to: Destination, localPort: number): number {
    const isn = super.isn(to, localPort);
    if (isn !== 0) this.#open.add(keyOf(to, localPort));
    return isn;
  }

  override close(to: Destination, localPort: number, next: number): boolean {
    this.#open.delete(keyOf(to, localPort));
    return super.close(to, localPort, next);
  }
}

export const smallPortPool: ZooMember = {
  name: "small-port-pool",
  field: "ranges of a few dozen to a few thousand ports: they come back while the server remembers",
  rules: ["port-reuse"],
  factory: (honest) => (board, settings) => new SmallPortPool(honest, board, settings),
};
