/** What a device does between two reboots, as a campaign file says it to every kind of board. */

/** From the first to the second, both included. */
export interface WorkloadRange {
  readonly min: number;
  readonly max: number;
}

/** A server that the device calls. */
export interface WorkloadServer {
  /** Canonical text of an IPv4 or IPv6 address. */
  readonly address: string;
  readonly port: number;
  /** The application binds this local port, so that the tuple comes back at each boot. */
  readonly boundPort?: number;
}

/** Who closes a connection first, and so keeps its TIME_WAIT (RFC 9293 §3.6). */
export type ClosesFirst = "device" | "server" | "either";

/** What is absent is the board's own to choose. */
export interface Workload {
  readonly servers?: readonly WorkloadServer[];
  readonly connectionsPerBoot?: WorkloadRange;
  /** Data that the device sends on a connection. */
  readonly bytes?: WorkloadRange;
  readonly closesFirst?: ClosesFirst;
  /** From power-on to the end of the boot, in microseconds. */
  readonly uptimeUs?: WorkloadRange;
  /** Without power before a boot, in microseconds. */
  readonly offUs?: WorkloadRange;
}

/** The file's names of what a workload asks for; who closes first is named where the file is read. */
export function workloadNames(workload: Workload): string[] {
  const names = {
    servers: workload.servers,
    connectionsPerBoot: workload.connectionsPerBoot,
    bytes: workload.bytes,
    uptime: workload.uptimeUs,
    off: workload.offUs,
  };
  return Object.entries(names)
    .filter(([, value]) => value !== undefined)
    .map(([name]) => `workload.${name}`);
}
