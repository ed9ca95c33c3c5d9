/**
 * Exhaustive mode: every power cut of three workloads (steady use, the first key, a new key) on every
 * geometry: before, after and inside each memory operation, torn at each granule; two deep, the
 * recovery from it is cut at each of its operations as well. A case is one operation of one workload on
 * one geometry. What has to hold is kept outside the device (oracle.ts).
 */
import { IsnModule } from "../../module/isn-module.ts";
import { makeRewindable } from "../../module/rewindable.ts";
import { GEOMETRIES } from "../../virtual/geometries.ts";
import type { Campaign, CaseRunner } from "../campaign.ts";
import { noTotals } from "../totals.ts";
import { type CutSubject, type Point, pointsOn, runPoint } from "./points.ts";

type Source = Pick<Campaign, "wasm" | "seed" | "depth">;

/** Cases of an exhaustive campaign. */
export function exhaustiveCases(campaign: Source): number {
  return pointsOf(subjectOf(campaign)).length;
}

export function exhaustiveRunner(campaign: Source): CaseRunner {
  const subject = subjectOf(campaign);
  const points = pointsOf(subject);
  return {
    run: (index) => {
      const point = points[index];
      return point === undefined ? noTotals() : runPoint(subject, point, index);
    },
  };
}

function subjectOf({ wasm, seed, depth = 1 }: Source): CutSubject {
  const module = new WebAssembly.Module(makeRewindable(wasm));
  return { instantiate: IsnModule.rewinding(module), seed, depth };
}

function pointsOf(subject: CutSubject): Point[] {
  return GEOMETRIES.flatMap((geometry) => [...pointsOn(subject, geometry)]);
}
