/** The state in which each side of a connection must be, as far as the packets tell (RFC 9293 §3.3.2). */
import { serialAdd, serialDistance } from "../core/serial.ts";
import type { Incarnation, Side } from "./flow.ts";
import type { Half } from "./half.ts";

export type TcpState =
  | "SYN_SENT"
  | "SYN_RECV"
  | "ESTABLISHED"
  | "FIN_WAIT"
  | "CLOSE_WAIT"
  | "LAST_ACK"
  | "CLOSING"
  | "TIME_WAIT"
  | "CLOSED"
  | "unknown";

/** State of one side after the last packet of the connection. */
export function stateOf(incarnation: Incarnation, side: Side): TcpState {
  const { client, server, resetBy } = incarnation;
  if (resetBy !== undefined) return "CLOSED";
  if (!incarnation.connected) return side === "client" ? "SYN_SENT" : "unknown";
  const own = side === "client" ? client : server;
  const other = side === "client" ? server : client;
  if (own.fin && other.fin) {
    const isFirst = incarnation.closedFirst === side;
    if (isFirst) return finAcked(own, other) ? "TIME_WAIT" : "CLOSING";
    return finAcked(own, other) ? "CLOSED" : "LAST_ACK";
  }
  if (own.fin) return "FIN_WAIT";
  if (other.fin) return "CLOSE_WAIT";
  const handshaken = !incarnation.sawSyn || incarnation.handshakeFrame > 0 || incarnation.dataSeen;
  return side === "server" && !handshaken ? "SYN_RECV" : "ESTABLISHED";
}

/** It began in the capture, and nothing shows that packets of it are missing. */
export function isWholeToItsEnd({ sawSyn, client, server }: Incarnation): boolean {
  if (!sawSyn || client.gaps + server.gaps > 0) return false;
  const isAcked = !client.hasAcked || serialDistance(server.next, client.acked) <= 0;
  return isAcked && (!server.hasAcked || serialDistance(client.next, server.acked) <= 0);
}

/** The other side has acknowledged the FIN of `half`. */
export function finAcked(half: Half, other: Half): boolean {
  return (
    half.fin && other.hasAcked && serialDistance(serialAdd(half.finSequence, 1), other.acked) >= 0
  );
}
