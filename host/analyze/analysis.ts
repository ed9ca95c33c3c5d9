/**
 * The analysis of a capture: packets in, findings and connections out. Memory is bounded by the
 * connections of the last 2 × MSL, and by fixed limits for everything else.
 */

import { decodePacket } from "../capture/decode.ts";
import type { Packet } from "../capture/packet.ts";
import { RST, Segment, SYN, TUNNEL_NAMES } from "../capture/segment.ts";
import type { CaptureEvents } from "../tracking/capture-events.ts";
import type { Flow, Incarnation, Side } from "../tracking/flow.ts";
import { FlowTracker, type Step } from "../tracking/flow-tracker.ts";
import { HeardAddresses } from "../tracking/heard-addresses.ts";
import { Hosts } from "../tracking/hosts.ts";
import { copyNotes, RecordedCopies } from "../tracking/recorded-copies.ts";
import { identificationOf } from "../tracking/syn-log.ts";
import { ChecksumCensus, type ChecksumSummary, checksumNotes } from "./checksum-census.ts";
import { type ConnectionRow, rowOf } from "./connection-row.ts";
import { DIAGNOSES } from "./diagnoses/index.ts";
import type { CaptureContext, Diagnosis, DiagnosisJudge } from "./diagnosis.ts";
import { type Finding, FindingCollector, type OnFinding } from "./findings.ts";
import { HostTimestamps } from "./host-timestamps.ts";
import { type PacketFilter, passes } from "./packet-filter.ts";
import { endpointText, grouped, plural } from "./wording.ts";

export interface AnalysisOptions {
  readonly filter?: PacketFilter;
  /** 2 × MSL in microseconds, 240 s by default: how long a silent connection is remembered. */
  readonly twoMslUs?: number;
  /** At most this many flows are remembered; the longest silent goes first. */
  readonly flowsMax?: number;
  /** Connections kept for the result; all are counted. */
  readonly rowsMax?: number;
  readonly diagnoses?: readonly Diagnosis[];
  /** Called with each finding when its first case is seen, and once more if it becomes a fault. */
  readonly onFinding?: OnFinding;
  /** Called with each connection when it is over. */
  readonly onConnection?: (row: ConnectionRow) => void;
  /** Called after each TCP packet that was taken into account. */
  readonly onPacket?: (seen: SeenPacket) => void;
}

export interface SeenPacket {
  readonly packet: Packet;
  readonly segment: Segment;
  readonly flow: Flow;
  readonly sender: Side;
  readonly step: Step;
  readonly firstUs: number;
}

export interface AnalysisCounts {
  readonly packets: number;
  readonly tcpPackets: number;
  /** TCP packets that the filter let through. */
  readonly analysed: number;
  readonly connections: number;
  /** Connections whose SYN and an answer to it were seen; without one there is nothing to judge. */
  readonly answered: number;
  /** Connections whose SYN was not seen, at least not within 2 × MSL before the packet. */
  readonly midstream: number;
  /** IP fragments of TCP segments: first ones are read, later ones have no TCP header. */
  readonly firstFragments: number;
  readonly laterFragments: number;
  readonly unreadable: number;
  /** Packets in tunnels that break off, or that lie in too many others: their TCP was not read. */
  readonly tunnelled: number;
  /** Of the unreadable ones, those of which the recorder kept too little. */
  readonly cut: number;
}

export interface AnalysisResult {
  readonly findings: readonly Finding[];
  readonly connections: readonly ConnectionRow[];
  readonly counts: AnalysisCounts;
  /** Of all TCP packets that were captured whole, filtered or not. */
  readonly checksums: ChecksumSummary;
  /** Time of the first and the last packet, in microseconds since 1970. */
  readonly firstUs: number | undefined;
  readonly lastUs: number | undefined;
  /** What was not seen, or not read: one sentence each. */
  readonly notes: readonly string[];
}

const TWO_MSL_US = 240_000_000;
const FLOWS_MAX = 200_000;
const ROWS_MAX = 1000;
/** Examples of what a filter left out, taken from so many of the first packets. */
const PASSED_OVER_MAX = 4;
const PASSED_OVER_PACKETS_MAX = 1000;

