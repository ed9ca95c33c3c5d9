/** The SYNs that wait for an answer, to find one that comes from another address or port. */
import { ACK, RST, type Segment, SYN } from "../capture/segment.ts";
import { serialAdd } from "../core/serial.ts";
import type { Ends } from "./flow.ts";

const PLACES = 2 ** 12;

interface Awaited {
  /** The ends as the SYN has them, client first. */
  readonly ends: Ends;
  readonly acknowledgement: number;
}

export class AwaitedAnswers {
  readonly #kept: (Awaited | undefined)[] = new Array(PLACES).fill(undefined);

  add(syn: Segment): void {
    const { family, source0, source1, source2, source3, target0, target1, target2, target3 } = syn;
    const { sourcePort, targetPort } = syn;
    const ends = {
      family,
      source0,
      source1,
      source2,
      source3,
      target0,
      target1,
      target2,
      target3,
      sourcePort,
      targetPort,
    };
    const acknowledgement = serialAdd(syn.sequence, syn.sequenceLength);
    this.#kept[placeOf(sourcePort, source0, acknowledgement)] = { ends, acknowledgement };
  }

  /**
   * The ends of the SYN that a SYN-ACK of another address or port acknowledges, which by chance happens
   * once in 2^32; or that of a RST by which the client turns such an answer down.
   */
  strayOf(segment: Segment): Ends | undefined {
    const { flags, sourcePort, targetPort, source0, target0 } = segment;
    if ((flags & SYN) !== 0) {
      if ((flags & ACK) === 0) return undefined;
      const { acknowledgement } = segment;
      const found = this.#kept[placeOf(targetPort, target0, acknowledgement)];
      if (found?.acknowledgement !== acknowledgement) return undefined;
      return isClient(found.ends, targetPort, target0) ? found.ends : undefined;
    }
    if ((flags & RST) === 0) return undefined;
    const found = this.#kept[placeOf(sourcePort, source0, segment.sequence)];
    if (found?.acknowledgement !== segment.sequence) return undefined;
    return isClient(found.ends, sourcePort, source0) ? found.ends : undefined;
  }
}

function isClient(ends: Ends, port: number, address: number): boolean {
  return ends.sourcePort === port && ends.source0 === address;
}

function placeOf(port: number, address: number, acknowledgement: number): number {
  let hash = Math.imul(acknowledgement, 0x9e3779b1) ^ Math.imul(address, 0x85ebca6b) ^ port;
  hash ^= hash >>> 15;
  return hash & (PLACES - 1);
}
