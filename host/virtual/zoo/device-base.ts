/**
 * What the members of the zoo share: each runs on the honest device and spoils one thing, so that
 * boot counts, quiet time and whatever else is not its sin stay in order.
 */
import type { RuleId } from "../../check/rule.ts";
import type { Address } from "../../core/address.ts";
import { mix32 } from "../../core/random.ts";
import { serialAdd } from "../../core/serial.ts";
import type { Board } from "../../module/board.ts";
import type { BoardSettings, Destination, Device, DeviceFactory, DeviceStatus } from "../device.ts";

export interface ZooMember {
  readonly name: string;
  /** Who does this in the field. */
  readonly field: string;
  /** The rules that have to catch it, the fitting one first. */
  readonly rules: readonly RuleId[];
  /** Sectors that it keeps for itself, of which the honest device below knows nothing. */
  readonly ownSectors?: number;
  /** Builds the bad generator on top of an honest device. */
  factory(honest: DeviceFactory): DeviceFactory;
}

/** Ticks of the 4 µs clock of RFC 9293 §3.4.1 in a microsecond. */
const TICKS_PER_US = 1 / 4;

/** The honest device, unless a subclass replaces a part of it. */
export class SpoiledDevice implements Device {
  protected readonly inner: Device;
  protected readonly board: Board;
  protected readonly settings: BoardSettings;
  /** Distance from the honest ISN to the one given out, by tuple. */
  readonly #shifts = new Map<string, number>();
  #lastCount = 0;
  #countedSteps = 0;

  constructor(honest: DeviceFactory, board: Board, settings: BoardSettings) {
    this.board = board;
    this.settings = settings;
    this.inner = honest(board, settings);
  }

  boot(): void {
    this.#lastCount = this.board.ticks();
    this.#countedSteps = 0;
    this.inner.boot();
  }

  status(): DeviceStatus {
    return this.inner.status();
  }

  poll(): void {
    this.uptimeUs();
    this.inner.poll();
  }

  port(to: Destination): number {
    return this.inner.port(to);
  }

  isn(to: Destination, localPort: number): number {
    const honest = this.inner.isn(to, localPort);
    if (honest === 0) return 0;
    // 0 is the refusal value, so no generator may give it out.
    const isn = this.spoilIsn(honest, to, localPort) >>> 0 || 1;
    this.#shifts.set(keyOf(to, localPort), (isn - honest) >>> 0);
    return isn;
  }

  timestamp(to: Destination, localPort: number): number {
    return this.inner.timestamp(to, localPort);
  }

  advance(to: Destination, localPort: number, next: number): boolean {
    return this.inner.advance(to, localPort, this.#honestNext(to, localPort, next));
  }

  close(to: Destination, localPort: number, next: number): boolean {
    return this.inner.close(to, localPort, this.#honestNext(to, localPort, next));
  }

  provision(key: Uint8Array, options: { newDevice: boolean }): boolean {
    return this.inner.provision(key, options);
  }

  provisionSelf(options: { newDevice: boolean }): boolean {
    return this.inner.provisionSelf(options);
  }

  wear(): { writes: number; erasesMax: number } {
    return this.inner.wear();
  }

  /** The ISN that is given out instead of the honest one. */
  protected spoilIsn(honest: number, _to: Destination, _localPort: number): number {
    return honest;
  }

  /** Time since power-on, from the board's counter; called at least once per half wrap. */
  protected uptimeUs(): number {
    const count = this.board.ticks();
    this.#countedSteps += (count - this.#lastCount) >>> 0;
    this.#lastCount = count;
    return Math.floor((this.#countedSteps / this.settings.counterHz) * 1_000_000);
  }

  /** Time since power-on in ticks of 4 µs. */
  protected uptimeTicks(): number {
    return Math.floor(this.uptimeUs() * TICKS_PER_US);
  }

  /** Time since power-on in the half seconds that small stacks count in. */
  protected slowTicks(): number {
    return Math.floor(this.uptimeUs() / 500_000);
  }

  #honestNext(to: Destination, localPort: number, next: number): number {
    return serialAdd(next, -(this.#shifts.get(keyOf(to, localPort)) ?? 0));
  }
}

/** One string per tuple, for maps. */
export function keyOf(to: Destination, localPort: number): string {
  return `${localPort} ${to.remote.text} ${to.remotePort}`;
}

/** A keyed hash of the tuple that spreads well and protects nothing: for bad generators only. */
export function hashTuple(key: number, to: Destination, localPort: number): number {
  let h = mix32(key, (localPort << 16) | to.remotePort);
  h = hashAddress(h, to.local);
  return hashAddress(h, to.remote);
}

function hashAddress(seed: number, address: Address): number {
  if (address.family === 4) return mix32(seed, address.value);
  let h = seed;
  for (const byte of address.bytes) h = mix32(h, byte);
  return h;
}

/** A number from the board's entropy source, u32; what it does not deliver stays 0. */
export function drawU32(board: Board): number {
  const bytes = new Uint8Array(4);
  board.entropy(bytes);
  return new DataView(bytes.buffer).getUint32(0);
}
