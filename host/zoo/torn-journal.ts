/**
 * Torn journal: the clock is leased and written ahead, but the records carry no check, and a record
 * that power cut in half is taken for a number. In the field: most home-made counters in flash.
 */
import { serialAdd, serialDistance } from "../core/serial.ts";
import type { Board } from "../module/board.ts";
import type { BoardSettings, Destination, DeviceFactory } from "../sim/device.ts";
import { hashTuple, SpoiledDevice, type ZooMember } from "./device-base.ts";
import { LOG_SECTORS, NumberLog, withoutLog } from "./number-log.ts";

const KEY = 0xbb67ae85;
const LEASE_TICKS = 2 ** 20;
const GUARD_TICKS = 2 ** 18;

class TornJournal extends SpoiledDevice {
  readonly #log: NumberLog;
  #start = 0;
  /** Numbers below it are durable; all arithmetic is mod 2^32, as is the log. */
  #ceiling = 0;

  constructor(honest: DeviceFactory, board: Board, settings: BoardSettings) {
    super(honest, board, withoutLog(settings));
    this.#log = new NumberLog(board, settings, false);
  }

  override boot(): void {
    super.boot();
    this.#start = serialAdd(this.#log.recover() ?? 0, GUARD_TICKS);
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
    return { writes: writes + this.#log.writes, erasesMax };
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
    this.#log.append(this.#ceiling);
  }
}

export const tornJournal: ZooMember = {
  name: "torn-journal",
  field: "counters in flash without a checksum: a half-written record becomes a number",
  rules: ["isn-backward"],
  ownSectors: LOG_SECTORS,
  factory: (honest) => (board, settings) => new TornJournal(honest, board, settings),
};
