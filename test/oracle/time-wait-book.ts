/** Tuples in TIME_WAIT, and what a SYN that hits one must be told (docs/abi.md, syn4). */
import { Breach } from "./ledger.ts";

const VERDICT = { none: 0, accept: 1, challenge: 2, drop: 3 } as const;
const TIMESTAMPS = 1;
const RST = 2;
/** Challenges are limited to one in so long and connection. */
const CHALLENGE_SECONDS = 0.5;
const SLACK_SECONDS = 0.02;
/** As many tuples as the table holds for certain: with more, an entry may have had to make room. */
const TABLE_ENTRIES = 32;

interface Closed {
  readonly peerNext: number;
  readonly peerTsval: number;
  readonly at: number;
  challenged: number;
}

export class TimeWaitBook {
  private readonly heldSeconds: number;
  private closed = new Map<number, Closed>();
  private entered = new Set<number>();

  constructor(heldSeconds: number) {
    this.heldSeconds = heldSeconds;
  }

  powerOn(): void {
    this.closed.clear();
    this.entered.clear();
  }

  opened(tuple: number): void {
    this.entered.add(tuple);
    this.closed.delete(tuple);
  }

  /** It used timestamps. */
  ended(tuple: number, peerNext: number, peerTsval: number, at: number): void {
    this.closed.set(tuple, { peerNext, peerTsval, at, challenged: Number.NEGATIVE_INFINITY });
  }

  peerNextOf(tuple: number): number {
    return this.closed.get(tuple)?.peerNext ?? 0;
  }

  judge(
    tuple: number,
    segment: { seq: number; tsval: number; flags: number },
    now: number,
    verdict: number,
  ): void {
    if (verdict > VERDICT.drop) throw new Breach("verdict", `syn gave ${verdict}`);
    if (!this.entered.has(tuple)) {
      if (verdict !== VERDICT.none)
        throw new Breach("verdict", `syn gave ${verdict}, no such tuple`);
      return;
    }
    const one = this.closed.get(tuple);
    if (one === undefined || now - one.at >= this.heldSeconds) return;
    if (this.entered.size > TABLE_ENTRIES) return;
    const expected = expectedVerdicts(one, segment, now);
    if (!expected.includes(verdict)) {
      throw new Breach("verdict", `syn gave ${verdict}, and not ${expected.join(" or ")}`);
    }
    if (verdict === VERDICT.accept) this.closed.delete(tuple);
    if (verdict === VERDICT.challenge) one.challenged = now;
  }
}

function expectedVerdicts(
  { peerNext, peerTsval, challenged }: Closed,
  { seq, tsval, flags }: { seq: number; tsval: number; flags: number },
  now: number,
): readonly number[] {
  if ((flags & RST) !== 0) return [VERDICT.drop];
  const since = now - challenged;
  const refused: number[] = [];
  if (since > CHALLENGE_SECONDS - SLACK_SECONDS) refused.push(VERDICT.challenge);
  if (since < CHALLENGE_SECONDS + SLACK_SECONDS) refused.push(VERDICT.drop);
  if ((flags & TIMESTAMPS) !== 0 && tsval !== peerTsval) {
    return ((tsval - peerTsval) | 0) > 0 ? [VERDICT.accept] : refused;
  }
  return ((seq - peerNext) | 0) >= 0 ? [VERDICT.accept] : refused;
}