export class Analysis {
  readonly #options: AnalysisOptions;
  readonly #segment = new Segment();
  readonly #tracker: FlowTracker;
  readonly #hosts: Hosts;
  readonly #heard = new HeardAddresses();
  readonly #copies = new RecordedCopies();
  readonly #timestamps = new HostTimestamps();
  readonly #checksums = new ChecksumCensus();
  readonly #collector: FindingCollector;
  readonly #judges: readonly DiagnosisJudge[];
  readonly #rows: ConnectionRow[] = [];
  readonly #rowsMax: number;
  #over = 0;
  #packets = 0;
  #tcp = 0;
  #analysed = 0;
  #firstFragments = 0;
  #laterFragments = 0;
  #unreadable = 0;
  #tunnelled = 0;
  /** TCP packets by the tunnel that they came in. */
  readonly #inTunnels = new Map<number, number>();
  #cut = 0;
  #answered = 0;
  readonly #passedOver = new Set<string>();
  #backward = 0;
  /** Identification field of the packet at hand. */
  #identification = 0;
  #firstUs: number | undefined;
  #lastUs = 0;

  constructor(options: AnalysisOptions = {}) {
    this.#options = options;
    const diagnoses = options.diagnoses ?? DIAGNOSES;
    this.#rowsMax = options.rowsMax ?? ROWS_MAX;
    const twoMslUs = options.twoMslUs ?? TWO_MSL_US;
    this.#collector = new FindingCollector(diagnoses, options.onFinding ?? (() => {}));
    const context: CaptureContext = {
      twoMslUs,
      heardFrom: (flow, side) => this.#heard.has(flow, side),
      hasLosses: () => this.#tracker.hasLosses,
      pawsOf: (flow) => this.#timestamps.of(flow),
      lastBootUs: (host) => this.#hosts.lastBootUs(host),
      isRestarting: (host) => this.#hosts.host(host).isRepeating,
    };
    this.#judges = diagnoses.map((diagnosis) =>
      diagnosis.start((draft) => this.#collector.report(diagnosis, draft), context),
    );
    const events = this.#events();
    this.#hosts = new Hosts((boot) => events.booted(boot));
    const limits = { foldAfterUs: twoMslUs, flowsMax: options.flowsMax ?? FLOWS_MAX };
    this.#tracker = new FlowTracker(limits, events, (flow) => this.#ended(flow));
  }

