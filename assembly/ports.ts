/**
 * Ephemeral ports: a persisted counter walks a ring of all usable ports, and each destination sees
 * the ring through its own keyed permutation (RFC 6056 is the background: its algorithms are random
 * or start anew at each boot). A port comes back to a destination after as many allocations as the
 * ring has ports, reboots included.
 */
import { Reason } from "./abi";
import { portFirst, rangeFirst, rangeLast, reservedRanges, ringSize } from "./config";
import { degraded, ready } from "./lifecycle";
import { permute } from "./permutation";
import { portCeiling } from "./record";
import { portNext, renewPorts, takePort } from "./sequence";
import { refuse } from "./status";
import { find, hasRoom, openFromRing, refresh, ringBlocked } from "./timewait";
import { LABEL_DESTINATION, selectLocalPort, tupleHash } from "./tuple";

/** A port for the selected destination, or 0. */
export function allocatePort(): u32 {
  if (!ready()) return 0;
  refresh();
  if (!hasRoom()) return refuse(Reason.TABLE_FULL);
  selectLocalPort(0);
  const destination = tupleHash(LABEL_DESTINATION);
  // Only ports in the table can be busy, so this ends long before a large ring is through.
  for (let tries: u32 = 0; tries < ringSize; tries++) {
    // In degraded mode the counter has no durable ceiling.
    if (!degraded && portNext == portCeiling && !renewPorts()) return refuse(Reason.STORAGE_FAILED);
    if (ringBlocked(portNext)) break;
    const index = portNext;
    takePort();
    const port = portAt(permute(destination, index % ringSize, ringSize));
    selectLocalPort(port);
    if (find() != 0) continue;
    openFromRing(index);
    return port;
  }
  return refuse(Reason.PORTS_BUSY);
}

/** The usable port at a place of the ring's natural order. */
function portAt(index: u32): u32 {
  let port = portFirst + index;
  for (let i: u32 = 0; i < reservedRanges && port >= rangeFirst(i); i++) {
    port += rangeLast(i) - rangeFirst(i) + 1;
  }
  return port;
}
