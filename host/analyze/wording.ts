/** How findings name numbers, connections and packets. */
import { grouped } from "../core/plural.ts";
import { endpointText, tupleKey } from "../core/tuple.ts";
import type { Flow } from "../tracking/flow.ts";

export { grouped, plural } from "../core/plural.ts";
export { endpointText } from "../core/tuple.ts";

/** `6574 (0x000019ae)`: absolute numbers, as the packets carry them. */
export function absolute(number: number): string {
  return `${number} (0x${number.toString(16).padStart(8, "0")})`;
}

/** `+500,000` or `-16,711,936`. */
export function signed(distance: number): string {
  return `${distance > 0 ? "+" : ""}${grouped(distance)}`;
}

/** `10.77.0.2:31001 > 10.77.0.1:1001`, client first. */
export function connectionOf(flow: Flow): string {
  return tupleKey(flow.tuple());
}

export function serverOf(flow: Flow): string {
  return endpointText(flow.serverAddress(), flow.serverPort);
}

/** tshark display filter for all packets of the connection. */
export function connectionFilter(flow: Flow): string {
  return `${pairFilter(flow.clientAddress(), flow.serverAddress())} && tcp.port == ${flow.clientPort} && tcp.port == ${flow.serverPort}`;
}

/** Connections of a client to one service, whatever the client's port. */
export function destinationFilter(client: string, server: string, serverPort: number): string {
  return `${pairFilter(client, server)} && tcp.port == ${serverPort}`;
}

/** First packets of the connections of a host: its SYNs, or its SYN-ACKs. */
export function synFilter(host: string, isServer: boolean): string {
  const ack = isServer ? 1 : 0;
  return `${field(host)}.src == ${host} && tcp.flags.syn == 1 && tcp.flags.ack == ${ack}`;
}

function pairFilter(a: string, b: string): string {
  return `${field(a)}.addr == ${a} && ${field(b)}.addr == ${b}`;
}

/** The tshark field of an address: `ip` or `ipv6`. */
export function field(address: string): string {
  return address.includes(":") ? "ipv6" : "ip";
}
