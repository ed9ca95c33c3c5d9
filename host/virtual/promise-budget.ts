/**
 * Keeps a campaign inside what a device with a leased clock can promise (design: sizes and bounds):
 * while old connections can live, the clock may move on by less than 2^31, and the port ring by less
 * than once around. A boot loop that would go beyond has to pause, as it would on a bench.
 */

const TICK_US = 4;
const LEASE_FIRST_TICKS = 2 ** 20;
const LEASE_LONGEST_TICKS = 2 ** 26;
const GUARD_TICKS = 2 ** 18;
const PORT_LEASE = 16;
/** Short of 2^31 by what rounding and the connection at hand may take. */
const WINDOW_TICKS = 2 ** 31 - 2 ** 24;
/** The longest that a connection of a campaign lasts: its first number is that much older. */
export const CONNECTION_US_MAX = 120_000_000;

interface SpentBoot {
  readonly endUs: number;
  readonly ticks: number;
  readonly ports: number;
}

export class PromiseBudget {
  readonly #lifeUs: number;
  readonly #portsMax: number;
  readonly #boots: SpentBoot[] = [];
  /** Boots before this index are dead. */
  #first = 0;
  #ticks = 0;
  #ports = 0;

  /** `lifeUs`: how long old connections live; `ports`: size of the device's port range. */
  constructor(lifeUs: number, ports: number) {
    this.#lifeUs = lifeUs;
    this.#portsMax = ports - 4 * PORT_LEASE;
  }

  /** The most that a boot can move the clock on while old connections live, in ticks of 4 µs. */
  #ticksOf(uptimeUs: number, aheadBytes: number): number {
    const uptime = uptimeUs / TICK_US;
    const remembered = Math.min(uptime, (this.#lifeUs + CONNECTION_US_MAX) / TICK_US);
    const lease = Math.max(LEASE_FIRST_TICKS, Math.min(uptime, LEASE_LONGEST_TICKS) * 1.25);
    return remembered + lease + GUARD_TICKS + aheadBytes * 1.25;
  }

  /** How far the connections of a boot may run ahead of the clock, all together, in bytes. */
  roomBytes(nowUs: number, uptimeUs: number): number {
    this.#forget(nowUs);
    const ticks = WINDOW_TICKS - this.#ticks - this.#ticksOf(uptimeUs, 0);
    return Math.max(0, Math.floor(ticks / 1.25));
  }

  /** How long a boot has to wait for old connections to die, so that it stays in the promise. */
  waitUs(nowUs: number, uptimeUs: number, connections: number): number {
    this.#forget(nowUs);
    let ticks = this.#ticks + this.#ticksOf(uptimeUs, 0);
    let ports = this.#ports + portsOf(connections);
    let at = nowUs;
    for (let i = this.#first; i < this.#boots.length; i++) {
      if (ticks < WINDOW_TICKS && ports < this.#portsMax) break;
      const boot = this.#boots[i];
      if (boot === undefined) break;
      ticks -= boot.ticks;
      ports -= boot.ports;
      at = boot.endUs + this.#lifeUs;
    }
    return Math.max(0, at - nowUs);
  }

  /** A boot has ended. */
  spend(endUs: number, uptimeUs: number, aheadBytes: number, connections: number): void {
    const boot = {
      endUs,
      ticks: this.#ticksOf(uptimeUs, aheadBytes),
      ports: portsOf(connections),
    };
    this.#boots.push(boot);
    this.#ticks += boot.ticks;
    this.#ports += boot.ports;
  }

  #forget(nowUs: number): void {
    let boot = this.#boots[this.#first];
    while (boot !== undefined && boot.endUs + this.#lifeUs <= nowUs) {
      this.#ticks -= boot.ticks;
      this.#ports -= boot.ports;
      boot = this.#boots[++this.#first];
    }
    // Dropping the dead in blocks keeps this linear over long campaigns.
    if (this.#first > 4096) {
      this.#boots.splice(0, this.#first);
      this.#first = 0;
    }
  }
}

/** A reboot skips the rest of the lease, which is as long as the ports used so far. */
function portsOf(connections: number): number {
  return connections + Math.max(PORT_LEASE, connections);
}