  /** Connections over so far, and packets read so far: for progress. */
  get progress(): { readonly packets: number; readonly connections: number } {
    return { packets: this.#packets, connections: this.#tracker.connections };
  }

  /** Takes the next packet of the capture. Never throws, whatever it holds. */
  packet(packet: Packet): void {
    this.#packets += 1;
    const segment = this.#segment;
    const kind = decodePacket(packet, segment);
    const isBackward = packet.timeUs < this.#lastUs;
    if (!isBackward) this.#lastUs = packet.timeUs;
    if (this.#firstUs === undefined) {
      this.#firstUs = packet.timeUs;
      this.#collector.baseUs = packet.timeUs;
    }
    if (kind !== "tcp") {
      if (isBackward) this.#backward += 1;
      this.#other(packet, kind);
      return;
    }
    this.#tcp += 1;
    const { tunnel } = segment;
    if (tunnel !== 0) this.#inTunnels.set(tunnel, (this.#inTunnels.get(tunnel) ?? 0) + 1);
    if (segment.firstFragment) this.#firstFragments += 1;
    this.#heard.add(segment);
    this.#checksums.add(packet, segment);
    // Since the first packet: small numbers are stored in place, moments since 1970 are boxed.
    const timeUs = this.#lastUs - this.#firstUs;
    const { filter, onPacket } = this.#options;
    if (filter && !passes(filter, segment, timeUs)) {
      if (this.#analysed === 0 && this.#tcp <= PASSED_OVER_PACKETS_MAX) this.#passOver(segment);
      return;
    }
    this.#analysed += 1;
    if (this.#copies.kindOf(segment, packet) !== undefined) return;
    if (isBackward) this.#backward += 1;
    this.#identification = identificationOf(segment, packet);
    const tracker = this.#tracker;
    tracker.observe(segment, packet, timeUs);
    const { flow, sender } = tracker;
    if (!flow) return;
    if (sender === "client") this.#heardClient(flow, timeUs);
    if (!onPacket) return;
    onPacket({ packet, segment, flow, sender, step: tracker.step, firstUs: this.#firstUs });
  }

  #heardClient({ clientHost, current }: Flow, timeUs: number): void {
    if (!clientHost) return;
    clientHost.heard(timeUs);
    const { flags } = this.#segment;
    if ((flags & (SYN | RST)) !== 0) return;
    clientHost.wentOn(current.openedUs, timeUs, this.#identification);
  }

  /** The capture is over: what was open is judged as it stands. */
  end(): void {
    this.#tracker.end(() => this.#wantsRows);
    for (const judge of this.#judges) judge.finish?.();
  }

  result(): AnalysisResult {
    const tracker = this.#tracker;
    const checksums = this.#checksums.summary();
    return {
      findings: this.#collector.findings(),
      connections: this.#rows,
      counts: {
        packets: this.#packets,
        tcpPackets: this.#tcp,
        analysed: this.#analysed,
        connections: tracker.connections,
        answered: this.#answered,
        midstream: tracker.midstream,
        firstFragments: this.#firstFragments,
        laterFragments: this.#laterFragments,
        unreadable: this.#unreadable,
        tunnelled: this.#tunnelled,
        cut: this.#cut,
      },
      checksums,
      firstUs: this.#firstUs,
      lastUs: this.#firstUs === undefined ? undefined : this.#lastUs,
      notes: this.#notes(checksums),
    };
  }

  /** Some connections of the capture, if the filter let nothing through. */
  get passedOver(): readonly string[] {
    return this.#analysed > 0 ? [] : [...this.#passedOver];
  }

  #passOver(segment: Segment): void {
    if (this.#passedOver.size >= PASSED_OVER_MAX) return;
    const source = endpointText(segment.sourceAddress.text, segment.sourcePort);
    const target = endpointText(segment.targetAddress.text, segment.targetPort);
    // Both directions are one connection, and the first packet seen of it gives its order.
    if (this.#passedOver.has(`${target} > ${source}`)) return;
    this.#passedOver.add(`${source} > ${target}`);
  }

  #other(packet: Packet, kind: string): void {
    if (kind === "tcp-fragment") this.#laterFragments += 1;
    else if (kind === "tunnel") this.#tunnelled += 1;
    else if (kind === "cut" || kind === "malformed") {
      this.#unreadable += 1;
      if (kind === "cut") this.#cut += 1;
    } else if (kind !== "other") {
      this.#hosts.other(packet, this.#segment, this.#lastUs - (this.#firstUs ?? 0));
    }
  }

  get #wantsRows(): boolean {
    return this.#rows.length < this.#rowsMax || this.#options.onConnection !== undefined;
  }

  #ended(flow: () => Flow): void {
    this.#over += 1;
    if (!this.#wantsRows) return;
    const { onConnection } = this.#options;
    const isKept = this.#rows.length < this.#rowsMax;
    const row = rowOf(flow(), this.#over, this.#firstUs ?? 0);
    if (isKept) this.#rows.push(row);
    onConnection?.(row);
  }

  #notes(checksums: ChecksumSummary): string[] {
    const notes: string[] = checksumNotes(checksums);
    const tracker = this.#tracker;
    if (this.#firstFragments > 0 || this.#laterFragments > 0) {
      notes.push(
        `IP fragments: ${plural(this.#firstFragments, "first one")} read, ${plural(this.#laterFragments, "later one")} without a TCP header only counted`,
      );
    }
    if (this.#unreadable > 0) {
      notes.push(
        `${plural(this.#unreadable, "packet")} ${this.#unreadable === 1 ? "is cut or contradicts itself and was" : "are cut or contradict themselves and were"} not read`,
      );
    }
    if (this.#backward > 0) {
      notes.push(
        `the capture time went back at ${plural(this.#backward, "packet")}; ${this.#backward === 1 ? "it was" : "they were"} read as simultaneous with the one before`,
      );
    }
    for (const [tunnel, count] of this.#inTunnels) {
      notes.push(`${plural(count, "TCP packet")} came in a tunnel: ${TUNNEL_NAMES[tunnel]}`);
    }
    if (this.#tunnelled > 0) {
      notes.push(
        `${plural(this.#tunnelled, "packet")} ${this.#tunnelled === 1 ? "is" : "are"} in tunnels that cannot be followed: what TCP is in them was not read`,
      );
    }
    notes.push(...copyNotes(this.#copies).map(({ message }) => message));
    const { doubledRuns } = this.#hosts;
    if (doubledRuns > 0) {
      notes.push(
        `connections come once more with the sequence numbers of both ends (${plural(doubledRuns, "time")}): the recording is doubled, because a restart of one end does not make the other repeat its own`,
      );
    }
    if (tracker.midstream > 0) {
      const one = tracker.midstream === 1;
      notes.push(
        `of ${plural(tracker.midstream, "connection")} the SYN was not seen: ${one ? "it" : "they"} began before the capture, or had been silent for longer than 2 × MSL; the ${one ? "ISN is" : "ISNs are"} not known, and who is the client is a guess`,
      );
    }
    if (tracker.foldedEarly > 0) {
      notes.push(
        `${grouped(tracker.foldedEarly)} connections were forgotten early to bound the memory`,
      );
    }
    for (const [id, count] of this.#collector.dropped) {
      notes.push(`${grouped(count)} further cases of ${id} concern other hosts and are not listed`);
    }
    return notes;
  }

  /** One object that hands each event to the judges that take it. */
  #events(): CaptureEvents {
    const judges = this.#judges;
    const opened = judges.filter((judge) => judge.opened);
    const isnChosen = judges.filter((judge) => judge.isnChosen);
    const connected = judges.filter((judge) => judge.connected);
    const timestamps = this.#timestamps;
    return {
      opened: (event) => {
        timestamps.opened(event);
        for (const judge of opened) judge.opened?.(event);
        event.flow.clientHost = this.#hosts.opened(
          event,
          this.#identification,
          this.#tracker.hasLosses,
        );
      },
      challenged: (event) => {
        for (const judge of judges) judge.challenged?.(event);
      },
      wronglyAnswered: (event) => {
        for (const judge of judges) judge.wronglyAnswered?.(event);
      },
      connected: (event) => {
        this.#answered += 1;
        timestamps.connected(event);
        const { flow, attempt, segment } = event;
        flow.clientHost?.answered(attempt.opening, segment.sequence);
        attempt.opening = 0;
        for (const judge of connected) judge.connected?.(event);
      },
      failed: (event) => {
        if (isAnswered(event.attempt)) this.#answered += 1;
        else timestamps.unanswered(event);
        for (const judge of judges) judge.failed?.(event);
      },
      resetAnswered: (event) => {
        for (const judge of judges) judge.resetAnswered?.(event);
      },
      resetIgnored: (event) => {
        for (const judge of judges) judge.resetIgnored?.(event);
      },
      secondSynAck: (event) => {
        for (const judge of judges) judge.secondSynAck?.(event);
      },
      isnChosen: (event) => {
        for (const judge of isnChosen) judge.isnChosen?.(event);
      },
      booted: (event) => {
        for (const judge of judges) judge.booted?.(event);
      },
      misfit: (event) => {
        for (const judge of judges) judge.misfit?.(event);
      },
      staleAccepted: (event) => {
        for (const judge of judges) judge.staleAccepted?.(event);
      },
      keepalive: (event) => {
        for (const judge of judges) judge.keepalive?.(event);
      },
      extraAck: (event) => {
        for (const judge of judges) judge.extraAck?.(event);
      },
      finAckedInSteps: (event) => {
        for (const judge of judges) judge.finAckedInSteps?.(event);
      },
    };
  }
}

/** Something came back for the SYN, whatever it was. */
function isAnswered(attempt: Incarnation): boolean {
  const { challenges, wrongAcks, refusals, wrongResets, strayAnswers } = attempt;
  return challenges + wrongAcks + refusals + wrongResets + strayAnswers > 0;
}
