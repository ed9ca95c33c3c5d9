/**
 * Ephemeral ports: a persisted counter walks a ring of all usable ports, and each destination sees
 * the ring through its own keyed permutation (RFC 6056 is the background: its algorithms are random
 * or start anew at each boot). A port comes back to a destination after as many allocations as the
 * ring has ports, reboots included.
 */
import { Reason } from "./abi";
import { portFirst, rangeFirst, rangeLast, reservedRanges, ringSize } from "./config";
import { ready } from "./lifecycle";
import { permute } from "./permutation";
import { passPorts, portNext, takePort } from "./sequence";
import { refuse } from "./status";
import { find, hasRoom, openFromRing, portElsewhere, refresh, ringBlocked } from "./timewait";
import { LABEL_DESTINATION, selectLocalPort, tupleHash } from "./tuple";

/** A port for the selected destination, or 0. */
export function allocatePort(): u32 {
  if (!ready()) return 0;
  refresh();
  if (!hasRoom()) return refuse(Reason.TABLE_FULL);
  selectLocalPort(0);
  const destination = tupleHash(LABEL_DESTINATION);
  // The ring goes on only when a port is found: a refusal writes nothing, however small the ring is.
  for (let passed: u32 = 0; passed < ringSize; passed++) {
    const index = portNext + passed;
    if (ringBlocked(index)) break;
    const port = portAt(permute(destination, index % ringSize, ringSize));
    if (portElsewhere(port)) continue;
    selectLocalPort(port);
    if (find() != 0) continue;
    if (!passPorts(passed)) return refuse(Reason.STORAGE_FAILED);
    takePort();
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
