/** One connection of a capture, summed up for people and programs. */
import { TUNNEL_NAMES } from "../capture/segment.ts";
import { type Tuple, tupleKey } from "../core/tuple.ts";
import type { Flow, Side } from "../tracking/flow.ts";
import type { Half } from "../tracking/half.ts";
import { stateOf, type TcpState } from "../tracking/peer-state.ts";

export interface SideRow {
  /** Absolute, u32; undefined if its SYN was not seen. */
  readonly isn: number | undefined;
  /** One past the highest number used, u32; undefined if it sent nothing. */
  readonly next: number | undefined;
  readonly packets: number;
  readonly bytes: number;
  readonly fin: boolean;
  /** When its first FIN was seen, in microseconds since 1970. */
  readonly finUs: number | undefined;
  /** Times that packets before one are missing from the capture. */
  readonly gaps: number;
  /** Highest TSval, u32. */
  readonly tsval: number | undefined;
  readonly state: TcpState;
}

export type Outcome =
  | "connected"
  | "refused-by-ack"
  | "wrong-ack"
  | "wrong-rst"
  | "answered-elsewhere"
  | "reset"
  | "no-answer";

export interface ConnectionRow {
  /** Counted from 1, in the order in which connections were over. */
  readonly number: number;
  /** Client first. */
  readonly tuple: Tuple;
  /** The tunnel that its packets came in: `VXLAN`. */
  readonly tunnel?: string;
  /** The same as text, as findings name it. */
  readonly connection: string;
  /** Which connection of the 4-tuple it is, counted from 1. */
  readonly incarnation: number;
  /** False if the capture does not show the SYN, so that the roles are a guess. */
  readonly sawSyn: boolean;
  readonly firstFrame: number;
  readonly lastFrame: number;
  /** Times are microseconds since 1970: the first SYN, the fitting SYN-ACK, the last packet. */
  readonly openedUs: number;
  readonly connectedUs: number | undefined;
  readonly lastUs: number;
  readonly syns: number;
  readonly outcome: Outcome;
  readonly client: SideRow;
  readonly server: SideRow;
  readonly closedFirst: Side | undefined;
  readonly resetBy: Side | undefined;
  readonly resetUs: number | undefined;
  /** Plain ACKs and SYN-ACKs of something else that answered the SYN. */
  readonly challenges: number;
  readonly wrongAcks: number;
  readonly keepalives: number;
  readonly longestSilenceUs: number;
}

/** The row of the current incarnation of `flow`; `baseUs` is the time of the first packet. */
export function rowOf(flow: Flow, number: number, baseUs: number): ConnectionRow {
  const { current } = flow;
  const tuple = flow.tuple();
  // Data with the SYN-ACK missing from the capture: it stood, but since when is not known.
  const isConnected = current.connectedUs > 0;
  const isRefused = !current.connected && current.refusals > 0;
  const standingUs = current.resetBy === undefined ? undefined : current.resetUs;
  const resetUs = isRefused ? current.refusedUs : standingUs;
  return {
    number,
    tuple,
    ...(current.tunnel === 0 ? {} : { tunnel: TUNNEL_NAMES[current.tunnel] ?? "tunnel" }),
    connection: tupleKey(tuple),
    incarnation: flow.incarnations,
    sawSyn: current.sawSyn,
    firstFrame: current.openedFrame,
    lastFrame: current.lastFrame,
    openedUs: baseUs + current.openedUs,
    connectedUs: isConnected ? baseUs + current.connectedUs : undefined,
    lastUs: baseUs + current.lastUs,
    syns: current.syns,
    outcome: outcomeOf(flow),
    client: sideRow(current.client, stateOf(current, "client"), baseUs),
    server: sideRow(current.server, stateOf(current, "server"), baseUs),
    closedFirst: current.closedFirst,
    resetBy: isRefused ? "server" : current.resetBy,
    resetUs: resetUs === undefined ? undefined : baseUs + resetUs,
    challenges: current.challenges,
    wrongAcks: current.wrongAcks,
    keepalives: current.keepalives,
    longestSilenceUs: current.longestSilenceUs,
  };
}

function outcomeOf({ current }: Flow): Outcome {
  if (current.connected) return "connected";
  if (current.refusals > 0) return "reset";
  if (current.wrongAcks > 0) return "wrong-ack";
  if (current.challenges > 0) return "refused-by-ack";
  if (current.strayAnswers > 0) return "answered-elsewhere";
  return current.wrongResets > 0 ? "wrong-rst" : "no-answer";
}

function sideRow(half: Half, state: TcpState, baseUs: number): SideRow {
  return {
    isn: half.isn,
    next: half.sent ? half.next : undefined,
    packets: half.packets,
    bytes: half.bytes,
    fin: half.fin,
    finUs: half.fin ? baseUs + half.finUs : undefined,
    gaps: half.gaps,
    tsval: half.hasTsval ? half.tsval : undefined,
    state,
  };
}
