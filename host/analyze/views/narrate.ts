/**
 * Tells a session packet by packet: each number absolute and relative, where the next number comes
 * from, why an acknowledgement is one more than it seems, and who is in TIME_WAIT until when.
 */
import { ACK, FIN, PSH, RST, SYN } from "../../capture/segment.ts";
import { formatDurationUs } from "../../core/duration.ts";
import { serialAdd, serialDistance } from "../../core/serial.ts";
import type { Half } from "../../tracking/half.ts";
import { stateOf } from "../../tracking/peer-state.ts";
import type { SeenPacket } from "../analysis.ts";
import { connectionOf, plural } from "../wording.ts";

const PACKETS_MAX = 2000;
const LINUX_TIME_WAIT_US = 60_000_000;

export class Narrator {
  readonly #lines: string[] = [];
  #packets = 0;
  #connection = "";
  readonly #twoMslUs: number;

  /** `twoMslUs`: how long TIME_WAIT lasts by the RFC, in microseconds. */
  constructor(twoMslUs: number) {
    this.#twoMslUs = twoMslUs;
  }

  /** Takes a packet after the tracker has. */
  readonly packet = (seen: SeenPacket): void => {
    this.#packets += 1;
    if (this.#packets > PACKETS_MAX) return;
    const connection = connectionOf(seen.flow);
    if (connection !== this.#connection) this.#lines.push(`${connection}`);
    this.#connection = connection;
    this.#lines.push(
      `  ${headOf(seen)}`,
      ...sentences(seen, this.#twoMslUs).map((text) => `      ${text}`),
    );
  };

  lines(): readonly string[] {
    const more = this.#packets - PACKETS_MAX;
    if (more <= 0) return this.#lines;
    return [
      ...this.#lines,
      `… and ${plural(more, "more packet")}; narrow it with --connection or --from and --to`,
    ];
  }
}

function headOf({ packet, segment, sender, flow, firstUs }: SeenPacket): string {
  const { client, server } = flow.current;
  const [half, other] = sender === "client" ? [client, server] : [server, client];
  const seconds = ((packet.timeUs - firstUs) / 1e6).toFixed(6);
  const sequence = `seq ${segment.sequence}${relative(segment.sequence, half)}`;
  const isAck = (segment.flags & ACK) !== 0;
  const ack = isAck
    ? `  ack ${segment.acknowledgement}${relative(segment.acknowledgement, other)}`
    : "";
  const ts = segment.hasTimestamps ? `  TSval ${segment.tsval}` : "";
  return `#${packet.frame}  ${seconds} s  ${sender.padEnd(6)}  ${flagsOf(segment.flags)}  ${sequence}${ack}  length ${segment.payloadLength}${ts}`;
}

function relative(number: number, half: Half): string {
  return half.isn === undefined ? "" : ` (relative ${(number - half.isn) >>> 0})`;
}

const FLAG_NAMES: readonly (readonly [number, string])[] = [
  [SYN, "SYN"],
  [FIN, "FIN"],
  [RST, "RST"],
  [PSH, "PSH"],
  [ACK, "ACK"],
];

function flagsOf(flags: number): string {
  const names = FLAG_NAMES.filter(([bit]) => (flags & bit) !== 0).map(([, name]) => name);
  return names.length === 0 ? "no flags" : names.join("+");
}

function sentences(seen: SeenPacket, twoMslUs: number): string[] {
  const { segment, flow, step } = seen;
  const attempt = flow.current;
  const isn = attempt.client.isn ?? 0;
  const next = serialAdd(isn, 1);
  switch (step) {
    case "syn":
      return [
        `asks for a connection; its ISN is ${isn}. The SYN uses one number, so the next is ${next}.`,
      ];
    case "syn-again":
      return [`the same SYN again (number ${attempt.syns}): no answer that fits has come.`];
    case "syn-ack":
      return [
        `accepts: ack ${segment.acknowledgement} is the client's ISN + 1, because the SYN uses one number. Its own ISN is ${segment.sequence}, so its next number is ${serialAdd(segment.sequence, 1)}.`,
      ];
    case "challenge":
      return [
        `a plain ACK of ${segment.acknowledgement}, not of ISN + 1 = ${next}: the server still holds an older connection, which expects ${segment.acknowledgement} next. It does not accept the SYN.`,
      ];
    case "wrong-ack":
      return [
        `a SYN-ACK of ${segment.acknowledgement}, but ISN + 1 is ${next}: it belongs to another connection.`,
      ];
    case "stray":
      return [
        `comes from another address or port than the SYN went to: it was not translated back, and the client turns it down.`,
      ];
    case "rst":
      return [resetSentence(seen)];
    case "segment":
      return segmentSentences(seen, twoMslUs);
  }
}

function resetSentence({ segment, flow }: SeenPacket): string {
  const { challenge, connected } = flow.current;
  if (challenge && segment.sequence === challenge.acknowledgement && !connected) {
    return `the RST carries the number ${segment.sequence} of the plain ACK: the server drops its old connection, and the next SYN can succeed.`;
  }
  return "ends the connection at once; nobody is in TIME_WAIT after a RST.";
}

function segmentSentences(
  { segment, flow, sender, packet, firstUs }: SeenPacket,
  twoMslUs: number,
): string[] {
  const { current } = flow;
  const [half, other] =
    sender === "client" ? [current.client, current.server] : [current.server, current.client];
  const { sequence, payloadLength, flags } = segment;
  const lines: string[] = [];
  if (half.misfit?.frame === packet.frame) {
    const { field, seen, due } = half.misfit;
    return [`${field} ${seen} does not fit: ${due} was due (${serialDistance(due, seen)} off).`];
  }
  if (payloadLength > 0) lines.push(dataSentence(sequence, payloadLength));
  if ((flags & FIN) !== 0) {
    lines.push(
      `the FIN says that nothing follows; it uses one number (${half.finSequence}), so the ACK of it is ${serialAdd(half.finSequence, 1)}.`,
    );
  }
  if ((flags & ACK) !== 0) lines.push(ackSentence(segment.acknowledgement, other));
  const isPure = payloadLength === 0 && (flags & (FIN | SYN | RST)) === 0;
  if (isPure && sequence === serialAdd(half.next, -1)) {
    lines.push("its number is one below the next: a keep-alive, which asks for an ACK.");
  }
  // Told once: at the packet that the side which closed first gets.
  if (current.bothFins && sender !== current.closedFirst)
    lines.push(...timeWaitSentence(flow, packet.timeUs - firstUs, twoMslUs));
  return lines;
}

function dataSentence(sequence: number, length: number): string {
  const next = serialAdd(sequence, length);
  return `${plural(length, "byte")}, numbers ${sequence} to ${serialAdd(next, -1)}; the next number is ${next} = seq + length (it is not in the packet).`;
}

function ackSentence(acknowledgement: number, other: Half): string {
  const base = `ack ${acknowledgement}: everything before it has arrived`;
  if (other.fin && acknowledgement === serialAdd(other.finSequence, 1)) {
    return `${base}, the FIN included, which is why it is one more than the data.`;
  }
  if (other.isn !== undefined && acknowledgement === serialAdd(other.isn, 1)) {
    return `${base}: the SYN (+ 1), and no data so far.`;
  }
  const missing = other.sent ? serialDistance(acknowledgement, other.next) : 0;
  return missing > 0
    ? `${base}; ${plural(missing, "number")} sent so far ${missing === 1 ? "is" : "are"} still open.`
    : `${base}.`;
}

function timeWaitSentence(flow: SeenPacket["flow"], sinceUs: number, twoMslUs: number): string[] {
  const side = flow.current.closedFirst;
  if (side === undefined || stateOf(flow.current, side) !== "TIME_WAIT") return [];
  const linux = formatDurationUs(sinceUs + LINUX_TIME_WAIT_US);
  const rfc = formatDurationUs(sinceUs + twoMslUs);
  return [
    `the ${side} closed first and is in TIME_WAIT now: on Linux until ${linux} into the capture, by the RFC (2 × MSL) until ${rfc}.`,
  ];
}
