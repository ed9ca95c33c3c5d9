/**
 * Lives that broke an earlier module, or might break this one, each under a sentence that says what
 * happens. Every one throws `Breach` when a build breaks its promise in it.
 */
import * as lease from "./lease-lives.ts";
import * as memory from "./memory-lives.ts";
import * as port from "./port-lives.ts";
import * as setting from "./setting-lives.ts";

export type Life = (wasm: WebAssembly.Module) => void;

export const LIVES = {
  "a sector takes no programs and no erases any more": memory.deadSector,
  "a sector is dead, and power is cut at every operation": memory.cutsBesideDeadSector,
  "a sector was dead for some boots, and then all the others cannot be read":
    memory.othersUnreadable,
  "a boot is cut, and one operation of the next one reports an error": memory.errorAfterCut,
  "what a cut left reads as done at one boot and as not begun at another": memory.flickeringWrite,
  "the replacement of a key is cut, and what it left flickers or is half old and half new":
    memory.replacementCut,
  "an erase is cut early, and the sector's header flickers": memory.flickeringHeader,
  "an erase is cut, and the header or half of the records stay": memory.cutEraseLeavesParts,
  "a sector cannot be reached for some boots, and heals with what it held": memory.sectorHeals,
  "reads fail now and then": memory.flakyReads,
  "all that a boot or a new key has written cannot be read at the next boot":
    memory.lastBootUnreadable,
  "a slot cannot be read at one boot, and is good at the next": memory.slotFadesForABoot,
  "the key is replaced while a sector with the old one cannot be reached": memory.oldKeyHidden,
  "a connection that outran the clock ends, and TIME_WAIT is over before the clock is there":
    lease.endAheadOfClock,
  "a key cannot be replaced while quiet time is owed": lease.failedReplacementKeepsQuiet,
  "a key cannot be replaced while the device is READY": lease.failedReplacementKeepsLease,
  "all writes fail while a connection runs until poll stops it": lease.readyEndsAtTheLimit,
  "a degraded device whose key cannot be replaced gets its storage back": lease.degradedKeyIsLeft,
  "the memory fails for seconds to minutes, and works again": lease.outageEnds,
  "each erase takes a second, and the power fails before a poll or in it": lease.slowErases,
  "boot is called a second time without a power cut": lease.secondBoot,
  "the smallest leases that are accepted are cut at any time": lease.smallestLeases,
  "a thousand calls are refused because every port is taken": port.refusedPortsWriteNothing,
  "an application's own port lies in the ring": port.boundPortInTheRing,
  "a tuple in TIME_WAIT is tried again, and the attempt is abandoned": port.abandonedReopening,
  "connections open, end and are abandoned, and the counters tell": port.tallies,
  "a small ring meets an MSL of 600 s and a full table": port.smallRingLongTimeWait,
  "boot is called without storage or without a clock": setting.bootWithoutSettings,
  "a sector has room for fewer than two headers and four records": setting.sectorsTooSmall,
  "a lease, a guard, an MSL or a rate breaks a bound": setting.boundsAreHeld,
} as const satisfies Readonly<Record<string, Life>>;

export type LifeName = keyof typeof LIVES;
