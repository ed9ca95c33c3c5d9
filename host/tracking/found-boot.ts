/** A restart of a host that its packets give away, and the openings that show it. */
import type { AddressProbe } from "./address-probe.ts";

export type BootEvidence = AddressProbe | "timestamp-restart" | "ports-repeat" | "isns-repeat";

/** One attempt of the host, as it is remembered. */
export interface Opening {
  readonly timeUs: number;
  readonly frame: number;
  readonly port: number;
  readonly isn: number;
}

export interface FoundBoot {
  readonly host: string;
  readonly evidence: readonly BootEvidence[];
  /** First packet after the boot that gives it away. */
  readonly frame: number;
  readonly timeUs: number;
  /** Last packet that the host sent before it, if any was seen. */
  readonly lastBeforeUs: number | undefined;
  /** Openings after the boot, with the earlier ones that they repeat. */
  readonly repeats: readonly { readonly earlier: Opening; readonly later: Opening }[];
  readonly timestamps?: { readonly before: number; readonly after: number; readonly frame: number };
}
