/**
 * Restarts of a host, as its packets give them away: it asks for its address anew, its timestamp
 * clock starts over, or its first ports and ISNs come once more in the same order.
 */

import { serialDistance } from "../core/serial.ts";
import type { AddressProbe } from "./address-probe.ts";
import type { FoundBoot, Opening } from "./found-boot.ts";
import type { OpeningLog } from "./opening-log.ts";

/** So many openings in a row have to repeat earlier ones. */
const RUN_MIN = 2;
/** Ports that repeat alone may be a small pool that wraps; after such a silence they are not. */
const SILENCE_MIN_US = 1_000_000;
const SILENCE_FACTOR = 4;
const SPACINGS_MAX = 64;
const PROBES_APART_US = 30_000_000;
/** Less than this is disorder between packets, not a clock that started over. */
const TSVAL_BEHIND_MIN = 100;

export class HostRestarts {
  readonly #host: string;
  readonly #booted: (boot: FoundBoot) => void;
  /** Number by which the log knows the host, and that of its last opening. */
  readonly #id: number;
  readonly #log: OpeningLog;
  #last = 0;
  #lastOpenedUs = 0;
  #openings = 0;
  #lastBootUs: number | undefined;
  readonly #spacings: number[] = [];
  #lastSentUs: number | undefined;
  #run: Run | undefined;
  #probedUs = -PROBES_APART_US;
  #probedSinceOpening = false;

  constructor(host: string, id: number, log: OpeningLog, booted: (boot: FoundBoot) => void) {
    this.#host = host;
    this.#id = id;
    this.#log = log;
    this.#booted = (boot) => {
      this.#lastBootUs = boot.timeUs;
      booted(boot);
    };
  }

  /** True while the openings repeat those before a boot that was told. */
  get isRepeating(): boolean {
    return this.#run?.told === true;
  }

  /** When its last restart shows that was told; undefined if none was. */
  get lastBootUs(): number | undefined {
    return this.#lastBootUs;
  }

  /** When the host sent something last, as far as it was told. */
  get lastHeardUs(): number {
    return Math.max(this.#lastSentUs ?? this.#probedUs, this.#probedUs);
  }

  /** Any TCP packet of the host. */
  heard(timeUs: number): void {
    this.#lastSentUs = timeUs;
  }

  probed(probe: AddressProbe, frame: number, timeUs: number): void {
    // A host that comes up asks several times, and in several ways: that is one boot.
    const again = timeUs - this.#probedUs < PROBES_APART_US;
    this.#probedUs = timeUs;
    if (again) return;
    this.#probedSinceOpening = true;
    this.#forgetRun();
    this.#booted({
      host: this.#host,
      evidence: [probe],
      frame,
      timeUs,
      lastBeforeUs: this.#lastSentUs,
      repeats: [],
    });
  }

  /** An attempt, before `heard` is called for its SYN. `timestamps`: TSval of the connection before, and its own. */
  opened(opening: Opening, timestamps: Timestamps | undefined): void {
    if (timestamps !== undefined) {
      const { before, after } = timestamps;
      const behind = serialDistance(after, before);
      if (behind >= TSVAL_BEHIND_MIN) this.#timestampRestart(opening, before, after);
    }
    this.#followRun(opening);
    this.#probedSinceOpening = false;
    this.#remember(opening);
  }

  #timestampRestart(opening: Opening, before: number, after: number): void {
    this.#booted({
      host: this.#host,
      evidence: ["timestamp-restart"],
      frame: opening.frame,
      timeUs: opening.timeUs,
      lastBeforeUs: this.#lastSentUs,
      repeats: [],
      timestamps: { before, after, frame: opening.frame },
    });
  }

  #followRun(opening: Opening): void {
    const run = this.#run;
    // Where a run meets its own beginning, the host has started over once more.
    const due = run && run.next < run.start ? this.#log.at(run.next) : undefined;
    const portMatch = due !== undefined && due.port === opening.port;
    const isnMatch = due !== undefined && due.isn === opening.isn;
    if (!run || !due || !(portMatch || isnMatch)) {
      this.#startRun(opening);
      return;
    }
    run.next = this.#log.after(run.next);
    run.ports = run.ports && portMatch;
    run.isns = run.isns && isnMatch;
    run.repeats.push({ earlier: due, later: opening });
    if (!run.told && (run.ports || run.isns)) this.#tell(run);
  }

  #startRun(opening: Opening): void {
    this.#run = undefined;
    const log = this.#log;
    const number = log.withIsn(this.#id, opening.isn) || log.withPort(this.#id, opening.port);
    // The opening just before says nothing: a client may take the same port or ISN all the time.
    if (number === 0 || number === this.#last) return;
    const earlier = log.at(number);
    if (!earlier) return;
    this.#run = {
      next: log.after(number),
      start: log.count + 1,
      ports: earlier.port === opening.port,
      isns: earlier.isn === opening.isn,
      repeats: [{ earlier, later: opening }],
      silent: this.#probedSinceOpening || this.#isSilent(opening.timeUs),
      lastBeforeUs: this.#lastSentUs,
      told: false,
    };
  }

  #tell(run: Run): void {
    const [first, second] = run.repeats;
    if (!first || !second || run.repeats.length < RUN_MIN) return;
    // Ports that come round at the usual pace are a pool that wraps, not a restart.
    const isns = run.isns && first.later.isn !== second.later.isn;
    const ports = run.ports && first.later.port !== second.later.port && (run.silent || isns);
    if (!isns && !ports) return;
    run.told = true;
    this.#booted({
      host: this.#host,
      evidence: [
        ...(ports ? ["ports-repeat" as const] : []),
        ...(isns ? ["isns-repeat" as const] : []),
      ],
      frame: first.later.frame,
      timeUs: first.later.timeUs,
      lastBeforeUs: run.lastBeforeUs,
      repeats: run.repeats,
    });
  }

  #remember(opening: Opening): void {
    if (this.#openings > 0) {
      const place = (this.#openings - 1) % SPACINGS_MAX;
      this.#spacings[place] = opening.timeUs - this.#lastOpenedUs;
    }
    this.#openings += 1;
    this.#lastOpenedUs = opening.timeUs;
    const { port, isn, frame, timeUs } = opening;
    this.#last = this.#log.add(this.#id, port, isn, frame, timeUs, this.#last);
  }

  #forgetRun(): void {
    this.#run = undefined;
  }

  #isSilent(timeUs: number): boolean {
    if (this.#lastSentUs === undefined) return false;
    const silenceUs = timeUs - this.#lastSentUs;
    const sorted = [...this.#spacings].sort((a, b) => a - b);
    const usual = sorted[sorted.length >> 1] ?? 0;
    return silenceUs >= Math.max(SILENCE_MIN_US, SILENCE_FACTOR * usual);
  }
}

interface Timestamps {
  readonly before: number;
  readonly after: number;
}

interface Run {
  /** Number of the run's own first opening. */
  readonly start: number;
  /** Number of the opening that is due next. */
  next: number;
  ports: boolean;
  isns: boolean;
  readonly repeats: { earlier: Opening; later: Opening }[];
  readonly silent: boolean;
  readonly lastBeforeUs: number | undefined;
  told: boolean;
}
