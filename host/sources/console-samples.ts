/** Turns the firmware's records into samples for the rules. Pure, but for the counts that it keeps. */

import { type ConsoleRecord, decimalField, hexField } from "../console/console-record.ts";
import { parseAddress } from "../core/address.ts";
import type { RefusedSample, Sample } from "../core/sample.ts";
import type { Tuple } from "../core/tuple.ts";
import { REASON } from "../module/abi.ts";

const REASON_NAMES = Object.keys(REASON);
/** Reasons of the kit itself: boards/kit/isnkit.h. */
const KIT_REASONS: Readonly<Record<number, string>> = {
  256: "notStarted",
  257: "interrupt",
  258: "trap",
  259: "image",
};

const CALLS = ["boot", "port", "isn", "timestamp", "advance", "close"] as const;

/** The name of a reason number, the module's or the kit's. */
export function reasonName(reason: number): string {
  return REASON_NAMES[reason] ?? KIT_REASONS[reason] ?? `reason ${reason}`;
}

export interface RecordMoment {
  readonly boot: number;
  readonly timeUs: number;
  /** Refusals with this reason are what the scenario calls for. */
  readonly expectedRefusal?: string;
}

export class ConsoleSamples {
  readonly #enduranceCycles: number;
  /** Journal records of the boots before this one: the firmware counts from 0 at each boot. */
  #writesBefore: number;
  #writesNow = 0;

  /** `writesBefore`: records that an earlier part of the stream has counted. */
  constructor(enduranceCycles: number, writesBefore = 0) {
    this.#enduranceCycles = enduranceCycles;
    this.#writesBefore = writesBefore;
  }

  /** The device started anew. */
  booted(): void {
    this.#writesBefore += this.#writesNow;
    this.#writesNow = 0;
  }

  /** The sample that a record stands for; undefined for records that say nothing to the rules. */
  sample(record: ConsoleRecord, moment: RecordMoment): Sample | undefined {
    const { boot, timeUs } = moment;
    switch (record.type) {
      case "open": {
        const tuple = tupleOf(record);
        const isn = hexField(record, "isn");
        const tsval = hexField(record, "ts");
        if (tuple === undefined || isn === undefined) return undefined;
        const portChoice = record.fields.get("choice") === "bound" ? "bound" : "allocated";
        const open = { kind: "open", boot, timeUs, tuple, isn, portChoice } as const;
        return tsval === undefined ? open : { ...open, tsval };
      }
      case "used": {
        const tuple = tupleOf(record);
        const next = hexField(record, "next");
        if (tuple === undefined || next === undefined) return undefined;
        const used = { kind: "used", boot, timeUs, tuple, next } as const;
        return record.fields.get("end") === "cut-short" ? { ...used, cutShort: true } : used;
      }
      case "refused":
        return refusal(record, moment);
      case "nvm": {
        this.#writesNow = decimalField(record, "writes") ?? this.#writesNow;
        return {
          kind: "nvm",
          boot,
          timeUs,
          writes: this.#writesBefore + this.#writesNow,
          erasesMax: decimalField(record, "erases") ?? 0,
          enduranceCycles: this.#enduranceCycles,
        };
      }
      default:
        return undefined;
    }
  }
}

function refusal(record: ConsoleRecord, moment: RecordMoment): RefusedSample | undefined {
  const call = CALLS.find((name) => name === record.fields.get("call"));
  if (call === undefined) return undefined;
  const reason = reasonName(decimalField(record, "reason") ?? 0);
  const { boot, timeUs, expectedRefusal } = moment;
  return { kind: "refused", boot, timeUs, call, reason, expected: reason === expectedRefusal };
}

function tupleOf(record: ConsoleRecord): Tuple | undefined {
  const { fields } = record;
  const localAddress = fields.get("la");
  const remoteAddress = fields.get("ra");
  const localPort = decimalField(record, "lp");
  const remotePort = decimalField(record, "rp");
  if (localAddress === undefined || remoteAddress === undefined) return undefined;
  if (localPort === undefined || remotePort === undefined) return undefined;
  return {
    localAddress: parseAddress(localAddress).text,
    localPort,
    remoteAddress: parseAddress(remoteAddress).text,
    remotePort,
  };
}
