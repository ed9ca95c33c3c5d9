/** The rules of a simulation: those of `isnkit check`, and those that need to see both ends. */

import type { Rule } from "../../check/rule.ts";
import { RULES } from "../../check/rules/index.ts";
import { connectFirstSyn } from "./connect-first-syn.ts";
import { liveness } from "./liveness.ts";
import { memoryContract } from "./memory-contract.ts";
import { staleByte } from "./stale-byte.ts";

/** Judged over one device's life. */
export const LIFE_RULES: readonly Rule[] = [
  ...RULES,
  connectFirstSyn,
  staleByte,
  liveness,
  memoryContract,
];
