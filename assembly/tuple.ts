/**
 * The tuple that the current call is about, and its keyed hashes. A message is local address, remote
 * address, local port, remote port, and a label of three bytes; every message of a label and family
 * has one length, so no two tuples share a message. IPv4 addresses and ports are little-endian numbers
 * in it: two words and no byte loop, for this is the path of every connection.
 */
import { copyWords, io } from "./memory";
import { MESSAGE_END, setHashKey, siphash } from "./siphash";

/** Labels keep the uses of the one key apart; as little-endian numbers: "isn", "tsv", "dst". */
const LABEL_ISN: u32 = 0x6e_73_69;
export const LABEL_TIMESTAMP: u32 = 0x76_73_74;
export const LABEL_DESTINATION: u32 = 0x74_73_64;

/** A tuple is selected with the label of its ISN, the commonest; its length stands behind it. */
const LABEL: usize = MESSAGE_END - 4;
const ISN4: u32 = LABEL_ISN | (15 << 24);
const ISN6: u32 = LABEL_ISN | (39 << 24);
const REMOTE_PORT: usize = MESSAGE_END - 6;
const LOCAL_PORT: usize = MESSAGE_END - 8;
/** Where the message of a tuple starts, in either family. */
const START4: usize = MESSAGE_END - 16;
const START6: usize = MESSAGE_END - 40;

export let k0: u64 = 0;
export let k1: u64 = 0;

/** The hash that gives the selected tuple's ISN offset (low 32 bits) and names it in the table. */
export let hash: u64 = 0;

let start: usize = 0;

export function setKey(low: u64, high: u64): void {
  k0 = low;
  k1 = high;
  setHashKey(low, high);
}

export function select4(localAddress: u32, port: u32, remoteAddress: u32, peerPort: u32): void {
  store<u32>(START4, localAddress);
  store<u32>(START4 + 4, remoteAddress);
  selectPorts(START4, port, peerPort, ISN4);
}

/** Addresses are taken from the I/O buffer: 16 bytes local, 16 bytes remote. */
export function select6(port: u32, peerPort: u32): void {
  copyWords(START6, io, 32);
  selectPorts(START6, port, peerPort, ISN6);
}

/** Changes the local port of the selected tuple; 0 stands for the destination alone. */
export function selectLocalPort(port: u32): void {
  store<u16>(LOCAL_PORT, port);
}

export function localPort(): u32 {
  return load<u16>(LOCAL_PORT);
}

/** SipHash-2-4(key, tuple | label). */
export function tupleHash(label: u32): u64 {
  relabel(label);
  const hash = siphash(start);
  relabel(label);
  return hash;
}

/** The hash of the selected tuple's ISN, which is not kept: for the path of every connection. */
export function isnHash(): u64 {
  return siphash(start);
}

export function keepHash(given: u64): void {
  hash = given;
}

/** From the ISN's label to another one, or back. */
function relabel(label: u32): void {
  store<u32>(LABEL, load<u32>(LABEL) ^ LABEL_ISN ^ label);
}

function selectPorts(at: usize, port: u32, peerPort: u32, label: u32): void {
  start = at;
  store<u32>(LABEL, label);
  store<u16>(LOCAL_PORT, port);
  store<u16>(REMOTE_PORT, peerPort);
}
