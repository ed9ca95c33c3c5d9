/** A life: a device, its settings, and what happens to it, step by step. Plain data, so that it can be shrunk and replayed. */
import type { Death, Effect, Flicker, Geometry, Operations } from "./memory.ts";

export interface Setup {
  readonly geometry: Geometry;
  readonly hz: number;
  /** First lease, longest lease, guard (ticks of 4 µs), ports; undefined: the defaults. */
  readonly leases: readonly [number, number, number, number] | undefined;
  readonly ports: readonly [number, number] | undefined;
  readonly policy: number;
  readonly mslMs: number;
  /** Local port of the first fixed tuple; the others follow. */
  readonly fixedPort: number;
  readonly flicker: Flicker;
  readonly tornFailsReads: boolean;
  readonly tornPuts: boolean;
  readonly programSeconds: number;
  readonly eraseSeconds: number;
  /** Each ISN is followed by a timestamp of the same tuple, as a SYN with timestamps has one. */
  readonly stamps: boolean;
  readonly litter: number;
  /** A caller that forgets to configure one thing. */
  readonly missing: "storage" | "clock" | undefined;
}

export type Step =
  | { readonly do: "boot"; readonly count: number }
  | { readonly do: "pass"; readonly ms: number }
  | { readonly do: "poll" }
  | { readonly do: "run"; readonly polls: number; readonly ms: number }
  | { readonly do: "isn"; readonly tuple: number; readonly greedy: boolean }
  | { readonly do: "port"; readonly to: number; readonly greedy: boolean; readonly isn: boolean }
  | { readonly do: "stamp"; readonly tuple: number }
  | {
      readonly do: "report";
      readonly tuple: number;
      readonly step: number;
      readonly count: number;
      readonly ms: number;
    }
  | { readonly do: "close"; readonly tuple: number }
  | { readonly do: "abandon"; readonly tuple: number }
  | { readonly do: "syn"; readonly tuple: number; readonly seed: number }
  | { readonly do: "provision"; readonly key: number; readonly options: number }
  | { readonly do: "entropy"; readonly options: number; readonly quality: number }
  | { readonly do: "cut"; readonly after: number; readonly effect: Effect; readonly seed: number }
  | {
      readonly do: "fail";
      readonly operations: Operations;
      readonly count: number;
      readonly effect: Effect;
      readonly seed: number;
    }
  | { readonly do: "outage"; readonly operations: Operations }
  | { readonly do: "readErrors"; readonly probability: number }
  | { readonly do: "calm" }
  | { readonly do: "die"; readonly sector: number; readonly death: Death }
  | { readonly do: "heal"; readonly sector: number }
  | { readonly do: "rot"; readonly seed: number }
  | { readonly do: "wipe" }
  | { readonly do: "fork"; readonly seed: number; readonly boots: number }
  | { readonly do: "settle"; readonly seed: number }
  | { readonly do: "quiet" }
  | { readonly do: "timeWait" }
  | { readonly do: "refused"; readonly tuple: number }
  // Outside of the promise (FM-X1, a rolled-back image): never drawn, to show that the oracle sees what they do.
  | { readonly do: "lie"; readonly count: number }
  | { readonly do: "keepImage" }
  | { readonly do: "rollBack" };

export interface Life {
  readonly setup: Setup;
  readonly steps: readonly Step[];
}
