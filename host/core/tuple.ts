/** A TCP 4-tuple as the device sees it. Addresses are in canonical text form. */
export interface Tuple {
  readonly localAddress: string;
  readonly localPort: number;
  readonly remoteAddress: string;
  readonly remotePort: number;
}

/** `10.77.0.1:25`, or `[fd00::1]:25`. */
export function endpointText(address: string, port: number): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}

let lastTuple: Tuple | undefined;
let lastKey = "";

/** One string per tuple, for maps and for people: `10.77.0.2:49153 > 10.77.0.1:25`. */
export function tupleKey(tuple: Tuple): string {
  // Engine, rules and statistics ask for the key of the same sample one after the other.
  if (tuple === lastTuple) return lastKey;
  const { localAddress, localPort, remoteAddress, remotePort } = tuple;
  lastKey = `${endpointText(localAddress, localPort)} > ${endpointText(remoteAddress, remotePort)}`;
  lastTuple = tuple;
  return lastKey;
}

/** The destination alone: what a port is chosen for (RFC 6056 §3.1). */
export function destinationKey(tuple: Omit<Tuple, "localPort">): string {
  return `${tuple.localAddress} > ${endpointText(tuple.remoteAddress, tuple.remotePort)}`;
}
