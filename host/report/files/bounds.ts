/** What a report file may hold at most: it comes from anywhere, and is read whole. */
import { z } from "zod";

export const FILE_BYTES_MAX = 64 * 1024 * 1024;

export const text = z.string().max(20_000);
export const name = z.string().max(2_000);
export const whole = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
export const u32 = z.number().int().min(0).max(0xffff_ffff);
/** A signed distance mod 2^32, or an excess. */
export const signed = z.number().int().min(-Number.MAX_SAFE_INTEGER).max(Number.MAX_SAFE_INTEGER);
/** Microseconds, of a run or since 1970. */
export const timeUs = z.number().min(-Number.MAX_SAFE_INTEGER).max(Number.MAX_SAFE_INTEGER);

export function list<T extends z.ZodType>(item: T, max: number) {
  return z.array(item).max(max);
}
