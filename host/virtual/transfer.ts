/** How much a connection of the simulated client sends, how fast, and when it closes. */

import type { Random } from "../core/random.ts";
import type { WorkloadRange } from "../core/workload.ts";
import type { BootKind } from "./boot-use.ts";
import { CONNECTION_US_MAX } from "./promise-budget.ts";

/** The sequence clock of RFC 9293 §3.4.1 covers this rate. */
const CLOCK_BYTES_PER_SECOND = 250_000;
/** A burst that uses up GUARD, but for SYN, FIN and rounding. */
const GUARD_EDGE_BYTES = 2 ** 18 - 67;

export interface Transfer {
  /** Data that the application has, in bytes. */
  readonly bytes: number;
  readonly bytesPerSecond: number;
  /** Sent at once, before the rate sets in. */
  readonly burstBytes: number;
  readonly closeAtUs: number;
  /** How far it may run ahead of the clock; that has to be reported. */
  readonly aheadBytes: number;
}

export interface TransferSetting {
  readonly kind: BootKind;
  /** Whether connections of this boot may be faster than the clock. */
  readonly fast: boolean;
  /** Connections opened in this boot before this one. */
  readonly before: number;
  readonly nowUs: number;
  readonly endUs: number;
  /** How much it sends where a campaign file says so. */
  readonly bytes?: WorkloadRange | undefined;
  /** How far this connection may run ahead of the clock. */
  readonly aheadBytesMax: number;
}

export function planTransfer(random: Random, setting: TransferSetting): Transfer {
  const { kind, before, nowUs, endUs, aheadBytesMax, bytes: given } = setting;
  if (given !== undefined) return planGiven(random, given, nowUs);
  if (kind === "steady" || kind === "brink") {
    return {
      bytes: 2 ** 31,
      bytesPerSecond: CLOCK_BYTES_PER_SECOND,
      burstBytes: kind === "brink" ? GUARD_EDGE_BYTES : random.int(0, GUARD_EDGE_BYTES),
      closeAtUs: nowUs + CONNECTION_US_MAX,
      aheadBytes: 0,
    };
  }
  if (kind === "crowded") {
    const bytes = random.int(8_000_000, 16_000_000);
    if (before === 0 && bytes <= aheadBytesMax) {
      const closeAtUs = nowUs + random.int(2_100_000, 2_500_000);
      return {
        bytes,
        bytesPerSecond: 8_000_000,
        burstBytes: 0,
        closeAtUs,
        aheadBytes: bytes,
      };
    }
    const closeAtUs = nowUs + random.int(10_000, 100_000);
    return { bytes: 500, bytesPerSecond: 50_000, burstBytes: 0, closeAtUs, aheadBytes: 0 };
  }
  const restUs = Math.max(1, endUs - nowUs);
  // Beyond the end of the boot: those are cut in the middle.
  const lastsUs = Math.min(random.int(1, Math.ceil(restUs * 1.3)), CONNECTION_US_MAX);
  return planVolume(random, setting, nowUs + lastsUs);
}

/** At once what GUARD covers, the rest at the clock's rate; it closes when all of it is sent. */
function planGiven(random: Random, given: WorkloadRange, nowUs: number): Transfer {
  const bytes = random.int(given.min, given.max);
  const burstBytes = Math.min(bytes, GUARD_EDGE_BYTES);
  const flowUs = Math.ceil(((bytes - burstBytes) / CLOCK_BYTES_PER_SECOND) * 1_000_000);
  const lastsUs = Math.min(flowUs + random.int(1_000, 100_000), CONNECTION_US_MAX);
  const bytesPerSecond = CLOCK_BYTES_PER_SECOND;
  return { bytes, bytesPerSecond, burstBytes, closeAtUs: nowUs + lastsUs, aheadBytes: 0 };
}

function planVolume(random: Random, setting: TransferSetting, closeAtUs: number): Transfer {
  if (setting.fast && random.chance(0.3)) {
    const bytes = random.int(300_000, 4_000_000);
    if (bytes <= setting.aheadBytesMax) {
      const bytesPerSecond = random.int(300_000, 6_000_000);
      const burstBytes = random.int(0, bytes);
      return { bytes, bytesPerSecond, burstBytes, closeAtUs, aheadBytes: bytes };
    }
  }
  // What the clock and GUARD cover without a report, right up to the edge now and then.
  return {
    bytes: random.chance(0.3) ? random.int(0, 2_000) : random.int(0, 20_000_000),
    bytesPerSecond: random.int(0, CLOCK_BYTES_PER_SECOND),
    burstBytes: random.chance(0.2) ? GUARD_EDGE_BYTES : random.int(0, 2 ** 17),
    closeAtUs,
    aheadBytes: 0,
  };
}
