/** Which packets an analysis looks at: by host, port, connection and time. */

import { addressWords, type Segment } from "../capture/segment.ts";
import { type Address, parseAddress } from "../core/address.ts";
import { UsageError } from "../core/errors.ts";

export interface EndpointFilter {
  readonly address: Address;
  readonly port: number;
}

export interface PacketFilter {
  /** One of the two addresses. */
  readonly host?: Address;
  /** One of the two ports. */
  readonly port?: number;
  /** Both ends, in either direction. */
  readonly connection?: readonly [EndpointFilter, EndpointFilter];
  /** Since the first packet of the capture, in microseconds; both inclusive. */
  readonly fromUs?: number;
  readonly toUs?: number;
}

/** Whether the filter lets a TCP segment through, `sinceUs` after the first packet. */
export function passes(filter: PacketFilter, segment: Segment, sinceUs: number): boolean {
  const { host, port, connection, fromUs, toUs } = filter;
  if (fromUs !== undefined && sinceUs < fromUs) return false;
  if (toUs !== undefined && sinceUs > toUs) return false;
  if (port !== undefined && segment.sourcePort !== port && segment.targetPort !== port)
    return false;
  if (host && !isSource(segment, host) && !isTarget(segment, host)) return false;
  if (!connection) return true;
  const [a, b] = connection;
  return isBetween(segment, a, b) || isBetween(segment, b, a);
}

function isBetween(segment: Segment, from: EndpointFilter, to: EndpointFilter): boolean {
  return (
    segment.sourcePort === from.port &&
    segment.targetPort === to.port &&
    isSource(segment, from.address) &&
    isTarget(segment, to.address)
  );
}

function isSource(segment: Segment, address: Address): boolean {
  if (segment.family !== address.family) return false;
  const [w0, w1, w2, w3] = addressWords(address);
  if (segment.source0 !== w0) return false;
  if (address.family === 4) return true;
  return segment.source1 === w1 && segment.source2 === w2 && segment.source3 === w3;
}

function isTarget(segment: Segment, address: Address): boolean {
  if (segment.family !== address.family) return false;
  const [w0, w1, w2, w3] = addressWords(address);
  if (segment.target0 !== w0) return false;
  if (address.family === 4) return true;
  return segment.target1 === w1 && segment.target2 === w2 && segment.target3 === w3;
}

/**
 * Reads `10.77.0.2:31001 > 10.77.0.1:1001`; instead of `>` also `-`, a comma or a space; IPv6
 * addresses in brackets. Throws UsageError `bad-connection`.
 */
export function parseConnection(
  text: string,
  place: string,
): readonly [EndpointFilter, EndpointFilter] {
  const parts = text
    .split(/\s*[>,]\s*|\s+-\s+|\s+|(?<=\d)-(?=[[\d])/)
    .filter((part) => part !== "");
  const [a, b] = parts.map(parseEndpoint);
  if (parts.length === 2 && a && b) return [a, b];
  throw new UsageError(
    "bad-connection",
    `${JSON.stringify(text)} is not a connection (${place})`,
    "give both ends, as in '10.77.0.2:31001 > 10.77.0.1:1001' or '[fd00::2]:31001 > [fd00::1]:1001'",
  );
}

function parseEndpoint(text: string): EndpointFilter | undefined {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([0-9.]+)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3] ?? Number.NaN);
  if (!match || !(port <= 65_535)) return undefined;
  try {
    return { address: parseAddress(match[1] ?? match[2] ?? ""), port };
  } catch {
    return undefined;
  }
}
