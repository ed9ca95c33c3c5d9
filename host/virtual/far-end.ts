/**
 * What the far end of an open connection has sent and expects by now, and what the network keeps back of it:
 * the view of the server and of the wire on a flow. Times are in microseconds; `flowUs` is the time as the
 * device counts it.
 */
import { serialAdd } from "../core/serial.ts";
import type { Connection } from "./connection.ts";
import type { ConnectionScript } from "./life-script.ts";
import {
  type ConnectionEnd,
  DEVICE_WINDOW,
  type Held,
  type Receiver,
  SERVER_WINDOW,
  type StaleSegment,
} from "./servers.ts";

/** What a server sends back, per byte of the device's, at most. */
const REPLY_BYTES_MAX = 20_000;

/** One connection with its far end. */
export interface Flow {
  readonly script: ConnectionScript;
  readonly connection: Connection;
  readonly held: Held;
  readonly serverIsn: number;
  readonly closeAtUs: number;
}

export interface Instant {
  readonly nowUs: number;
  readonly flowUs: number;
}

/** How the connection ends for the server, when the device's numbers end at `next`. */
export function endOf(flow: Flow, next: number, instant: Instant): ConnectionEnd {
  const { connection, serverIsn } = flow;
  const received = receivedBytes(flow, instant.flowUs);
  return {
    nowUs: instant.nowUs,
    next,
    serverNext: serialAdd(serverIsn, received + 2),
    tsval: connection.tsval,
    late: lateOf(flow, next, received, instant.nowUs),
  };
}

/** Whoever a segment of an earlier connection reaches now. */
export function receiverOf(flow: Flow, { to }: StaleSegment, { nowUs, flowUs }: Instant): Receiver {
  const { connection, serverIsn } = flow;
  if (to === "server") {
    const expected = connection.nextAt(flowUs);
    return { expected, window: SERVER_WINDOW, tsvalMin: connection.tsval };
  }
  const expected = serialAdd(serverIsn, 1 + receivedBytes(flow, flowUs));
  return { expected, window: DEVICE_WINDOW, tsvalMin: serverTsval(connection.tsval, nowUs) };
}

/** Bytes that the server has sent so far. */
function receivedBytes({ connection, script }: Flow, flowUs: number): number {
  const flown = connection.wantedAt(flowUs) - 1;
  return Math.min(
    REPLY_BYTES_MAX,
    Math.floor(flown * (0.1 + script.transfer.burstBytes / 2 ** 20)),
  );
}

/** The segment of this connection that the network keeps back, or sends once more, later. */
function lateOf(
  { connection, script, serverIsn }: Flow,
  next: number,
  received: number,
  nowUs: number,
): StaleSegment | undefined {
  const { late } = script;
  if (late === undefined) return undefined;
  const { isn } = connection.plan;
  const sent = late.to === "server" ? ((next - isn) >>> 0) - 1 : received;
  if (sent < 1) return undefined;
  const bytes = Math.min(late.bytes, sent);
  const from = 1 + Math.floor(late.position * (sent - bytes));
  return {
    to: late.to,
    seq: serialAdd(late.to === "server" ? isn : serverIsn, from),
    bytes,
    tsval: late.to === "server" ? connection.tsval : serverTsval(connection.tsval, nowUs),
    sentUs: nowUs,
    arrivesUs: nowUs + late.delayUs,
  };
}

/** The server's timestamp clock counts milliseconds; it is used when the device uses timestamps. */
function serverTsval(own: number | undefined, nowUs: number): number | undefined {
  return own === undefined ? undefined : Math.floor(nowUs / 1_000) >>> 0;
}
