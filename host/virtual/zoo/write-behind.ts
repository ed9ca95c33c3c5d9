/**
 * Write-behind: the sequence clock is saved a while after its numbers were used, and goes on from the
 * saved value after a boot. In the field: Zephyr Bluetooth Mesh stores every 128th number on a timer.
 * A power cut in between brings the same numbers again.
 */
import { serialAdd } from "../../core/serial.ts";
import type { Board } from "../../module/board.ts";
import type { BoardSettings, Destination, DeviceFactory } from "../device.ts";
import { hashTuple, SpoiledDevice, type ZooMember } from "./device-base.ts";
import { LOG_SECTORS, NumberLog, withoutLog } from "./number-log.ts";

const KEY = 0x3c6ef372;
const SAVE_EVERY_US = 5_000_000;

class WriteBehind extends SpoiledDevice {
  readonly #log: NumberLog;
  #saved = 0;
  #savedAtUs = 0;
  #used = false;

  constructor(honest: DeviceFactory, board: Board, settings: BoardSettings) {
    super(honest, board, withoutLog(settings));
    this.#log = new NumberLog(board, settings, true);
  }

  override boot(): void {
    super.boot();
    this.#saved = this.#log.recover() ?? 0;
  }

  override poll(): void {
    super.poll();
    const nowUs = this.uptimeUs();
    if (!this.#used || nowUs - this.#savedAtUs < SAVE_EVERY_US) return;
    this.#used = false;
    this.#savedAtUs = nowUs;
    this.#log.append(this.#clock());
  }

  override wear(): { writes: number; erasesMax: number } {
    const { writes, erasesMax } = this.inner.wear();
    return { writes: writes + this.#log.writes, erasesMax };
  }

  protected override spoilIsn(_honest: number, to: Destination, localPort: number): number {
    this.#used = true;
    return hashTuple(KEY, to, localPort) + this.#clock();
  }

  #clock(): number {
    return serialAdd(this.#saved, this.uptimeTicks());
  }
}

export const writeBehind: ZooMember = {
  name: "write-behind",
  field: "journals written after use (Zephyr Bluetooth Mesh): a power cut brings numbers back",
  rules: ["isn-backward"],
  ownSectors: LOG_SECTORS,
  factory: (honest) => (board, settings) => new WriteBehind(honest, board, settings),
};
