/** Writes TCP sessions packet by packet, with absolute numbers, and analyses them. */
import { join } from "node:path";
import type { AnalysisOptions } from "../../host/analyze/analysis.ts";
import { analyzeCapture } from "../../host/analyze/analyze-capture.ts";
import { FIXTURES, START } from "./captures.ts";
import {
  be32,
  ethernet,
  FLAG,
  inChunks,
  ipv4,
  pcapFile,
  type RecordFields,
  tcp,
  timestamps,
} from "./packets.ts";

export interface Fields {
  readonly flags: number;
  readonly sequence: number;
  readonly acknowledgement?: number;
  readonly length?: number;
  /** TSval and TSecr. */
  readonly ts?: readonly [number, number];
  /** First byte of the payload, to tell payloads apart. */
  readonly fill?: number;
  readonly spoil?: (packet: Uint8Array) => void;
}

export interface Link {
  readonly client: readonly number[];
  readonly clientPort: number;
  readonly server: readonly number[];
  readonly serverPort: number;
}

export const LINK: Link = {
  client: [10, 77, 0, 2],
  clientPort: 31001,
  server: [10, 77, 0, 1],
  serverPort: 25,
};

export const { syn, ack, fin, rst, psh } = FLAG;

/** A capture in the making. Times are seconds since its start; they only go on. */
export class Recording {
  readonly records: RecordFields[] = [];
  readonly link: Link;
  #us = 0;

  constructor(link: Partial<Link> = {}) {
    this.link = { ...LINK, ...link };
  }

  /** Moves the clock on. */
  wait(seconds: number): this {
    this.#us += Math.round(seconds * 1e6);
    return this;
  }

  client(fields: Fields, link: Partial<Link> = {}): this {
    const { client, clientPort, server, serverPort } = { ...this.link, ...link };
    return this.#push(fields, { source: client, target: server }, clientPort, serverPort);
  }

  server(fields: Fields, link: Partial<Link> = {}): this {
    const { client, clientPort, server, serverPort } = { ...this.link, ...link };
    return this.#push(fields, { source: server, target: client }, serverPort, clientPort);
  }

  /** Any other Ethernet frame. */
  frame(data: Uint8Array): this {
    this.records.push({ data, timeUs: START + this.#us });
    this.#us += 20;
    return this;
  }

  /** Handshake, `length` bytes from the client, both FINs, the server's first. Numbers: ISNs. */
  session(isn: number, serverIsn: number, options: SessionOptions = {}): this {
    const { link = {}, length = 18, close = "server", ts } = options;
    const u = (value: number) => value >>> 0;
    const c = ts === undefined ? {} : { ts: [ts, 700] as const };
    const s = ts === undefined ? {} : { ts: [700, ts] as const };
    this.client({ flags: syn, sequence: u(isn), ...c }, link);
    this.server({ flags: syn | ack, sequence: serverIsn, acknowledgement: u(isn + 1), ...s }, link);
    const mine = u(serverIsn + 1);
    this.client({ flags: ack, sequence: u(isn + 1), acknowledgement: mine, ...c }, link);
    const end = u(isn + 1 + length);
    this.client(
      { flags: ack | psh, sequence: u(isn + 1), acknowledgement: mine, length, ...c },
      link,
    );
    this.server({ flags: ack, sequence: mine, acknowledgement: end, ...s }, link);
    if (close === "none") return this;
    if (close === "server") {
      this.server({ flags: ack | fin, sequence: mine, acknowledgement: end, ...s }, link);
      this.client({ flags: ack | fin, sequence: end, acknowledgement: u(mine + 1), ...c }, link);
      const last = u(end + 1);
      return this.server({ flags: ack, sequence: u(mine + 1), acknowledgement: last, ...s }, link);
    }
    this.client({ flags: ack | fin, sequence: end, acknowledgement: mine, ...c }, link);
    this.server({ flags: ack | fin, sequence: mine, acknowledgement: u(end + 1), ...s }, link);
    return this.client(
      { flags: ack, sequence: u(end + 1), acknowledgement: u(mine + 1), ...c },
      link,
    );
  }

  /** A SYN that the server answers with a plain ACK. */
  refused(isn: number, s: number, r: number, link: Partial<Link> = {}): this {
    this.client({ flags: syn, sequence: isn }, link);
    return this.server({ flags: ack, sequence: s, acknowledgement: r }, link);
  }

  file(): Uint8Array {
    return pcapFile(this.records);
  }

  #push(
    fields: Fields,
    ends: { source: readonly number[]; target: readonly number[] },
    sourcePort: number,
    targetPort: number,
  ): this {
    const { flags, sequence, acknowledgement = 0, length = 0, ts, fill = 65, spoil } = fields;
    const payload = new Uint8Array(length).fill(fill);
    const options = ts ? timestamps(...ts) : [];
    const segment = tcp(
      { sourcePort, targetPort, sequence, acknowledgement, flags, payload, options },
      ends,
    );
    const data = ethernet(ipv4(segment, ends));
    spoil?.(data);
    return this.frame(data);
  }
}

export interface SessionOptions {
  readonly link?: Partial<Link>;
  readonly length?: number;
  readonly close?: "server" | "client" | "none";
  /** TSval of the client. */
  readonly ts?: number;
}

/** An ARP probe for `address` (RFC 5227). */
export function arpProbe(address: readonly number[]): Uint8Array {
  const mac = [2, 0, 0, 0, 0, 2];
  const body = [0, 1, 8, 0, 6, 4, 0, 1, ...mac, ...be32(0), 0, 0, 0, 0, 0, 0, ...address];
  return ethernet(Uint8Array.from(body), [0x08, 0x06]);
}

/** The findings of a recording, of bytes, or of a fixture by name. */
export async function diagnose(
  source: Recording | Uint8Array | string,
  options: AnalysisOptions = {},
) {
  const bytes = source instanceof Recording ? source.file() : source;
  const from = typeof bytes === "string" ? join(FIXTURES, bytes) : inChunks(bytes, 50_000);
  const result = await analyzeCapture(from, options);
  const rules = result.findings.map(({ rule }) => rule);
  const finding = (rule: string) => {
    const found = result.findings.find((one) => one.rule === rule);
    if (!found) throw new Error(`${rule} was not found, only ${rules.join(", ")}`);
    return found;
  };
  return { ...result, rules: [...new Set(rules)], finding };
}
