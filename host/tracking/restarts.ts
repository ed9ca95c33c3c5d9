/**
 * Restarts of a host, as its packets give them away: it asks for its address anew, its timestamp clock
 * starts over, it opens a connection anew that it has never closed, or its first ports and ISNs come once
 * more in the same order. What ran on in between takes a restart back: a timestamp clock, a connection,
 * the counter of its packets; so does a peer that repeats its own ISNs, because then the recording is
 * doubled.
 */

import { serialDistance } from "../core/serial.ts";
import type { AddressProbe } from "./address-probe.ts";
import { type ClockReading, ranOn } from "./continuous-clock.ts";
import { FirstOpenings } from "./first-openings.ts";
import type { BootConfidence, FoundBoot, Opening } from "./found-boot.ts";
import type { OpeningLog } from "./opening-log.ts";
import { PacketCounter } from "./packet-counter.ts";

/** So many openings in a row have to repeat earlier ones. */
const RUN_MIN = 2;
/** Ports that repeat alone may be a small pool that wraps; after such a silence they are not. */
const SILENCE_MIN_US = 1_000_000;
const SILENCE_FACTOR = 4;
const SPACINGS_MAX = 64;
const PROBES_APART_US = 30_000_000;
/** It has opened a connection since: it was up, and probes anew. */
const PROBES_APART_UP_US = 5_000_000;
/** Less than this is disorder between packets, not a clock that started over. */
const TSVAL_BEHIND_MIN = 100;

/** What is known of an opening beside its numbers. */
export interface OpeningContext {
  /** TSval of its SYN. */
  readonly tsval: number | undefined;
  /** Identification field of its IPv4 header. */
  readonly identification: number;
  /** The connection of the same 4-tuple before it, while it is remembered. */
  readonly before: ConnectionBefore | undefined;
}

export interface ConnectionBefore {
  readonly openedFrame: number;
  /** TSval of its SYN, and the highest one of its client. */
  readonly synReading: ClockReading | undefined;
  readonly lastTsval: number | undefined;
  /** The client has neither sent a FIN nor seen or sent a RST. */
  readonly isOpen: boolean;
}

export class HostRestarts {
  readonly #host: string;
  readonly #booted: (boot: FoundBoot) => void;
  /** Number by which the log knows the host, and that of its last opening. */
  readonly #id: number;
  readonly #log: OpeningLog;
  readonly #firsts = new FirstOpenings();
  readonly #counter = new PacketCounter();
  #last = 0;
  #lastOpenedUs = 0;
  #openings = 0;
  #lastBootUs: number | undefined;
  readonly #spacings: number[] = [];
  // A fraction, so that the engine makes room for any time at once (flow.ts).
  #sentUs = 0.5;
  #hasSent = false;
  /** TSval and time of the last opening that had one; told by `#hasReading`. */
  #readTsval = 0.5;
  #readUs = 0.5;
  #hasReading = false;
  #run: Run | undefined;
  #probedUs = -PROBES_APART_US;
  #probedSinceOpening = false;
  /** Runs that were not told, because the peer's numbers came once more as well. */
  #doubled = 0;

  constructor(host: string, id: number, log: OpeningLog, booted: (boot: FoundBoot) => void) {
    this.#host = host;
    this.#id = id;
    this.#log = log;
    this.#booted = booted;
  }

  /** True while the openings repeat those before a boot that was told. */
  get isRepeating(): boolean {
    return this.#run?.told === true;
  }

  /** When its last restart shows that was told; undefined if none was. */
  get lastBootUs(): number | undefined {
    return this.#lastBootUs;
  }

  get doubledRuns(): number {
    return this.#doubled;
  }

