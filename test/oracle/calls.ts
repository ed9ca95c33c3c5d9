/** The module's calls for a tuple, whatever its family. */
import type { Exports } from "./machine.ts";

const LOCAL = 0x0a4d0002;

export interface Peer {
  readonly family: 4 | 6;
  readonly remote: number;
  readonly port: number;
}

/** The destinations of a life. */
export const PEERS: readonly Peer[] = [
  { family: 4, remote: 0x0a4d0001, port: 25 },
  { family: 4, remote: 0xc0a80105, port: 443 },
  { family: 6, remote: 0x20010db8, port: 443 },
];

export function tupleOf(to: number, port: number): number {
  return to * 65536 + port;
}

export class Calls {
  private readonly x: Exports;

  constructor(exports: Exports) {
    this.x = exports;
  }

  private peer(to: number): Peer {
    const peer = PEERS[to];
    if (peer === undefined) throw new RangeError(`no destination ${to}`);
    if (peer.family === 6) this.putAddresses(to);
    return peer;
  }

  private putAddresses(to: number): void {
    const buffer = new Uint8Array(this.x.memory.buffer, this.x.ioBuffer() >>> 0, 32);
    buffer.fill(0);
    buffer.set([0x20, 1, 0x0d, 0xb8, 1], 0);
    buffer[15] = 2;
    buffer.set([0x20, 1, 0x0d, 0xb8, 2], 16);
    buffer[31] = to + 1;
  }

  isn(to: number, port: number): number {
    const peer = this.peer(to);
    return peer.family === 4
      ? this.x.isn4(LOCAL, port, peer.remote, peer.port) >>> 0
      : this.x.isn6(port, peer.port) >>> 0;
  }

  timestamp(to: number, port: number): number {
    const peer = this.peer(to);
    return peer.family === 4
      ? this.x.timestamp4(LOCAL, port, peer.remote, peer.port) >>> 0
      : this.x.timestamp6(port, peer.port) >>> 0;
  }

  port(to: number): number {
    const peer = this.peer(to);
    return peer.family === 4
      ? this.x.port4(LOCAL, peer.remote, peer.port) >>> 0
      : this.x.port6(peer.port) >>> 0;
  }

  advance(to: number, port: number, next: number): number {
    const peer = this.peer(to);
    return peer.family === 4
      ? this.x.advance4(LOCAL, port, peer.remote, peer.port, next) >>> 0
      : this.x.advance6(port, peer.port, next) >>> 0;
  }

  close(to: number, port: number, next: number, peerNext: number, peerTsval: number): number {
    const peer = this.peer(to);
    return peer.family === 4
      ? this.x.close4(LOCAL, port, peer.remote, peer.port, next, peerNext, peerTsval, 1) >>> 0
      : this.x.close6(port, peer.port, next, peerNext, peerTsval, 1) >>> 0;
  }

  syn(to: number, port: number, seq: number, tsval: number, flags: number): number {
    const peer = this.peer(to);
    return peer.family === 4
      ? this.x.syn4(LOCAL, port, peer.remote, peer.port, seq, tsval, flags) >>> 0
      : this.x.syn6(port, peer.port, seq, tsval, flags) >>> 0;
  }

  get canAbandon(): boolean {
    return this.x.abandon4 !== undefined && this.x.abandon6 !== undefined;
  }

  abandon(to: number, port: number): number {
    const peer = this.peer(to);
    const { abandon4, abandon6 } = this.x;
    if (abandon4 === undefined || abandon6 === undefined) return 0;
    return peer.family === 4
      ? abandon4(LOCAL, port, peer.remote, peer.port) >>> 0
      : abandon6(port, peer.port) >>> 0;
  }
}
