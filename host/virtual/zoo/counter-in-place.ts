/**
 * Counter in place: the clock is leased and written ahead, with a check, but in one place: the old
 * number is erased before the new one is written. In the field: settings pages that are saved whole,
 * EEPROM emulations with one page. A power cut in between leaves no number at all.
 */
import type { ZooMember } from "./device-base.ts";
import { LeasedClock, type NumberStore } from "./leased-clock.ts";
import { LOG_SECTORS, NumberLog } from "./number-log.ts";

class OneSlot extends NumberLog implements NumberStore {
  override append(value: number): void {
    this.clear();
    super.append(value);
  }
}

export const counterInPlace: ZooMember = {
  name: "counter-in-place",
  field: "settings pages that are erased and saved whole: a power cut in between leaves no number",
  rules: ["isn-backward"],
  ownSectors: LOG_SECTORS,
  factory: (honest) => (board, settings) =>
    new LeasedClock(honest, board, settings, new OneSlot(board, settings, true)),
};
