/** Measures for how long a device was silent before it opened a connection. */

/**
 * Only what a restarted device would not send proves that it was up: a packet of a connection that
 * is older than the silence. A RST proves nothing, as that is how a restarted device answers for
 * connections that it has forgotten. All times in microseconds, never going back.
 */
export class DeviceSilence {
  #aliveUs: number | undefined;
  #silenceUs = 0;
  #silenceFromUs = 0;

  /** A packet of a connection opened at `openedUs`, other than its first and other than a RST. */
  continued(openedUs: number, timeUs: number): void {
    if (openedUs <= this.#silenceFromUs) this.#silenceUs = 0;
    this.#aliveUs = timeUs;
  }

  /** The device accepted a connection: it is up, but may have restarted before that. */
  accepted(timeUs: number): void {
    this.#measure(timeUs);
    this.#aliveUs = timeUs;
  }

  /** A boot is known: no silence up to now tells of another one. */
  booted(timeUs: number): void {
    this.#silenceUs = 0;
    this.#aliveUs = timeUs;
  }

  /** The device opened a connection: how long was it silent since the last one? */
  opened(timeUs: number): number {
    this.#measure(timeUs);
    const silenceUs = this.#silenceUs;
    this.#silenceUs = 0;
    this.#aliveUs = timeUs;
    return silenceUs;
  }

  #measure(timeUs: number): void {
    if (this.#aliveUs === undefined || timeUs - this.#aliveUs < this.#silenceUs) return;
    this.#silenceUs = timeUs - this.#aliveUs;
    this.#silenceFromUs = this.#aliveUs;
  }
}
