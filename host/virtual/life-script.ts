/**
 * One device's life as a script: plain data, drawn from settings, seed and case index (draw-life.ts),
 * carried out by life.ts. A failing case is made smaller by leaving parts of its script out.
 */
import type { PeerName, PeerState } from "../peers/peer-model.ts";
import type { BootKind } from "./boot-use.ts";
import type { BoardSettings, Destination } from "./device.ts";
import type { EntropyKind } from "./entropy.ts";
import type { FaultKind } from "./fault-kinds.ts";
import type { PowerCutPlan } from "./nvm.ts";
import type { Transfer } from "./transfer.ts";

export interface LifeScript {
  readonly index: number;
  /** For what is left to chance while it runs: torn bits, marginal reads, keys. u32. */
  readonly seed: number;
  readonly board: BoardSettings;
  readonly entropy: EntropyKind;
  /** The device draws its key from its own entropy source. */
  readonly selfProvision: boolean;
  /** Faults that are switched on in this case. */
  readonly faults: readonly FaultKind[];
  readonly servers: readonly ServerScript[];
  readonly boots: readonly BootScript[];
}

export interface ServerScript {
  readonly to: Destination;
  readonly peer: PeerName;
  readonly boundPort: number | undefined;
}

export interface BootScript {
  /** Place in the life as drawn, from 0; it stays when other boots are left out. */
  readonly index: number;
  /** The liveness phase: no faults, and every server has to be reached. */
  readonly liveness: boolean;
  /** u32; decides what is left to chance in this boot. */
  readonly seed: number;
  readonly kind: BootKind;
  readonly uptimeUs: number;
  readonly offUs: number;
  readonly counterStart: number;
  readonly end: "power-cut" | "reset";
  /** Time between two polls while connections are open; at most a second. */
  readonly pollUs: number;
  /** Nobody polls while no connection is open. */
  readonly idleUnpolled: boolean;
  /** When quiet time is owed: waits for its end, instead of being cut before it. */
  readonly sitsOutQuiet: boolean;
  readonly faults: readonly FaultScript[];
  readonly connections: readonly ConnectionScript[];
}

export type FaultScript =
  | { readonly kind: "power-cut-in-write" | "torn-write"; readonly cut: PowerCutPlan }
  | { readonly kind: "partial-erase" }
  | { readonly kind: "bit-rot"; readonly bits: number }
  | { readonly kind: "write-failure"; readonly atUs: number; readonly count: number }
  | { readonly kind: "clock-jump"; readonly atUs: number; readonly us: number }
  | { readonly kind: "clock-stop"; readonly atUs: number; readonly us: number }
  | { readonly kind: "boot-loop" }
  | { readonly kind: "lost-storage"; readonly leaves: "blank" | "zeros" | "noise" };

export interface ConnectionScript {
  /** Place in the boot as drawn. */
  readonly index: number;
  /** After the boot. */
  readonly atUs: number;
  readonly server: number;
  readonly timestamps: boolean;
  /** `closeAtUs` counts from the opening. */
  readonly transfer: Transfer;
  readonly closesFirst: "device" | "server";
  /** What the server holds when the device's power fails in mid-connection. */
  readonly cutState: PeerState;
  readonly late: LateSegment | undefined;
}

/** A segment, or a second copy of one, that the network still holds when its connection is over. */
export interface LateSegment {
  readonly to: "server" | "device";
  /** Where in the connection's data it lies, 0 … 1, and its length in bytes. */
  readonly position: number;
  readonly bytes: number;
  /** How long after the end of the connection it arrives; at most MSL. */
  readonly delayUs: number;
}
