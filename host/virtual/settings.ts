/** What a simulation runs: all settings with their defaults, from a campaign file or from flags. */
import { createHash } from "node:crypto";
import { parseAddress } from "../core/address.ts";
import { UsageError } from "../core/errors.ts";
import type { PeerName } from "../peers/peer-model.ts";
import type { SimulateSettingsData } from "../simulate/simulate-run.ts";
import type { CampaignFile } from "../sources/campaign-file.ts";
import { DEFAULT_BOARD } from "./board.ts";
import type { BoardSettings } from "./device.ts";
import { FAULT_KINDS, type FaultKind } from "./fault-kinds.ts";
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

export interface SimulateSettings {
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
  readonly canaries: readonly string[];
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

/** Generators that a run has to catch by default: one for each kind of sin, all of them quick. */
export const DEFAULT_CANARIES: readonly string[] = [
  "fixed-plus-ticks",
  "write-behind",
  "jump-too-far",
  "timestamps-restart",
  "ports-restart",
  "no-quiet-time",
];

function server(address: string, port: number, boundPort?: number): SimulatedServer {
  return { address: parseAddress(address).text, port, boundPort, peer: undefined };
}

export const DEFAULT_SETTINGS: SimulateSettings = {
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
  canaries: DEFAULT_CANARIES,
};

/** The settings of a campaign file; what it does not say keeps its default. */
export function settingsOf(
  file: CampaignFile,
  base: SimulateSettings = DEFAULT_SETTINGS,
): SimulateSettings {
  const { workload = {}, simulate = {} } = file;
  const { board = {} } = simulate;
  const servers = workload.servers?.map(
    (one): SimulatedServer => ({
      address: one.address.text,
      port: one.port,
      boundPort: one.boundPort,
      peer: one.peer,
    }),
  );
  const ports: BoardSettings["ports"] =
    board.ports === undefined
      ? base.ports
      : { first: board.ports[0], last: board.ports[1], reserved: [] };
  return checked({
    rebootsPerCase: simulate.rebootsPerCase ?? base.rebootsPerCase,
    mslMs: file.msl === undefined ? base.mslMs : file.msl / 1000,
    storage: board.storage ?? base.storage,
    counterHz: board.counterHz ?? base.counterHz,
    ports,
    faults: { ...base.faults, ...definedOf(simulate.faults ?? {}) },
    swarm: simulate.swarm ?? base.swarm,
    late: simulate.network?.late ?? base.late,
    peers: simulate.peers ?? base.peers,
    servers: servers ?? base.servers,
    closesFirst: workload.closesFirst ?? base.closesFirst,
    connectionsPerBoot: workload.connectionsPerBoot ?? base.connectionsPerBoot,
    bytes: workload.bytes ?? base.bytes,
    uptimeUs: workload.uptime ?? base.uptimeUs,
    offUs: workload.off ?? base.offUs,
    canaries: simulate.canaries ?? base.canaries,
  });
}

function checked(settings: SimulateSettings): SimulateSettings {
  const { ports, servers, mslMs } = settings;
  if (ports.first > ports.last) {
    throw new UsageError(
      "bad-campaign",
      `the port range ${ports.first} to ${ports.last} is empty`,
      "give the lower port first",
    );
  }
  if (!Number.isInteger(mslMs) || mslMs < 1_000 || mslMs > 600_000) {
    throw new UsageError(
      "bad-campaign",
      `an MSL of ${mslMs} ms is none that the module takes`,
      "give whole milliseconds from 1s to 10m; RFC 9293 says 2m",
    );
  }
  const bound = servers.filter((one) => one.boundPort !== undefined);
  if (new Set(bound.map((one) => one.boundPort)).size !== bound.length) {
    throw new UsageError(
      "bad-campaign",
      "two servers are called from the same bound port",
      "give each of them a port of its own",
    );
  }
  // A port that the application binds is not the device's to allocate.
  const taken = bound
    .map((one) => one.boundPort ?? 0)
    .filter((port) => port >= ports.first && port <= ports.last)
    .filter((port) => !ports.reserved.some(([first, last]) => port >= first && port <= last))
    .sort((a, b) => a - b);
  if (taken.length === 0) return settings;
  const reserved = [...ports.reserved, ...taken.map((port) => [port, port] as const)];
  return { ...settings, ports: { ...ports, reserved: reserved.sort((a, b) => a[0] - b[0]) } };
}

function definedOf(rates: Readonly<Partial<Record<FaultKind, number | undefined>>>) {
  const defined: Partial<Record<FaultKind, number>> = {};
  for (const kind of FAULT_KINDS) {
    const rate = rates[kind];
    if (rate !== undefined) defined[kind] = rate;
  }
  return defined;
}

/** The settings as plain JSON, in a fixed order. */
export function settingsData(settings: SimulateSettings): SimulateSettingsData {
  return JSON.parse(JSON.stringify(settings));
}

/** First 16 hex digits of the SHA-256 of what decides the cases. */
export function settingsHash(decisive: object): string {
  return createHash("sha256").update(JSON.stringify(decisive)).digest("hex").slice(0, 16);
}
