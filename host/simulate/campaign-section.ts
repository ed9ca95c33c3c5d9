/** What a campaign file may say to `isnkit simulate` alone, under `simulate`. */
import { z } from "zod";
import { clockRefusal, portsRefusal, type Refusal, storageRefusal } from "../module/bounds.ts";
import { FAULT_KINDS, type FaultKind } from "../virtual/fault-kinds.ts";

const rate = z.number().min(0).max(1);

/** Makes an issue of what the module refuses, at the value that is the cause. */
function report(context: z.RefinementCtx, refusal: Refusal | undefined, path: PropertyKey[]): void {
  if (refusal === undefined) return;
  const message = `${refusal.because}: ${refusal.next}`;
  context.addIssue({ code: "custom", path, message });
}

const geometrySchema = z
  .strictObject({
    kind: z.enum(["nor", "eeprom", "keyValue"]),
    sectorBytes: z
      .int()
      .min(0)
      .max(1 << 20),
    sectors: z.int().min(1).max(32),
    granule: z.int().min(1).max(256),
    enduranceCycles: z.int().min(1).max(1e9).default(100_000),
  })
  .superRefine((storage, context) => {
    const refusal = storageRefusal(storage);
    report(context, refusal, refusal === undefined ? [] : [refusal.field]);
  });

const counterHz = z.int().superRefine((hz, context) => report(context, clockRefusal(hz), []));

const port = z.int().min(1).max(65_535);
const ports = z.tuple([port, port]).superRefine(([first, last], context) => {
  report(context, portsRefusal({ first, last, reserved: [] }), []);
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
      counterHz: z.array(counterHz).min(1).max(16).optional(),
      ports: ports.optional(),
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
