/** What the lives of simulated devices are drawn from, with the defaults. */
import { parseAddress } from "../core/address.ts";
import type { PeerName } from "../peers/peer-model.ts";
import { DEFAULT_BOARD } from "./board.ts";
import type { BoardSettings } from "./device.ts";
import type { FaultKind } from "./fault-kinds.ts";
import { GEOMETRIES } from "./geometries.ts";
import type { NvmGeometry } from "./nvm.ts";

export interface Range {
  readonly min: number;
  readonly max: number;
}

export interface SimulatedServer {
  readonly address: string;
  readonly port: number;
  /** Local port that the application binds; undefined: the device chooses one. */
  readonly boundPort: number | undefined;
  /** undefined: drawn for each case. */
  readonly peer: PeerName | undefined;
}

export interface LifeSettings {
  /** Reboots of one case; its boots are 0 … rebootsPerCase, the last one is the liveness phase. */
  readonly rebootsPerCase: number;
  readonly mslMs: number;
  readonly storage: readonly NvmGeometry[];
  readonly counterHz: readonly number[];
  readonly ports: BoardSettings["ports"];
  /** Chance in a boot; `entropy-…` in a case. */
  readonly faults: Readonly<Record<FaultKind, number>>;
  /** Each case switches a random half of the faults on. */
  readonly swarm: boolean;
  /** Share of connections with a segment that is still under way at their end. */
  readonly late: number;
  readonly peers: readonly PeerName[];
  readonly servers: readonly SimulatedServer[];
  readonly closesFirst: "device" | "server" | "either";
  /** Those left undefined are drawn by the kind of boot (draw-life.ts). */
  readonly connectionsPerBoot: Range | undefined;
  readonly bytes: Range | undefined;
  readonly uptimeUs: Range | undefined;
  readonly offUs: Range | undefined;
}

/** A case is about this long: long enough for some hundred connections, short enough to replay. */
export const REBOOTS_PER_CASE = 100;

const DEFAULT_FAULTS: Readonly<Record<FaultKind, number>> = {
  "power-cut": 0.85,
  "power-cut-in-write": 0.15,
  "torn-write": 0.15,
  "partial-erase": 0.05,
  "bit-rot": 0.02,
  "write-failure": 0.03,
  "entropy-stuck": 0.1,
  "entropy-repeated": 0.1,
  "clock-jump": 0.02,
  "clock-stop": 0.02,
  "boot-loop": 0.01,
  "lost-storage": 0.01,
};

const DEFAULT_SERVERS: readonly SimulatedServer[] = [
  server("10.77.0.1", 25),
  server("203.0.113.7", 443),
  server("198.51.100.20", 80),
  server("2001:db8:77::10", 443),
  server("10.77.0.1", 1883, 5000),
  server("2001:db8:77::10", 8883, 5001),
];

function server(address: string, port: number, boundPort?: number): SimulatedServer {
  return { address: parseAddress(address).text, port, boundPort, peer: undefined };
}

export const DEFAULT_LIVES: LifeSettings = {
  rebootsPerCase: REBOOTS_PER_CASE,
  mslMs: DEFAULT_BOARD.mslMs,
  storage: [DEFAULT_BOARD.storage, ...GEOMETRIES],
  counterHz: [1_000_000, 32_768, 1_000, 48_000_000],
  ports: DEFAULT_BOARD.ports,
  faults: DEFAULT_FAULTS,
  swarm: true,
  late: 0.3,
  peers: ["linux", "freebsd", "openbsd", "aix", "lwip"],
  servers: DEFAULT_SERVERS,
  closesFirst: "either",
  connectionsPerBoot: undefined,
  bytes: undefined,
  uptimeUs: undefined,
  offUs: undefined,
};
