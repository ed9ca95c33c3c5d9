/** Collects the samples of one device packet by packet. Pure: packets in, samples out. */

import type { Connection } from "../../capture/connection.ts";
import { decodePacket } from "../../capture/decode.ts";
import type { CaptureNote, Packet } from "../../capture/packet.ts";
import { RST, Segment } from "../../capture/segment.ts";
import { Tracker, type TrackOutcome } from "../../capture/tracker.ts";
import { UsageError } from "../../core/errors.ts";
import type { Sample } from "../../core/sample.ts";
import { addressProbe } from "../../tracking/address-probe.ts";
import { type ClockReading, ranOn } from "../../tracking/continuous-clock.ts";
import { copyNotes, RecordedCopies } from "../../tracking/recorded-copies.ts";
import { BootNumbering, type BootRule } from "./boot-numbering.ts";
import type { CaptureSamplesOptions, CaptureSummary } from "./capture-summary.ts";
import { DeviceSilence } from "./device-silence.ts";
import { EndpointCensus } from "./endpoint-census.ts";

/** Boot times below this are counted from the first packet: as a date it would be in 1973. */
const RELATIVE_BELOW_US = 1e14;
/** A capture without a single SYN must not pile up connections to tell of. */
const UNREPORTED_MAX = 10_000;

export class SampleRecorder {
  readonly #name: string;
  readonly #options: CaptureSamplesOptions;
  readonly #tracker: Tracker;
  readonly #numbering: BootNumbering;
  readonly #silence = new DeviceSilence();
  readonly #census = new EndpointCensus();
  readonly #copies = new RecordedCopies();
  readonly #segment = new Segment();
  readonly #probes: boolean;
  /** Connections with packets of the device that no `used` sample tells of yet. */
  #unreported: Connection[] = [];
  #bootTimes: number[] = [];
  #bootTimesBefore = 0;
  #seenSinceBoot = false;
  #lastReading: ClockReading | undefined;
  #firstUs: number | undefined;
  #nowUs = 0;
  #packets = 0;
  #tcpPackets = 0;
  #devicePackets = 0;
  #deviceSeen = false;
  #attempts = 0;
  #wentBack = 0;
  #fragments = 0;
  #cut = 0;
  #malformed = 0;
  #tunnelled = 0;

