/** The SYNs that wait for an answer, to find one that comes from another address or port. */
import { ACK, RST, type Segment, SYN } from "../capture/segment.ts";
import { serialAdd } from "../core/serial.ts";
import type { Ends } from "./flow.ts";

const PLACES = 2 ** 12;
/** Words of a SYN's row. */
const ROW = 12;
const ACKNOWLEDGEMENT = 0;
/** 0: the row was never written. */
const FAMILY = 1;
const PORTS = 2;
const SOURCE = 3;
const TARGET = 7;

export class AwaitedAnswers {
  /** Plain numbers, because there is one for each connection. */
  readonly #rows = new Int32Array(PLACES * ROW);

  add(syn: Segment): void {
    const acknowledgement = serialAdd(syn.sequence, syn.sequenceLength);
    const row = rowOf(syn.sourcePort, syn.source0, acknowledgement);
    const rows = this.#rows;
    rows[row + ACKNOWLEDGEMENT] = acknowledgement;
    rows[row + FAMILY] = syn.family;
    rows[row + PORTS] = (syn.sourcePort << 16) | syn.targetPort;
    rows[row + SOURCE] = syn.source0;
    rows[row + TARGET] = syn.target0;
    if (syn.family === 4) return;
    rows[row + SOURCE + 1] = syn.source1;
    rows[row + SOURCE + 2] = syn.source2;
    rows[row + SOURCE + 3] = syn.source3;
    rows[row + TARGET + 1] = syn.target1;
    rows[row + TARGET + 2] = syn.target2;
    rows[row + TARGET + 3] = syn.target3;
  }

  /**
   * The ends of the SYN, client first, that a SYN-ACK of another address or port acknowledges, which by
   * chance happens once in 2^32; or that of a RST by which the client turns such an answer down.
   */
  strayOf(segment: Segment): Ends | undefined {
    const { flags, sourcePort, targetPort, source0, target0 } = segment;
    if ((flags & SYN) !== 0) {
      return (flags & ACK) === 0
        ? undefined
        : this.#find(targetPort, target0, segment.acknowledgement);
    }
    return (flags & RST) === 0 ? undefined : this.#find(sourcePort, source0, segment.sequence);
  }

  /** The ends of the client's SYN to which that acknowledgement is due. */
  #find(port: number, address: number, acknowledgement: number): Ends | undefined {
    const rows = this.#rows;
    const row = rowOf(port, address, acknowledgement);
    const isFound =
      rows[row + FAMILY] !== 0 &&
      rows[row + ACKNOWLEDGEMENT] === (acknowledgement | 0) &&
      (rows[row + PORTS] ?? 0) >>> 16 === port &&
      rows[row + SOURCE] === (address | 0);
    return isFound ? this.#endsAt(row) : undefined;
  }

  #endsAt(row: number): Ends {
    const isFour = this.#rows[row + FAMILY] === 4;
    const word = (i: number) => (this.#rows[row + i] ?? 0) >>> 0;
    const word6 = (i: number) => (isFour ? 0 : word(i));
    return {
      family: isFour ? 4 : 6,
      source0: word(SOURCE),
      source1: word6(SOURCE + 1),
      source2: word6(SOURCE + 2),
      source3: word6(SOURCE + 3),
      target0: word(TARGET),
      target1: word6(TARGET + 1),
      target2: word6(TARGET + 2),
      target3: word6(TARGET + 3),
      sourcePort: word(PORTS) >>> 16,
      targetPort: word(PORTS) & 0xffff,
    };
  }
}

function rowOf(port: number, address: number, acknowledgement: number): number {
  let hash = Math.imul(acknowledgement, 0x9e3779b1) ^ Math.imul(address, 0x85ebca6b) ^ port;
  hash ^= hash >>> 15;
  return (hash & (PLACES - 1)) * ROW;
}
