/** The document of a simulation for programs: schema `isnkit.simulate/1` (simulate-run.ts). */
import { printableJson } from "../../core/plain-text.ts";
import type { SimulateRun } from "../simulate-run.ts";

/** One JSON document, ending in a line feed. */
export function simulateJson(run: SimulateRun): string {
  return `${printableJson(run)}\n`;
}
