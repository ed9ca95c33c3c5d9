/** Shards: which cases of a campaign a machine runs. */
import { UsageError } from "../core/errors.ts";

/** Cases from … to − 1. */
export interface CaseSpan {
  readonly from: number;
  readonly to: number;
}

export interface Shard {
  /** From 1. */
  readonly index: number;
  readonly of: number;
}

const SHARDS_MAX = 10_000;

/** Reads `2/4`. Throws UsageError `bad-shard`. */
export function parseShard(text: string, place: string): Shard {
  const match = /^(\d{1,6})\/(\d{1,6})$/.exec(text.trim());
  return checkedShard(Number(match?.[1] ?? 0), Number(match?.[2] ?? 0), text, place);
}

/** A Kubernetes indexed job: `index` is its JOB_COMPLETION_INDEX, from 0. */
export function shardOfJob(index: string, of: number, place: string): Shard {
  const number = /^\d{1,6}$/.test(index) ? Number(index) + 1 : 0;
  return checkedShard(number, of, `${index} of ${of}`, place);
}

function checkedShard(index: number, of: number, text: string, place: string): Shard {
  if (index >= 1 && index <= of && of <= SHARDS_MAX) return { index, of };
  throw new UsageError(
    "bad-shard",
    `${JSON.stringify(text)} is no shard (${place})`,
    `give the number of the shard, from 1, and of how many: --shard 1/4 (at most ${SHARDS_MAX})`,
  );
}

/** The cases of a shard: in one piece, and all shards of about one size. */
export function spanOf(shard: Shard | undefined, total: number): CaseSpan {
  if (shard === undefined) return { from: 0, to: total };
  const { index, of } = shard;
  return { from: Math.floor((total * (index - 1)) / of), to: Math.floor((total * index) / of) };
}
