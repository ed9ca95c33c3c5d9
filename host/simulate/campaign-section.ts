/** What a campaign file may say to `isnkit simulate` alone, under `simulate`. */
import { z } from "zod";
import { FAULT_KINDS, type FaultKind } from "../virtual/fault-kinds.ts";

const rate = z.number().min(0).max(1);

const geometrySchema = z.strictObject({
  kind: z.enum(["nor", "eeprom", "keyValue"]),
  sectorBytes: z
    .int()
    .min(0)
    .max(1 << 20),
  sectors: z.int().min(1).max(32),
  granule: z.int().min(1).max(256),
  enduranceCycles: z.int().min(1).max(1e9).default(100_000),
});

const faultRates = z.strictObject(
  Object.fromEntries(FAULT_KINDS.map((kind) => [kind, rate.optional()])) as Record<
    FaultKind,
    z.ZodOptional<typeof rate>
  >,
);

export const simulateSection = z.strictObject({
  rebootsPerCase: z.int().min(2).max(100_000).optional(),
  board: z
    .strictObject({
      /** One is drawn for each case. */
      storage: z.array(geometrySchema).min(1).max(64).optional(),
      counterHz: z.array(z.int().min(1).max(0xffff_ffff)).min(1).max(16).optional(),
      ports: z.tuple([z.int().min(1).max(65_535), z.int().min(1).max(65_535)]).optional(),
    })
    .optional(),
  /** Chance of each fault in a boot (`entropy-…`: in a case). Those not named keep their default. */
  faults: faultRates.optional(),
  /** Each case switches a random half of the faults on; default true. */
  swarm: z.boolean().optional(),
  network: z
    .strictObject({
      /** Share of connections of which a late segment, or a copy, is still under way at the end. */
      late: rate.optional(),
    })
    .optional(),
  peers: z
    .array(z.enum(["linux", "freebsd", "openbsd", "aix", "lwip"]))
    .min(1)
    .optional(),
  /** Bad generators that the run has to catch; an empty list switches the canary off. */
  canaries: z.array(z.string()).max(32).optional(),
});

export type SimulateSection = z.output<typeof simulateSection>;