  /** When the host sent something last, as far as it was told. */
  get lastHeardUs(): number {
    return Math.max(this.#lastSentUs ?? this.#probedUs, this.#probedUs);
  }

  /** Any TCP packet of the host. */
  heard(timeUs: number): void {
    this.#sentUs = timeUs;
    this.#hasSent = true;
  }

  /** A packet, no RST and no SYN, of a connection that the host opened at `openedUs`. */
  wentOn(openedUs: number, timeUs: number, identification: number): void {
    this.#counter.sent(identification);
    const run = this.#run;
    // It has not forgotten a connection from before: no restart lies between.
    if (run && !run.told && openedUs < run.startedUs && timeUs > run.startedUs)
      this.#run = undefined;
  }

  /** The peer has accepted an opening of the host, by its number in the log. */
  answered(opening: number, peerIsn: number): void {
    this.#log.answered(opening, peerIsn);
  }

  probed(probe: AddressProbe, frame: number, timeUs: number): void {
    // A host that comes up asks several times, and in several ways: that is one boot.
    const apartUs = this.#probedSinceOpening ? PROBES_APART_US : PROBES_APART_UP_US;
    const again = timeUs - this.#probedUs < apartUs;
    this.#probedUs = timeUs;
    if (again) return;
    this.#probedSinceOpening = true;
    this.#run = undefined;
    this.#tellBoot({ evidence: [probe], confidence: "likely", frame, timeUs });
  }

  /** An attempt, before `heard` is called for its SYN; gives its number in the log. */
  opened(opening: Opening, context: OpeningContext): number {
    const { before, tsval } = context;
    const ran = this.#ranOn(opening, context);
    if (before?.lastTsval !== undefined && tsval !== undefined) {
      const behind = serialDistance(tsval, before.lastTsval);
      if (behind >= TSVAL_BEHIND_MIN) this.#timestampRestart(opening, before.lastTsval, tsval);
    }
    const isFirst = this.#probedSinceOpening;
    const forgotten = before?.isOpen === true && !ran ? before.openedFrame : undefined;
    this.#followRun(opening, ran, forgotten !== undefined);
    this.#followFirsts(opening, isFirst, forgotten);
    this.#probedSinceOpening = false;
    if (tsval !== undefined) this.#keepReading(tsval, opening.timeUs);
    this.#counter.sent(context.identification);
    return this.#remember(opening);
  }

  /** A timestamp clock has run on since an opening before. */
  #ranOn({ timeUs }: Opening, { tsval, before }: OpeningContext): boolean {
    if (tsval === undefined) return false;
    const now = { tsval, timeUs };
    if (before?.synReading && ranOn(before.synReading, now)) return true;
    return this.#hasReading && ranOn({ tsval: this.#readTsval, timeUs: this.#readUs }, now);
  }

