/** The zoo: bad generators as they are found in the field, each of which the check has to catch. */
import { sixtyFourKRule } from "./64k-rule.ts";
import { counterFromZero } from "./counter-from-zero.ts";
import { counterInPlace } from "./counter-in-place.ts";
import type { ZooMember } from "./device-base.ts";
import { fixedPlusTicks } from "./fixed-plus-ticks.ts";
import { fixedSeedPrng } from "./fixed-seed-prng.ts";
import { jumpTooFar } from "./jump-too-far.ts";
import { noQuietTime } from "./no-quiet-time.ts";
import { perBootKey } from "./per-boot-key.ts";
import { portIsIsn } from "./port-is-isn.ts";
import { portsRestart } from "./ports-restart.ts";
import { quietInRam } from "./quiet-in-ram.ts";
import { randomIsn } from "./random.ts";
import { repairedInPlace } from "./repaired-in-place.ts";
import { rtclessClock } from "./rtcless-clock.ts";
import { selfHealingKey } from "./self-healing-key.ts";
import { smallPortPool } from "./small-port-pool.ts";
import { timestampsRestart } from "./timestamps-restart.ts";
import { tornJournal } from "./torn-journal.ts";
import { uptimeSeeded } from "./uptime-seeded.ts";
import { writeBehind } from "./write-behind.ts";

export type { ZooMember } from "./device-base.ts";

export const ZOO: readonly ZooMember[] = [
  uptimeSeeded,
  fixedPlusTicks,
  perBootKey,
  rtclessClock,
  counterFromZero,
  fixedSeedPrng,
  randomIsn,
  sixtyFourKRule,
  portIsIsn,
  writeBehind,
  tornJournal,
  jumpTooFar,
  timestampsRestart,
  smallPortPool,
  portsRestart,
  noQuietTime,
];

/**
 * Generators that are good until power fails at the right operation: canaries for exhaustive cuts.
 * Whether a drawn life shows one is luck, so they stand apart.
 */
export const CUT_ZOO: readonly ZooMember[] = [
  counterInPlace,
  repairedInPlace,
  quietInRam,
  selfHealingKey,
];
