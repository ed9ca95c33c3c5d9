/**
 * A case, or what is left of it, as one word that can be typed: `SEED:INDEX` is the whole case,
 * `SEED:INDEX:0c0,17c0.2f1` keeps boot 0 with its connection 0, and boot 17 with its connections 0 and
 * 2 and its fault 1. What is not named is left out.
 */
import { UsageError } from "../core/errors.ts";
import type { BootScript, LifeScript } from "../virtual/life-script.ts";

export interface KeptBoot {
  readonly boot: number;
  readonly connections: readonly number[];
  readonly faults: readonly number[];
}

export interface CaseName {
  readonly seed: number;
  readonly index: number;
  /** undefined: all of it. */
  readonly kept: readonly KeptBoot[] | undefined;
}

const TEXT_MAX = 20_000;
const BOOT = /^(\d{1,6})(?:c(\d{1,4}(?:\.\d{1,4})*))?(?:f(\d{1,4}(?:\.\d{1,4})*))?$/;

/** `0c0,17c0.2f1`. */
export function keptText(kept: readonly KeptBoot[]): string {
  return kept
    .map(({ boot, connections, faults }) => {
      const c = connections.length > 0 ? `c${connections.join(".")}` : "";
      const f = faults.length > 0 ? `f${faults.join(".")}` : "";
      return `${boot}${c}${f}`;
    })
    .join(",");
}

/** Reads what a failure printed. Throws UsageError `bad-case`. */
export function parseCaseName(text: string, place: string): CaseName {
  const parts = text.trim().split(":");
  const [seed, index, kept] = parts;
  const numbers = [seed, index].map((part) => (/^\d{1,10}$/.test(part ?? "") ? Number(part) : -1));
  const [seedNumber = -1, indexNumber = -1] = numbers;
  const inRange = seedNumber >= 0 && seedNumber <= 0xffff_ffff && indexNumber >= 0;
  if (!inRange || parts.length > 3 || text.length > TEXT_MAX) throw badCase(text, place);
  if (kept === undefined) return { seed: seedNumber, index: indexNumber, kept: undefined };
  return {
    seed: seedNumber,
    index: indexNumber,
    kept: kept.split(",").map((one) => parseBoot(one, text, place)),
  };
}

function parseBoot(one: string, text: string, place: string): KeptBoot {
  const match = BOOT.exec(one);
  if (match === null) throw badCase(text, place);
  const list = (part: string | undefined) =>
    part === undefined ? [] : part.split(".").map(Number);
  return { boot: Number(match[1]), connections: list(match[2]), faults: list(match[3]) };
}

function badCase(text: string, place: string): UsageError {
  const shown = text.length > 60 ? `${text.slice(0, 60)}…` : text;
  return new UsageError(
    "bad-case",
    `${JSON.stringify(shown)} is no case (${place})`,
    "give SEED:INDEX, or the words that a failure printed behind --case",
  );
}

/** The script with only what is kept; what the script does not have is passed over. */
export function keepOnly(script: LifeScript, kept: readonly KeptBoot[]): LifeScript {
  const boots: BootScript[] = [];
  for (const { boot, connections, faults } of kept) {
    const whole = script.boots[boot];
    if (whole === undefined) continue;
    boots.push({
      ...whole,
      connections: whole.connections.filter(({ index }) => connections.includes(index)),
      faults: whole.faults.filter((_, i) => faults.includes(i)),
    });
  }
  return { ...script, boots };
}

/** All of a script, as something to leave parts out of. */
export function everything({ boots }: LifeScript): KeptBoot[] {
  return boots.map(({ index, connections, faults }) => ({
    boot: index,
    connections: connections.map((one) => one.index),
    faults: faults.map((_, i) => i),
  }));
}
