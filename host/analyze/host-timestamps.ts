/**
 * What the timestamps of a client's address tell about the SYNs that a server drops: Linux before 4.12
 * with `net.ipv4.tcp_tw_recycle=1` keeps the last TSval of an address, not of a connection, and drops
 * each SYN that lies below it.
 */
import { serialDistance } from "../core/serial.ts";
import type { Attempt } from "../tracking/capture-events.ts";
import type { Flow, Incarnation } from "../tracking/flow.ts";

const PAIRS_MAX = 4096;
/** The server forgets the TSval of an address after a minute (TCP_PAWS_MSL). */
const REMEMBERED_US = 60_000_000;

/** The SYNs of one client address to one server address, by their TSval against the highest accepted. */
export interface PawsEvidence {
  highest: number;
  highestUs: number;
  /** Accepted ones with a TSval that is not below, and below. */
  acceptedAhead: number;
  acceptedBehind: number;
  /** Attempts without an answer, likewise. */
  droppedAhead: number;
  droppedBehind: number;
}

export class HostTimestamps {
  /** Server → client: most captures have few servers. */
  readonly #pairs = new Map<string, Map<string, PawsEvidence>>();
  #count = 0;
  /** The last pair that was asked for: a SYN and its answer often follow each other. */
  #server = "";
  #client = "";
  #clients: Map<string, PawsEvidence> | undefined;
  #last: PawsEvidence | undefined;

  of(flow: Flow): PawsEvidence | undefined {
    const server = flow.serverAddress();
    const client = flow.clientAddress();
    const isSameServer = server === this.#server;
    if (isSameServer && client === this.#client) return this.#last;
    if (!isSameServer) this.#clients = this.#pairs.get(server);
    this.#server = server;
    this.#client = client;
    this.#last = this.#clients?.get(client);
    return this.#last;
  }

  /** A SYN is sent: what counts is what the server knows at that time. */
  opened({ flow, attempt }: Pick<Attempt, "flow" | "attempt">): void {
    if (attempt.synTsval !== undefined) attempt.hostTsval = this.of(flow)?.highest;
  }

  connected({ flow, attempt, at }: Attempt): void {
    const { synTsval } = attempt;
    attempt.hostTsval = undefined;
    if (synTsval === undefined) return;
    const known = this.of(flow);
    if (!known) {
      this.#add(flow, {
        highest: synTsval,
        highestUs: at.timeUs,
        acceptedAhead: 0,
        acceptedBehind: 0,
        droppedAhead: 0,
        droppedBehind: 0,
      });
      return;
    }
    const isAhead = serialDistance(known.highest, synTsval) >= 0;
    const isForgotten = attempt.openedUs - known.highestUs >= REMEMBERED_US;
    if (isAhead) known.acceptedAhead += 1;
    else if (!isForgotten) known.acceptedBehind += 1;
    if (!isAhead && !isForgotten) return;
    known.highest = synTsval;
    known.highestUs = at.timeUs;
  }

  #add(flow: Flow, evidence: PawsEvidence): void {
    if (this.#count >= PAIRS_MAX) return;
    this.#count += 1;
    const server = flow.serverAddress();
    const clients = this.#pairs.get(server) ?? new Map<string, PawsEvidence>();
    this.#pairs.set(server, clients);
    clients.set(flow.clientAddress(), evidence);
    this.#server = "";
  }

  unanswered({ flow, attempt }: Pick<Attempt, "flow" | "attempt">): void {
    const known = this.of(flow);
    const { synTsval, hostTsval } = attempt;
    if (!known || synTsval === undefined || hostTsval === undefined) return;
    if (isBelowHighest(attempt)) known.droppedBehind += 1;
    else known.droppedAhead += 1;
  }
}

/** The TSval of the SYN lies below the highest one that the server took from this address before. */
export function isBelowHighest({ hostTsval, synTsval }: Incarnation): boolean {
  if (hostTsval === undefined || synTsval === undefined) return false;
  return serialDistance(hostTsval, synTsval) < 0;
}

/** Both what was dropped and what was accepted agree with PAWS per host, and often enough. */
export function isPawsPerHost({
  acceptedAhead,
  acceptedBehind,
  droppedAhead,
  droppedBehind,
}: PawsEvidence): boolean {
  if (droppedBehind < DROPPED_MIN || acceptedAhead < ACCEPTED_MIN) return false;
  // Of some that were accepted the answer is missing from the capture.
  return acceptedBehind * OTHERS_MAX <= acceptedAhead && droppedAhead * OTHERS_MAX <= droppedBehind;
}

/** By chance a dropped SYN lies below, and an accepted one above, every second time each. */
const DROPPED_MIN = 3;
const ACCEPTED_MIN = 2;
/** One in so many may contradict. */
const OTHERS_MAX = 3;
