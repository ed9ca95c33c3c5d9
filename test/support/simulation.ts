/** Campaigns for tests, small and in this process unless told otherwise. */
import type { Campaign } from "../../host/simulate/campaign.ts";
import { DEFAULT_SETTINGS, type SimulateSettings } from "../../host/simulate/settings.ts";
import { simulate } from "../../host/simulate/simulate.ts";
import type { SimulateRun } from "../../host/simulate/simulate-run.ts";
import { RELEASE_BYTES } from "./builds.ts";

export interface CampaignWishes {
  readonly cases?: number;
  readonly seed?: number;
  readonly generator?: string;
  readonly settings?: Partial<SimulateSettings>;
  readonly wasm?: Uint8Array;
  readonly flags?: readonly string[];
  /** Exhaustive mode. */
  readonly depth?: 1 | 2;
}

export function campaign(wishes: CampaignWishes = {}): Campaign {
  const { generator = "isnkit" } = wishes;
  return {
    settings: { ...DEFAULT_SETTINGS, ...wishes.settings },
    seed: wishes.seed ?? 1,
    board: generator === "isnkit" ? "sim" : `sim:${generator}`,
    generator,
    total: wishes.cases ?? 20,
    ...(wishes.depth === undefined
      ? { mode: "swarm" as const }
      : { mode: "exhaustive" as const, depth: wishes.depth }),
    wasm: wishes.wasm ?? RELEASE_BYTES,
    version: "0.0.0-test",
    flags: wishes.flags ?? [],
  };
}

export function run(
  of: Campaign,
  options: { workers?: number; shard?: { index: number; of: number } } = {},
): Promise<SimulateRun> {
  const { workers = 1, shard } = options;
  let nowMs = 0;
  return simulate({
    campaign: of,
    workers,
    ...(shard === undefined ? {} : { shard }),
    nowMs: () => nowMs++,
    startedAt: new Date(0),
  });
}

/** The document without what differs from run to run. */
export function lasting({ timing: _timing, ...rest }: SimulateRun): string {
  return JSON.stringify(rest);
}
