/** What a simulation runs: all settings with their defaults, from a campaign file or from flags. */
import { createHash } from "node:crypto";
import { UsageError } from "../core/errors.ts";
import { portsRefusal } from "../module/bounds.ts";
import type { CampaignFile } from "../sources/campaign-file.ts";
import type { BoardSettings } from "../virtual/device.ts";
import { FAULT_KINDS, type FaultKind } from "../virtual/fault-kinds.ts";
import {
  DEFAULT_LIVES,
  type LifeSettings,
  type SimulatedServer,
} from "../virtual/life-settings.ts";
import type { SimulateSection } from "./campaign-section.ts";
import type { SimulateSettingsData } from "./simulate-run.ts";

export interface SimulateSettings extends LifeSettings {
  readonly canaries: readonly string[];
}

/** Generators that a run has to catch by default: one for each kind of sin, all of them quick. */
const DEFAULT_CANARIES: readonly string[] = [
  "fixed-plus-ticks",
  "write-behind",
  "jump-too-far",
  "timestamps-restart",
  "ports-restart",
  "no-quiet-time",
];

export const DEFAULT_SETTINGS: SimulateSettings = { ...DEFAULT_LIVES, canaries: DEFAULT_CANARIES };

/** The settings of a campaign file; what it does not say keeps its default. */
export function settingsOf(
  file: CampaignFile<SimulateSection>,
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
  // Below a second the simulated network would hardly hold a segment.
  if (!Number.isInteger(mslMs) || mslMs < 1_000 || mslMs > 600_000) {
    throw new UsageError(
      "bad-campaign",
      `msl: an MSL of ${mslMs} ms is none that the module takes`,
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
  const withBound = { ...ports, reserved: reserved.sort((a, b) => a[0] - b[0]) };
  const refusal = portsRefusal(withBound);
  if (refusal === undefined) return { ...settings, ports: withBound };
  throw new UsageError(
    "bad-campaign",
    `workload.servers: boundPort: ${refusal.because}`,
    "take fewer bound ports, or some outside simulate.board.ports",
  );
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
