/**
 * Torn journal: the clock is leased and written ahead, but the records carry no check, and a record
 * that power cut in half is taken for a number. In the field: most home-made counters in flash.
 */
import { serialAdd } from "../core/serial.ts";
import type { Board } from "../module/board.ts";
import type { BoardSettings, Destination, DeviceFactory } from "../sim/device.ts";
import { hashTuple, SpoiledDevice, type ZooMember } from "./device-base.ts";
import { NumberLog, withoutLog } from "./number-log.ts";

const KEY = 0xbb67ae85;
const LEASE_TICKS = 2 ** 20;
const GUARD_TICKS = 2 ** 18;

class TornJournal extends SpoiledDevice {
  readonly #log: NumberLog;
  #start = 0;
  #leasedTicks = 0;

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
    if (this.uptimeTicks() + LEASE_TICKS / 2 >= this.#leasedTicks) this.#renew();
  }

  override wear(): { writes: number; erasesMax: number } {
    const { writes, erasesMax } = this.inner.wear();
    return { writes: writes + this.#log.writes, erasesMax };
  }

  protected override spoilIsn(_honest: number, to: Destination, localPort: number): number {
    return hashTuple(KEY, to, localPort) + this.#start + this.uptimeTicks();
  }

  #renew(): void {
    this.#leasedTicks = this.uptimeTicks() + LEASE_TICKS;
    this.#log.append(serialAdd(this.#start, this.#leasedTicks));
  }
}

export const tornJournal: ZooMember = {
  name: "torn-journal",
  field: "counters in flash without a checksum: a half-written record becomes a number",
  rules: ["isn-backward"],
  factory: (honest) => (board, settings) => new TornJournal(honest, board, settings),
};
