/**
 * The events of every good connection: opened, connected, ISN chosen. One object of each kind serves
 * all of them, because there are four a connection: it holds until the next event of its kind.
 */

import type { Segment } from "../capture/segment.ts";
import type { Attempt, IsnChosen } from "./capture-events.ts";
import type { Flow, Side } from "./flow.ts";

type Mutable<T> = { -readonly [Name in keyof T]: T[Name] };

export class ConnectionSteps {
  #attempt: Mutable<Attempt> | undefined;
  #isnChosen: Mutable<IsnChosen> | undefined;
  readonly #at = { frame: 0, timeUs: 0 };

  /** The attempt that `segment`, a SYN or a fitting SYN-ACK, is a step of. */
  attempt(flow: Flow, segment: Segment, frame: number, timeUs: number): Attempt {
    const { current: attempt, previous } = flow;
    const at = this.#moment(frame, timeUs);
    if (!this.#attempt) {
      this.#attempt = { flow, attempt, previous, at, segment };
      return this.#attempt;
    }
    const event = this.#attempt;
    event.flow = flow;
    event.attempt = attempt;
    event.previous = previous;
    event.segment = segment;
    return event;
  }

  /** `sender` has chosen this ISN, in that frame. */
  isnChosen(flow: Flow, sender: Side, isn: number, frame: number, timeUs: number): IsnChosen {
    const at = this.#moment(frame, timeUs);
    if (!this.#isnChosen) {
      this.#isnChosen = { flow, incarnation: flow.current, sender, at, isn };
      return this.#isnChosen;
    }
    const event = this.#isnChosen;
    event.flow = flow;
    event.incarnation = flow.current;
    event.sender = sender;
    event.isn = isn;
    return event;
  }

  #moment(frame: number, timeUs: number): { readonly frame: number; readonly timeUs: number } {
    this.#at.frame = frame;
    this.#at.timeUs = timeUs;
    return this.#at;
  }
}
