/** What a diagnosis is, and what it is given. Each is one file in `diagnoses/`, named after its id. */
import type { CaptureEvents } from "../tracking/capture-events.ts";
import type { Flow, Side } from "../tracking/flow.ts";
import type { PawsEvidence } from "./host-timestamps.ts";

export const DIAGNOSIS_IDS = [
  "stale-segment-accepted",
  "sequence-bit-flip",
  "synack-wrong-ack",
  "synack-off-by-one",
  "synack-for-earlier-syn",
  "synack-from-elsewhere",
  "rst-not-acceptable",
  "rst-challenge-loop",
  "rst-ignored",
  "port-pool-wrap",
  "isn-repeats-after-boot",
  "ports-restart-after-boot",
  "isn-repeats-on-tuple",
  "timewait-never-reopened",
  "timewait-timestamp-behind",
  "timewait-reused-isn",
  "timewait-isn-too-far",
  "timewait-isn-behind",
  "halfopen-challenge-ack",
  "quiet-time-broken",
  "paws-per-host",
  "syn-dropped-on-the-way",
  "syn-ignored",
  "isn-predictable",
  "boot-detected",
  "connection-refused",
  "second-synack",
  "rst-rescue",
  "timewait-reuse-ok",
  "keepalive",
  "fin-acked-in-two-steps",
  "extra-ack-after-handshake",
] as const;

export type DiagnosisId = (typeof DIAGNOSIS_IDS)[number];

/**
 * `fault`: connections fail by it, or will; `information`: worth knowing; `harmless`: looks odd, and
 * is right. Only a fault makes the exit code 1.
 */
export type Severity = "fault" | "information" | "harmless";

/** What a finding blames that blames no host: a router, NAT, firewall or line. */
export const THE_WAY = "the way";

/** `certain`: the packets show it; `likely`, `possible`: they fit, and `settle` says what is missing. */
export type Confidence = "certain" | "likely" | "possible";

/** One number of the evidence, u32 unless the name says otherwise, and the frame that carries it. */
export interface NumberEvidence {
  readonly name: string;
  readonly value: number;
  readonly frame?: number;
}

/** What a judge hands in. Findings of the same rule and group are counted together. */
export interface FindingDraft {
  readonly group: string;
  /** Overrides the severity of the rule. */
  readonly severity?: Severity;
  readonly confidence: Confidence;
  /** One sentence that names the cause, with the addresses. */
  readonly summary: string;
  /** One to three sentences: what the packets show, and what follows. */
  readonly detail: string;
  readonly frames: readonly number[];
  /** Microseconds since the capture's first packet. */
  readonly timeUs: number;
  readonly numbers?: readonly NumberEvidence[];
  /** Signed distance mod 2^32 from the number that was due, or used before, to the one seen. */
  readonly distance?: number;
  /** Time between the two events that the finding is about, in microseconds. */
  readonly elapsedUs?: number;
  /** The connection, as `client > server`. */
  readonly connection?: string;
  readonly host?: string;
  /** Address of the host that is at fault, or `THE_WAY` for what lies between; absent if nobody is, or it is open. */
  readonly blames?: string;
  /** tshark display filter that shows the packets. */
  readonly filter: string;
  /** What a longer or other capture would settle. */
  readonly settle?: string;
  /** How many cases this draft stands for; 1 unless given. */
  readonly count?: number;
  /** It takes the place of the last draft of its group, from more evidence: the same case. */
  readonly revises?: boolean;
}

export type Report = (draft: FindingDraft) => void;

/** What the judges may ask about the capture as a whole. */
export interface CaptureContext {
  /** Whether that side's address has sent any TCP packet, in whatever connection. */
  heardFrom(flow: Flow, side: Side): boolean;
  /** Packets are missing from the capture: what was not seen may have been there. */
  hasLosses(): boolean;
  /** What the timestamps of the client tell about the silence of a server (host-timestamps.ts). */
  pawsOf(flow: Flow): PawsEvidence | undefined;
  /** The host's last restart, in microseconds since the first packet; undefined if none was found. */
  lastBootUs(host: string): number | undefined;
  /** The host's openings repeat those before a boot that was told. */
  isRestarting(host: string): boolean;
  readonly twoMslUs: number;
}

export type DiagnosisJudge = Partial<CaptureEvents> & {
  /** Called once at the end. */
  finish?(): void;
};

export interface Diagnosis {
  readonly id: DiagnosisId;
  readonly severity: Severity;
  /** What it is, in one sentence. */
  readonly title: string;
  /** Why it happens, and why it matters: for people who have not met it. */
  readonly explanation: string;
  /** RFC clause. */
  readonly clause: string;
  /** What the author of the firmware (or the network) does about it. */
  readonly remedy: string;
  start(report: Report, context: CaptureContext): DiagnosisJudge;
}