  #keepReading(tsval: number, timeUs: number): void {
    this.#readTsval = tsval;
    this.#readUs = timeUs;
    this.#hasReading = true;
  }

  /** When the host sent its last TCP packet. */
  get #lastSentUs(): number | undefined {
    return this.#hasSent ? this.#sentUs : undefined;
  }

  #timestampRestart(opening: Opening, before: number, after: number): void {
    const { frame, timeUs } = opening;
    const timestamps = { before, after, frame };
    const evidence = ["timestamp-restart"] as const;
    this.#tellBoot({ evidence, confidence: "likely", frame, timeUs, timestamps });
  }

  #followRun(opening: Opening, ran: boolean, forgot: boolean): void {
    if (ran) {
      this.#run = undefined;
      return;
    }
    const run = this.#run;
    // Where a run meets its own beginning, the host has started over once more.
    const due = run && run.next < run.start ? this.#log.at(run.next) : undefined;
    const portMatch = due !== undefined && due.port === opening.port;
    const isnMatch = due !== undefined && due.isn === opening.isn;
    if (!run || !due || !(portMatch || isnMatch)) {
      this.#startRun(opening, forgot);
      return;
    }
    run.next = this.#log.after(run.next);
    run.ports = run.ports && portMatch;
    run.isns = run.isns && isnMatch;
    run.forgot = run.forgot || forgot;
    run.repeats.push({ earlier: due, later: opening });
    if (!run.told && (run.ports || run.isns)) this.#tell(run);
  }

  #startRun(opening: Opening, forgot: boolean): void {
    this.#run = undefined;
    const log = this.#log;
    const number = log.withIsn(this.#id, opening.isn) || log.withPort(this.#id, opening.port);
    // The opening just before says nothing: a client may take the same port or ISN all the time.
    if (number === 0 || number === this.#last) return;
    const earlier = log.at(number);
    if (!earlier) return;
    this.#run = {
      first: number,
      next: log.after(number),
      start: log.count + 1,
      startedUs: opening.timeUs,
      ports: earlier.port === opening.port,
      isns: earlier.isn === opening.isn,
      repeats: [{ earlier, later: opening }],
      probed: this.#probedSinceOpening,
      silent: this.#isSilent(opening.timeUs),
      forgot,
      lastBeforeUs: this.#lastSentUs,
      told: false,
    };
  }

  #tell(run: Run): void {
    const [first, second] = run.repeats;
    if (!first || !second || run.repeats.length < RUN_MIN) return;
    // Ports that come round at the usual pace are a pool that wraps, not a restart.
    const isns = run.isns && first.later.isn !== second.later.isn;
    const isApart = run.silent || run.probed;
    const ports = run.ports && first.later.port !== second.later.port && (isApart || isns);
    if (!isns && !ports) return;
    // Its packets were counted on.
    if (!isns && !run.probed && !run.forgot && this.#counter.isRunning) return;
    if (this.#isDoubled(run)) {
      this.#doubled += 1;
      this.#run = undefined;
      return;
    }
    run.told = true;
    const { frame, timeUs } = first.later;
    this.#tellBoot({
      evidence: [
        ...(run.forgot ? ["forgotten-connection" as const] : []),
        ...(ports ? ["ports-repeat" as const] : []),
        ...(isns ? ["isns-repeat" as const] : []),
      ],
      confidence: confidenceOf(run, isns),
      toldBefore: run.probed,
      frame,
      timeUs,
      lastBeforeUs: run.lastBeforeUs,
      repeats: run.repeats,
    });
  }

  /**
   * The peer chose the same ISN for the first opening of the run as for the one that it repeats, and another
   * one for the next: no restart of this host makes it do that.
   */
  #isDoubled(run: Run): boolean {
    const log = this.#log;
    const earlier = log.peerIsn(run.first);
    if (earlier === undefined || earlier !== log.peerIsn(run.start)) return false;
    return earlier !== log.peerIsn(log.after(run.first));
  }

  /** One connection after each boot: its port, if it comes again and again. */
  #followFirsts(opening: Opening, probed: boolean, forgotten: number | undefined): void {
    const repeats = this.#firsts.opened(opening, probed, forgotten);
    if (repeats.length === 0 || this.isRepeating) return;
    const { frame, timeUs } = opening;
    const both = probed && forgotten !== undefined;
    this.#tellBoot({
      evidence: [
        ...(forgotten === undefined ? [] : ["forgotten-connection" as const]),
        "ports-repeat",
      ],
      confidence: both ? "certain" : "likely",
      toldBefore: probed,
      frame,
      timeUs,
      repeats,
    });
  }

  #tellBoot(
    boot: Pick<FoundBoot, "evidence" | "confidence" | "frame" | "timeUs"> & Partial<FoundBoot>,
  ): void {
    this.#lastBootUs = boot.timeUs;
    this.#booted({
      host: this.#host,
      toldBefore: false,
      lastBeforeUs: this.#lastSentUs,
      repeats: [],
      ...boot,
    });
  }

  #remember(opening: Opening): number {
    if (this.#openings > 0) {
      const place = (this.#openings - 1) % SPACINGS_MAX;
      this.#spacings[place] = opening.timeUs - this.#lastOpenedUs;
    }
    this.#openings += 1;
    this.#lastOpenedUs = opening.timeUs;
    const { port, isn, frame, timeUs } = opening;
    this.#last = this.#log.add(this.#id, port, isn, frame, timeUs, this.#last);
    return this.#last;
  }

  #isSilent(timeUs: number): boolean {
    if (this.#lastSentUs === undefined) return false;
    const silenceUs = timeUs - this.#lastSentUs;
    const sorted = [...this.#spacings].sort((a, b) => a - b);
    const usual = sorted[sorted.length >> 1] ?? 0;
    return silenceUs >= Math.max(SILENCE_MIN_US, SILENCE_FACTOR * usual);
  }
}

/** Two signs that do not follow from each other make it certain; ports after a pause alone, hardly likely. */
function confidenceOf(run: Run, isns: boolean): BootConfidence {
  const isApart = run.silent || run.probed || run.forgot;
  if (isns) return run.ports && isApart ? "certain" : "likely";
  if (run.forgot && run.probed) return "certain";
  return run.forgot || run.probed ? "likely" : "possible";
}

interface Run {
  /** Number of the opening that the first one of the run repeats. */
  readonly first: number;
  /** Number of the run's own first opening. */
  readonly start: number;
  readonly startedUs: number;
  /** Number of the opening that is due next. */
  next: number;
  ports: boolean;
  isns: boolean;
  readonly repeats: { earlier: Opening; later: Opening }[];
  readonly probed: boolean;
  readonly silent: boolean;
  forgot: boolean;
  readonly lastBeforeUs: number | undefined;
  told: boolean;
}
