/**
 * A clock that is leased and written ahead, as it should be; what is bad about a device built on it is
 * how it stores the one number. Subclasses say where that number is kept.
 */
import { serialAdd, serialDistance } from "../../core/serial.ts";
import type { Board } from "../../module/board.ts";
import type { BoardSettings, Destination, DeviceFactory } from "../device.ts";
import { hashTuple, SpoiledDevice } from "./device-base.ts";
import { withoutLog } from "./number-log.ts";

const KEY = 0xbb67ae85;
const LEASE_TICKS = 2 ** 20;
const GUARD_TICKS = 2 ** 18;

/** Where the ceiling of the lease survives a reboot. */
export interface NumberStore {
  /** Programs since power-on. */
  readonly writes: number;
  /** What is stored, or undefined; called once, at boot. */
  recover(): number | undefined;
  append(value: number): void;
}

export class LeasedClock extends SpoiledDevice {
  readonly #store: NumberStore;
  #start = 0;
  /** Numbers below it are durable; all arithmetic is mod 2^32, as is the store. */
  #ceiling = 0;

  constructor(honest: DeviceFactory, board: Board, settings: BoardSettings, store: NumberStore) {
    super(honest, board, withoutLog(settings));
    this.#store = store;
  }

  override boot(): void {
    super.boot();
    this.#start = serialAdd(this.#store.recover() ?? 0, GUARD_TICKS);
    this.#renew();
  }

  override poll(): void {
    super.poll();
    this.#renewIfNear();
  }

  override advance(to: Destination, localPort: number, next: number): boolean {
    this.#pass(to, localPort, next);
    return super.advance(to, localPort, next);
  }

  override close(to: Destination, localPort: number, next: number): boolean {
    this.#pass(to, localPort, next);
    return super.close(to, localPort, next);
  }

  override wear(): { writes: number; erasesMax: number } {
    const { writes, erasesMax } = this.inner.wear();
    return { writes: writes + this.#store.writes, erasesMax };
  }

  protected override spoilIsn(_honest: number, to: Destination, localPort: number): number {
    this.#renewIfNear();
    return serialAdd(hashTuple(KEY, to, localPort), this.#clock());
  }

  #clock(): number {
    return serialAdd(this.#start, this.uptimeTicks());
  }

  /** A connection that ran ahead of the clock takes the clock along. */
  #pass(to: Destination, localPort: number, next: number): void {
    const ahead = serialDistance(serialAdd(hashTuple(KEY, to, localPort), this.#clock()), next);
    if (ahead < 0) return;
    this.#start = serialAdd(this.#start, ahead + 1);
    this.#renewIfNear();
  }

  #renewIfNear(): void {
    if (serialDistance(this.#clock(), this.#ceiling) < LEASE_TICKS / 2) this.#renew();
  }

  #renew(): void {
    this.#ceiling = serialAdd(this.#clock(), LEASE_TICKS);
    this.#store.append(this.#ceiling);
  }
}
