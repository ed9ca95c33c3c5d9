/** The two ends of a packet against those of a flow, in either direction; and the hash of both. */
import type { Ends, Flow } from "./flow.ts";

/** Set in the hash of IPv6 alone, so that equal hashes are of the same family. */
export const FAMILY_6 = 1 << 30;

/** The packet goes from A to B. */
export function isForward(flow: Flow, ends: Ends): boolean {
  return (
    flow.aPort === ends.sourcePort &&
    flow.bPort === ends.targetPort &&
    flow.a0 === ends.source0 &&
    flow.b0 === ends.target0 &&
    flow.family === ends.family &&
    (flow.family === 4 ||
      (flow.a1 === ends.source1 &&
        flow.a2 === ends.source2 &&
        flow.a3 === ends.source3 &&
        flow.b1 === ends.target1 &&
        flow.b2 === ends.target2 &&
        flow.b3 === ends.target3))
  );
}

/** The packet goes from B to A. */
export function isBackward(flow: Flow, ends: Ends): boolean {
  return (
    flow.bPort === ends.sourcePort &&
    flow.aPort === ends.targetPort &&
    flow.b0 === ends.source0 &&
    flow.a0 === ends.target0 &&
    flow.family === ends.family &&
    (flow.family === 4 ||
      (flow.b1 === ends.source1 &&
        flow.b2 === ends.source2 &&
        flow.b3 === ends.source3 &&
        flow.a1 === ends.target1 &&
        flow.a2 === ends.target2 &&
        flow.a3 === ends.target3))
  );
}

/** The same for both directions: the sum of the hashes of the two ends, with a bit for the family. */
export function hashOf(ends: Ends): number {
  const { family } = ends;
  let source = mix(ends.sourcePort ^ 0x9747b28c, ends.source0);
  let target = mix(ends.targetPort ^ 0x9747b28c, ends.target0);
  if (family === 6) {
    source = mix(mix(mix(source, ends.source1), ends.source2), ends.source3);
    target = mix(mix(mix(target, ends.target1), ends.target2), ends.target3);
  }
  let hash = (finish(source) + finish(target)) | 0;
  hash ^= hash >>> 15;
  hash &= FAMILY_6 - 1;
  return family === 4 ? hash : hash | FAMILY_6;
}

/** The steps of MurmurHash3 (32 bits), so that ports in a row spread over the table. */
function mix(hash: number, value: number): number {
  const k = Math.imul(value, 0xcc9e2d51);
  const mixed = hash ^ Math.imul((k << 15) | (k >>> 17), 0x1b873593);
  return (Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe6546b64) | 0;
}

function finish(hash: number): number {
  let h = hash ^ (hash >>> 16);
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return h ^ (h >>> 16);
}
