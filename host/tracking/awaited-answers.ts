/** The SYNs that wait for an answer, to find one that comes from another address or port. */
import { ACK, RST, type Segment, SYN } from "../capture/segment.ts";
import { serialAdd } from "../core/serial.ts";
import type { Ends } from "./flow.ts";

const PLACES = 2 ** 12;

type Mutable<T> = { -readonly [Name in keyof T]: T[Name] };

interface Awaited {
  /** The ends as the SYN has them, client first. */
  readonly ends: Mutable<Ends>;
  acknowledgement: number;
}

export class AwaitedAnswers {
  /** Filled anew, because there is one for each connection. */
  readonly #kept: (Awaited | undefined)[] = new Array(PLACES).fill(undefined);

  add(syn: Segment): void {
    const acknowledgement = serialAdd(syn.sequence, syn.sequenceLength);
    const place = placeOf(syn.sourcePort, syn.source0, acknowledgement);
    const known = this.#kept[place];
    const kept = known ?? emptyAwaited();
    if (!known) this.#kept[place] = kept;
    kept.acknowledgement = acknowledgement;
    const { ends } = kept;
    ends.family = syn.family;
    ends.source0 = syn.source0;
    ends.source1 = syn.source1;
    ends.source2 = syn.source2;
    ends.source3 = syn.source3;
    ends.target0 = syn.target0;
    ends.target1 = syn.target1;
    ends.target2 = syn.target2;
    ends.target3 = syn.target3;
    ends.sourcePort = syn.sourcePort;
    ends.targetPort = syn.targetPort;
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

function emptyAwaited(): Awaited {
  const addresses = { source0: 0, source1: 0, source2: 0, source3: 0 };
  const targets = { target0: 0, target1: 0, target2: 0, target3: 0 };
  const ends = { family: 4 as const, ...addresses, ...targets, sourcePort: 0, targetPort: 0 };
  return { ends, acknowledgement: 0 };
}

function isClient(ends: Ends, port: number, address: number): boolean {
  return ends.sourcePort === port && ends.source0 === address;
}

function placeOf(port: number, address: number, acknowledgement: number): number {
  let hash = Math.imul(acknowledgement, 0x9e3779b1) ^ Math.imul(address, 0x85ebca6b) ^ port;
  hash ^= hash >>> 15;
  return hash & (PLACES - 1);
}
