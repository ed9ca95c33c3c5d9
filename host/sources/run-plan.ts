/** How many connections a boot opens, how fast, and for how long: the seed's and the campaign file's say. */

import type { Random } from "../core/random.ts";
import type { Workload } from "../core/workload.ts";

export interface RunPlan {
  /** Undefined: for ever, until the planned end of the boot. */
  readonly connections: number | undefined;
  /** From power-on, or the end of quiet time, to the end of the boot; undefined: it ends when its connections, or its records, are over. */
  readonly uptimeUs: number | undefined;
  /** Fields of `do=run` that the workload asks for. */
  readonly fields: Readonly<Record<string, string | number>>;
}

/** Records of a connection: `open`, `used`, and now and then `nvm`. */
const RECORDS_A_CONNECTION = 3;

/** `records`: how many the boot would be watched for without a workload. Draws nothing without one. */
export function planRun(random: Random, workload: Workload, records: number): RunPlan {
  const { connectionsPerBoot, uptimeUs, servers, bytes, closesFirst } = workload;
  const uptime =
    uptimeUs === undefined ? undefined : random.split("uptime", 0).int(uptimeUs.min, uptimeUs.max);
  const usual = uptime === undefined ? undefined : Math.ceil(records / RECORDS_A_CONNECTION);
  const connections =
    connectionsPerBoot === undefined
      ? usual
      : random.split("connections", 0).int(connectionsPerBoot.min, connectionsPerBoot.max);
  // A boot with few connections begins anywhere in the table, so that all servers are called.
  const from =
    servers === undefined ? undefined : random.split("server", 0).int(0, servers.length - 1);
  return {
    connections,
    uptimeUs: uptime,
    fields: {
      ...(connections === undefined ? {} : { count: connections }),
      ...(from === undefined ? {} : { from }),
      ...(bytes === undefined ? {} : { bytes: `${bytes.min},${bytes.max}` }),
      ...(closesFirst === undefined ? {} : { closes: closesFirst }),
    },
  };
}

const GAP_US = 300;
/** Less than half a wrap of any board's counter. */
const GAP_US_MAX = 60_000_000;

/** Time from one connection to the next, so that all of them fit into what is left of the boot. */
export function gapUs({ connections = 0, uptimeUs }: RunPlan, passedUs: number): number {
  if (uptimeUs === undefined) return GAP_US;
  const left = Math.max(0, uptimeUs - passedUs);
  return Math.min(GAP_US_MAX, Math.max(GAP_US, Math.floor(left / (connections + 1))));
}
