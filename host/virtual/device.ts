/** What runs on the virtual board: isnkit's module, or a generator of the zoo. */
import type { Address } from "../core/address.ts";
import type { Board } from "../module/board.ts";

/** Where a connection goes. */
export interface Destination {
  readonly local: Address;
  readonly remote: Address;
  readonly remotePort: number;
}

/** What a boot came to. `refusing`: why no number is given out yet. */
export interface DeviceStatus {
  readonly ready: boolean;
  readonly refusing: string | undefined;
  readonly bootCount: number | undefined;
}

/**
 * The device side of one power cycle: made at power-on, thrown away at power-off; only what it wrote
 * through `Board` survives. Every call may throw `PowerCut` from inside a memory operation.
 * Numbers are u32; 0 means refused, and `status()` says why.
 */
export interface Device {
  boot(): void;
  status(): DeviceStatus;
  /** Called by the client often enough (at least once per half wrap of the counter). */
  poll(): void;
  port(to: Destination): number;
  isn(to: Destination, localPort: number): number;
  timestamp(to: Destination, localPort: number): number;
  /** The connection has used its sequence numbers up to, not including, `next`. */
  advance(to: Destination, localPort: number, next: number): boolean;
  /** The connection is closed; the tuple is in TIME_WAIT on one side or the other. */
  close(to: Destination, localPort: number, next: number): boolean;
  /** The production line, or the service desk after lost storage, gives the device its key. */
  provision(key: Uint8Array, options: { newDevice: boolean }): boolean;
  /** The same with a key from the board's entropy source; false when that is not fit for it. */
  provisionSelf(options: { newDevice: boolean }): boolean;
  /** NVM records written and erases of the most erased sector, as the device itself counts. */
  wear(): { writes: number; erasesMax: number };
}

/** Makes the device for one power cycle. */
export type DeviceFactory = (board: Board, settings: BoardSettings) => Device;

/** The virtual board's fixed facts, as a `board.json` gives them. */
export interface BoardSettings {
  readonly storage: {
    readonly kind: "nor" | "eeprom" | "keyValue";
    readonly sectorBytes: number;
    readonly sectors: number;
    readonly granule: number;
    readonly enduranceCycles: number;
  };
  readonly counterHz: number;
  readonly ports: {
    readonly first: number;
    readonly last: number;
    readonly reserved: readonly (readonly [first: number, last: number])[];
  };
  readonly mslMs: number;
}
