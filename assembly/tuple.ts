/**
 * The tuple that the current call is about, and its keyed hashes. Messages are byte strings in
 * network order: a label, local address, local port, remote address, remote port. Every message of a
 * label and family has one length, so no two tuples share a message.
 */
import { copyBytes, io, message } from "./memory";
import { pad, siphash } from "./siphash";

/** Labels keep the uses of the one key apart; as little-endian numbers, with their length in bits. */
const LABEL_ISN: u64 = 0x6e_73_69;
const LABEL_ISN_BITS: u64 = 24;
export const LABEL_TIMESTAMP: u64 = 0x73_74;
export const LABEL_DESTINATION: u64 = 0x64_70;
export const LABEL_SHORT_BITS: u64 = 16;

export let k0: u64 = 0;
export let k1: u64 = 0;

let v6: bool = false;
/** IPv4: the 12 bytes of the tuple, the first 8 in `head`, the last 4 in `tail`. */
let head: u64 = 0;
let tail: u64 = 0;
let localPort: u32 = 0;
let remotePort: u32 = 0;

export function setKey(low: u64, high: u64): void {
  k0 = low;
  k1 = high;
}

export function select4(localAddress: u32, port: u32, remoteAddress: u32, peerPort: u32): void {
  const remote: u64 = <u64>bswap<u32>(remoteAddress);
  v6 = false;
  head = <u64>bswap<u32>(localAddress) | (swap16(port) << 32) | (remote << 48);
  tail = (remote >> 16) | (swap16(peerPort) << 16);
}

/** Addresses are taken from the I/O buffer: 16 bytes local, 16 bytes remote. */
export function select6(port: u32, peerPort: u32): void {
  v6 = true;
  localPort = port;
  remotePort = peerPort;
}

/** Changes the local port of the selected tuple; 0 stands for the destination alone. */
export function selectLocalPort(port: u32): void {
  localPort = port;
  head = (head & 0xffff_0000_ffff_ffff) | (swap16(port) << 32);
}

/** SipHash-2-4(key, label | tuple). */
export function tupleHash(label: u64, labelBits: u64): u64 {
  const labelBytes = <u32>(labelBits >> 3);
  if (v6) {
    store<u64>(message, label);
    let at = message + labelBytes;
    copyBytes(at, io, 16);
    putPort(at + 16, localPort);
    copyBytes(at + 18, io + 16, 16);
    putPort(at + 34, remotePort);
    return siphash(k0, k1, message, pad(message, labelBytes + 36));
  }
  // 12 bytes of tuple behind the label fill two words up to the length byte: no byte loop here,
  // this is the path of every connection.
  store<u64>(message, label | (head << labelBits));
  store<u64>(
    message + 8,
    (head >> (64 - labelBits)) | (tail << labelBits) | ((<u64>(labelBytes + 12)) << 56),
  );
  return siphash(k0, k1, message, 2);
}

/** The hash that gives the tuple's ISN offset (low 32 bits) and names it in the table. */
export function isnHash(): u64 {
  return tupleHash(LABEL_ISN, LABEL_ISN_BITS);
}

function swap16(port: u32): u64 {
  return <u64>(((port & 0xff) << 8) | ((port >> 8) & 0xff));
}

function putPort(at: usize, port: u32): void {
  store<u8>(at, <u8>(port >> 8));
  store<u8>(at + 1, <u8>port);
}