  constructor(name: string, options: CaptureSamplesOptions) {
    this.#name = name;
    this.#options = options;
    const { device, twoMslUs } = options;
    this.#tracker = new Tracker({
      device,
      ...(twoMslUs === undefined ? {} : { foldAfterUs: twoMslUs }),
    });
    const rule = bootRule(options);
    this.#probes = rule.kind === "auto";
    this.#numbering = new BootNumbering(rule);
  }

  packet(packet: Packet): void {
    if (this.#firstUs === undefined) this.#start(packet.timeUs);
    this.#packets += 1;
    const isBackward = packet.timeUs < this.#nowUs;
    if (!isBackward) this.#nowUs = packet.timeUs;
    this.#givenBoots();
    const kind = decodePacket(packet, this.#segment);
    // Only what the device takes part in: of a NAT the side on which the device stands.
    const isCopy =
      kind === "tcp" &&
      this.#tracker.concerns(this.#segment) &&
      this.#copies.kindOf(this.#segment, packet) !== undefined;
    if (isCopy) {
      this.#tcpPackets += 1;
      return;
    }
    if (isBackward) this.#wentBack += 1;
    if (kind === "tcp") this.#tcp(packet);
    else if (kind === "tcp-fragment") this.#fragments += 1;
    else if (kind === "cut") this.#cut += 1;
    else if (kind === "malformed") this.#malformed += 1;
    else if (kind === "tunnel") this.#tunnelled += 1;
    else if (this.#probes && kind !== "other") this.#probe(packet);
  }

  /** Throws UsageError `capture-no-device` if the device takes part in no TCP packet. */
  end(): void {
    if (!this.#deviceSeen) throw this.#noDevice();
    this.#report();
    this.#numbering.end();
  }

  take(): readonly Sample[] {
    return this.#numbering.take();
  }

  summary(): Omit<CaptureSummary, "format" | "notes" | "truncated"> {
    return {
      name: this.#name,
      packets: this.#packets,
      tcpPackets: this.#tcpPackets,
      devicePackets: this.#devicePackets,
      firstUs: this.#firstUs,
      lastUs: this.#firstUs === undefined ? undefined : this.#nowUs,
      connections: this.#tracker.incarnations,
      attempts: this.#attempts,
      synRetransmissions: this.#tracker.synRetransmissions,
      accepted: this.#tracker.passiveOpens,
      midstream: this.#tracker.midstream,
      bootCount: this.#numbering.boots,
      boots: this.#numbering.found,
      bootMethod: this.#numbering.method,
    };
  }

  notes(): readonly CaptureNote[] {
    const { midstream, implausible, foldedEarly } = this.#tracker;
    const unused = this.#bootTimes.length + this.#bootTimesBefore;
    const silent = this.#deviceSeen && this.#devicePackets === 0 ? 1 : 0;
    const device = this.#options.device.text;
    const notes: CaptureNote[] = [
      note(
        "time-went-back",
        this.#wentBack,
        "packets are older than the one before them; they were read as of its time",
      ),
      note(
        "fragments",
        this.#fragments,
        "later fragments of TCP packets were not read: what they carried is not in the numbers used",
      ),
      note(
        "headers-cut",
        this.#cut,
        "packets were captured too short for their headers, and not read",
      ),
      note(
        "malformed",
        this.#malformed,
        "packets contradict themselves in their lengths, and were not read",
      ),
      note(
        "tunnelled",
        this.#tunnelled,
        "packets are in tunnels that cannot be followed: what TCP is in them was not read",
      ),
      note("midstream", midstream, "connections began before the capture: their ISN is not known"),
      note(
        "implausible-number",
        implausible,
        "packets of the device jump ahead by more than any window, and did not count",
      ),
      note(
        "folded-early",
        foldedEarly,
        "connections were forgotten before 2 × MSL, because too many were open",
      ),
      note("boot-time-unused", unused, "boot times lie outside the capture"),
      note(
        "device-silent",
        silent,
        `capture without a packet from ${device}: only others talk to it`,
      ),
    ];
    for (const { count, message } of copyNotes(this.#copies)) {
      notes.push({ code: "recorded-twice", count, message });
    }
    return notes.filter(({ count }) => count > 0);
  }

  #start(timeUs: number): void {
    this.#firstUs = timeUs;
    this.#nowUs = timeUs;
    this.#numbering.add({ kind: "boot", timeUs, evidence: "start" });
    const times = (this.#options.bootTimesUs ?? []).map((given) =>
      Math.round(given < RELATIVE_BELOW_US ? timeUs + given : given),
    );
    this.#bootTimes = [...new Set(times)].filter((time) => time > timeUs).sort((a, b) => b - a);
    this.#bootTimesBefore = times.filter((time) => time < timeUs).length;
  }

  #givenBoots(): void {
    for (;;) {
      const next = this.#bootTimes.at(-1);
      if (next === undefined || next > this.#nowUs) return;
      this.#bootTimes.pop();
      this.#boot({ kind: "boot", timeUs: next, evidence: "given" });
    }
  }

  #boot(draft: Parameters<BootNumbering["add"]>[0] & { kind: "boot" }): void {
    this.#report();
    this.#numbering.add(draft);
    this.#tracker.noteBoot();
    this.#silence.booted(draft.timeUs);
    this.#seenSinceBoot = false;
  }

  #probe(packet: Packet): void {
    // Before anything was heard of the device this is the boot that the capture begins with, and a
    // boot probes several times.
    if (!this.#seenSinceBoot) return;
    const evidence = addressProbe(packet, this.#segment, this.#options.device);
    if (!evidence) return;
    this.#boot({ kind: "boot", timeUs: this.#nowUs, evidence, frame: packet.frame });
  }

  #tcp(packet: Packet): void {
    this.#tcpPackets += 1;
    const outcome = this.#tracker.observe(this.#segment, packet.frame, this.#nowUs);
    if (outcome === "foreign") {
      if (!this.#deviceSeen) this.#census.add(this.#segment);
      return;
    }
    this.#deviceSeen = true;
    if (outcome === "peer") return;
    this.#devicePackets += 1;
    const { connection } = this.#tracker;
    if (connection) this.#fromDevice(connection, outcome);
  }

  #fromDevice(connection: Connection, outcome: TrackOutcome): void {
    if (outcome === "open") {
      this.#open(connection);
      return;
    }
    const isReset = (this.#segment.flags & RST) !== 0;
    if (!isReset) {
      this.#silence.continued(connection.openedUs, this.#nowUs);
      this.#seenSinceBoot = true;
    }
    if (!connection.reported) return;
    connection.reported = false;
    this.#unreported.push(connection);
    if (this.#unreported.length >= UNREPORTED_MAX) this.#report();
  }

  #open(connection: Connection): void {
    const attempt = !connection.passive;
    this.#report();
    this.#seenSinceBoot = true;
    let silenceUs = 0;
    if (attempt) {
      this.#attempts += 1;
      silenceUs = this.#silence.opened(this.#nowUs);
      if (this.#clockRanOn(connection)) silenceUs = 0;
    } else {
      this.#silence.accepted(this.#nowUs);
    }
    const { synTsval } = connection;
    this.#numbering.add({
      kind: "open",
      attempt,
      silenceUs,
      open: {
        kind: "open",
        timeUs: this.#nowUs,
        tuple: connection.tuple,
        isn: connection.isn ?? 0,
        ...(synTsval === undefined ? {} : { tsval: synTsval }),
        portChoice: attempt ? "unknown" : "bound",
        frame: connection.openedFrame,
      },
    });
  }

  /** The device's timestamp clock has run on since an opening before: it did not restart. */
  #clockRanOn({ synTsval: tsval }: Connection): boolean {
    const last = this.#lastReading;
    if (tsval === undefined) return false;
    const now = { tsval, timeUs: this.#nowUs };
    this.#lastReading = now;
    const { previous } = this.#tracker;
    const before =
      previous?.synTsval === undefined
        ? undefined
        : { tsval: previous.synTsval, timeUs: previous.openedUs };
    return [last, before].some((reading) => reading !== undefined && ranOn(reading, now));
  }

  /** Tells how far the connections have come, in the order in which the device last used them. */
  #report(): void {
    const unreported = this.#unreported;
    if (unreported.length === 0) return;
    this.#unreported = [];
    if (unreported.length > 1) unreported.sort((a, b) => a.deviceUs - b.deviceUs);
    for (const connection of unreported) {
      connection.reported = true;
      const { tsval } = connection;
      this.#numbering.add({
        kind: "used",
        used: {
          kind: "used",
          timeUs: connection.deviceUs,
          tuple: connection.tuple,
          next: connection.next,
          ...(tsval === undefined ? {} : { tsval }),
          ...(connection.established ? { stood: true } : {}),
          frame: connection.deviceFrame,
        },
      });
    }
  }

  #noDevice(): UsageError {
    const device = this.#options.device.text;
    const busiest = this.#census.busiest(5);
    const there =
      busiest.length === 0
        ? "it holds no TCP packet that can be read"
        : `TCP endpoints there: ${busiest.map(({ address, packets }) => `${address} (${packets} packets)`).join(", ")}`;
    return new UsageError(
      "capture-no-device",
      `${device} takes part in no TCP connection of ${this.#name}; ${there}`,
      busiest[0] === undefined
        ? "record the device's own traffic, with: tcpdump -w FILE host ADDRESS and tcp"
        : "name one of these as the device, or record where the device's packets pass",
    );
  }
}

function bootRule({ bootGapUs, bootTimesUs }: CaptureSamplesOptions): BootRule {
  if (bootGapUs !== undefined) return { kind: "gap", gapUs: bootGapUs };
  return bootTimesUs === undefined ? { kind: "auto" } : { kind: "given" };
}

function note(code: CaptureNote["code"], count: number, what: string): CaptureNote {
  return { code, count, message: `${count} ${what}` };
}
