/** A campaign file's workload on the virtual board: whom its client calls, and how the plan of a boot bends. */
import { type Address, parseAddress } from "../core/address.ts";
import { UsageError } from "../core/errors.ts";
import type { Random } from "../core/random.ts";
import type { Workload, WorkloadRange } from "../core/workload.ts";
import { RESERVED_MAX } from "../module/bounds.ts";
import type { BootPlan } from "./boot-plan.ts";
import type { BoardSettings, Destination } from "./device.ts";

/** A server that the client calls, from a port of its own where one is bound. */
export interface Target {
  readonly to: Destination;
  readonly port: number | undefined;
}

/** What the client follows; undefined: its own servers, or its own amounts of data. */
export interface ClientWorkload {
  readonly targets: readonly [Target, ...Target[]] | undefined;
  readonly bytes: WorkloadRange | undefined;
}

/** `localOf`: the device's address towards a server. */
export function clientWorkload(
  { servers = [], bytes }: Workload,
  localOf: (remote: Address) => Address,
): ClientWorkload {
  const targets = servers.map(({ address, port, boundPort }) => {
    const remote = parseAddress(address);
    return { to: { local: localOf(remote), remote, remotePort: port }, port: boundPort };
  });
  const [first, ...others] = targets;
  return { targets: first === undefined ? undefined : [first, ...others], bytes };
}

/** Ports that the application binds are not the device's to allocate. */
export function reserveBound(settings: BoardSettings, { servers = [] }: Workload): BoardSettings {
  const { ports } = settings;
  const isReserved = (port: number) =>
    ports.reserved.some(([first, last]) => port >= first && port <= last);
  const bound = servers.flatMap(({ boundPort }) => boundPort ?? []);
  const taken = [...new Set(bound)]
    .filter((port) => port >= ports.first && port <= ports.last && !isReserved(port))
    .map((port) => [port, port] as const);
  if (taken.length === 0) return settings;
  if (ports.reserved.length + taken.length > RESERVED_MAX) {
    throw new UsageError(
      "servers-unfit",
      `the virtual board can keep ${RESERVED_MAX - ports.reserved.length} more ports for the application, and the campaign file binds ${taken.length}`,
      "take 5000 to 5003 for some of workload.servers, which are kept already",
    );
  }
  return { ...settings, ports: { ...ports, reserved: [...ports.reserved, ...taken] } };
}

/** Quiet time and the slack of a boot that owes it stay, or the device would never speak. */
const SILENCE_SHARE = 4;

/** The plan with the numbers and times of the workload; the same plan when it has none. */
export function followedPlan(plan: BootPlan, workload: Workload, random: Random): BootPlan {
  const { connectionsPerBoot, uptimeUs, offUs } = workload;
  if (connectionsPerBoot === undefined && uptimeUs === undefined && offUs === undefined)
    return plan;
  const drawn = (range: WorkloadRange | undefined, otherwise: number) =>
    range === undefined ? otherwise : random.int(range.min, range.max);
  const connections = drawn(connectionsPerBoot, plan.connections);
  const off = drawn(offUs, plan.offUs);
  const wanted = drawn(uptimeUs, plan.uptimeUs);
  // A boot that owes quiet time has its connections behind it.
  if (plan.kind === "quiet") {
    const uptime = uptimeUs === undefined ? plan.uptimeUs : plan.uptimeUs + wanted;
    return { ...plan, connections, offUs: off, uptimeUs: uptime };
  }
  const silenceUs = Math.min(plan.silenceUs, Math.floor(wanted / SILENCE_SHARE));
  // The special boots are made of their own numbers and times.
  const isOwn = connectionsPerBoot !== undefined || uptimeUs !== undefined;
  const kind = isOwn ? "medium" : plan.kind;
  return { ...plan, kind, connections, offUs: off, uptimeUs: wanted, silenceUs };
}
