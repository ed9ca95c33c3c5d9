/**
 * Repaired in place: a journal with leases and checks that survives any one power cut. Where it finds
 * a torn record, it erases its log and writes the last good number again. Only a second power cut, in
 * the middle of that repair, brings numbers back.
 */
import type { ZooMember } from "./device-base.ts";
import { LeasedClock, type NumberStore } from "./leased-clock.ts";
import { LOG_SECTORS, NumberLog } from "./number-log.ts";

class RepairedLog extends NumberLog implements NumberStore {
  override recover(): number | undefined {
    const value = super.recover();
    if (this.torn && value !== undefined) {
      this.clear();
      this.append(value);
    }
    return value;
  }
}

export const repairedInPlace: ZooMember = {
  name: "repaired-in-place",
  field: "journals that erase before they copy when they repair: two power cuts in a row lose all",
  rules: ["isn-backward"],
  ownSectors: LOG_SECTORS,
  factory: (honest) => (board, settings) =>
    new LeasedClock(honest, board, settings, new RepairedLog(board, settings, true)),
};
