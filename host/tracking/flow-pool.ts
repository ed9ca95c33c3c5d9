/**
 * Flows and incarnations to be used again. A capture of many short connections needs few of them at
 * a time: made anew for each, they were most of what the engine had to allocate and to collect.
 */
import { type Ends, Flow, Incarnation } from "./flow.ts";

/** As many are kept for later; what a rush of connections needed beyond goes back to the engine. */
const FLOWS_KEPT_MAX = 1024;
const INCARNATIONS_KEPT_MAX = 2 * FLOWS_KEPT_MAX;

export class FlowPool {
  /** By their places, in use or not. */
  readonly #flows: (Flow | undefined)[] = [];
  readonly #freePlaces: number[] = [];
  readonly #incarnations: Incarnation[] = [];

  /** A flow like a new one, at a place of its own until it is given back. */
  flow(ends: Ends, current: Incarnation): Flow {
    const place = this.#freePlaces.pop() ?? this.#flows.length;
    const used = this.#flows[place];
    if (used) {
      used.begin(ends, current);
      return used;
    }
    const made = new Flow(ends, current);
    made.place = place;
    this.#flows[place] = made;
    return made;
  }

  /** The flow in use at a place. */
  at(place: number): Flow {
    const flow = this.#flows[place];
    if (!flow) throw new RangeError(`there is no flow at place ${place}`);
    return flow;
  }

  /** An incarnation like a new one. */
  incarnation(clientIsA: boolean, sawSyn: boolean, frame: number, timeUs: number): Incarnation {
    const used = this.#incarnations.pop();
    if (!used) return new Incarnation(clientIsA, sawSyn, frame, timeUs);
    used.begin(clientIsA, sawSyn, frame, timeUs);
    return used;
  }

  /** Takes back a flow and its incarnations. They stay as they are until they are handed out again. */
  giveBack(flow: Flow): void {
    const { current, previous, place } = flow;
    this.giveBackIncarnation(current);
    if (previous) this.giveBackIncarnation(previous);
    if (place >= FLOWS_KEPT_MAX) this.#flows[place] = undefined;
    this.#freePlaces.push(place);
  }

  giveBackIncarnation(incarnation: Incarnation): void {
    if (this.#incarnations.length < INCARNATIONS_KEPT_MAX) this.#incarnations.push(incarnation);
  }
}
