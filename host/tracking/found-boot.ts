/** A restart of a host that its packets give away, and the openings that show it. */
import type { AddressProbe } from "./address-probe.ts";

/** `forgotten-connection`: it opens a 4-tuple anew whose connection it has never closed. */
export type BootEvidence =
  | AddressProbe
  | "timestamp-restart"
  | "forgotten-connection"
  | "ports-repeat"
  | "isns-repeat";

/** How sure a restart is by its evidence: what rests on it is no surer. */
export type BootConfidence = "certain" | "likely" | "possible";

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
  readonly confidence: BootConfidence;
  /** The same boot was told before, by other evidence. */
  readonly toldBefore: boolean;
  /** First packet after the boot that gives it away. */
  readonly frame: number;
  readonly timeUs: number;
  /** Last packet that the host sent before it, if any was seen. */
  readonly lastBeforeUs: number | undefined;
  /** Openings after the boot, with the earlier ones that they repeat. */
  readonly repeats: readonly { readonly earlier: Opening; readonly later: Opening }[];
  readonly timestamps?: { readonly before: number; readonly after: number; readonly frame: number };
}
