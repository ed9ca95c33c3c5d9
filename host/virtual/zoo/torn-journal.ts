/**
 * Torn journal: the clock is leased and written ahead, but the records carry no check, and a record
 * that power cut in half is taken for a number. In the field: most home-made counters in flash.
 */
import type { ZooMember } from "./device-base.ts";
import { LeasedClock } from "./leased-clock.ts";
import { LOG_SECTORS, NumberLog } from "./number-log.ts";

export const tornJournal: ZooMember = {
  name: "torn-journal",
  field: "counters in flash without a checksum: a half-written record becomes a number",
  rules: ["isn-backward"],
  ownSectors: LOG_SECTORS,
  factory: (honest) => (board, settings) =>
    new LeasedClock(honest, board, settings, new NumberLog(board, settings, false)),
};
