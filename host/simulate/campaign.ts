/** A campaign: what decides all of its cases, and how one of them is run. Plain data, for workers. */
import { createHash } from "node:crypto";
import { zooMember } from "../virtual/campaign.ts";
import type { DeviceFactory } from "../virtual/device.ts";
import { drawLife } from "../virtual/draw-life.ts";
import { rewoundIsnkitDevice } from "../virtual/isnkit-device.ts";
import type { LifeScript } from "../virtual/life-script.ts";
import { ZOO } from "../virtual/zoo/index.ts";
import { judgeLife } from "./judge-life.ts";
import { type SimulateSettings, settingsData, settingsHash } from "./settings.ts";
import { SIMULATE_BOUNDS } from "./simulate-run.ts";
import { TimelineWriter } from "./timeline.ts";
import { CaseCollector, type Totals } from "./totals.ts";

export interface Campaign {
  readonly settings: SimulateSettings;
  readonly seed: number;
  /** Board selector: `sim`, `sim:<generator>`. */
  readonly board: string;
  readonly generator: string;
  /** Cases 0 … total − 1. */
  readonly total: number;
  readonly mode: "swarm" | "exhaustive";
  /** Power cuts in a row, in exhaustive mode. */
  readonly depth?: 1 | 2;
  /** The module as a binary; bad generators run on it, too. */
  readonly wasm: Uint8Array;
  /** Version of the package. */
  readonly version: string;
  /** What a replay has to repeat besides seed and case, as the command line spells it. */
  readonly flags: readonly string[];
}

/** Runs the cases of a campaign in this thread. */
export interface CaseRunner {
  run(index: number): Totals;
}

/** The lives of a campaign's cases; a generator with sectors of its own gets them on top. */
export function drawCase(campaign: Campaign, index: number): LifeScript {
  const { settings, seed, generator } = campaign;
  const script = drawLife(settings, seed, index);
  const own = ZOO.find((one) => one.name === generator)?.ownSectors ?? 0;
  const { board } = script;
  if (own === 0 || board.storage.kind === "keyValue") return script;
  const storage = { ...board.storage, sectors: board.storage.sectors + own };
  return { ...script, board: { ...board, storage } };
}

/** Throws UsageError for an unknown generator. */
export function swarmRunner(campaign: Campaign): CaseRunner {
  const factory = deviceOf(campaign);
  return {
    run: (index) => {
      const script = drawCase(campaign, index);
      const collector = new CaseCollector(script);
      const writer = index < SIMULATE_BOUNDS.timelines ? new TimelineWriter(script) : undefined;
      const judged = judgeLife(script, factory, {
        watch: (sample) => {
          collector.watch(sample);
          writer?.watch(sample);
        },
        ...(writer === undefined
          ? {}
          : { witness: writer, prepare: (life) => writer.listenTo(life) }),
      });
      return collector.finish(judged, writer?.finish());
    },
  };
}

/** The device under test, on one instance that is rewound at each power-on. */
export function deviceOf({ generator, wasm }: Pick<Campaign, "generator" | "wasm">): DeviceFactory {
  const member = zooMember(generator);
  const honest = rewoundIsnkitDevice(wasm);
  return member === undefined ? honest : member.factory(honest);
}

/** What must be the same in two documents that are about the same campaign. */
export function campaignHash(campaign: Campaign): string {
  const { settings, seed, board, total, mode, depth } = campaign;
  return settingsHash({
    settings: settingsData(settings),
    seed,
    board,
    total,
    mode,
    depth: depth ?? null,
  });
}

/** First 16 hex digits of the SHA-256 of the module. */
export function moduleHash(wasm: Uint8Array): string {
  return createHash("sha256").update(wasm).digest("hex").slice(0, 16);
}

/** Cases that make at least `reboots` reboots. */
export function casesFor(reboots: number, rebootsPerCase: number): number {
  return Math.max(1, Math.ceil(reboots / rebootsPerCase));
}
