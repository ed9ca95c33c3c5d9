/** Writes a capture of many short connections for the benchmark: 10 packets each, about 100 bytes. */
import { closeSync, openSync, writeSync } from "node:fs";

export const PACKETS_PER_CONNECTION = 10;
const CLIENTS = 500;
const CONNECTIONS_PER_SECOND = 1000;

const FLAG = { fin: 1, syn: 2, psh: 8, ack: 16 };

/** Writes `packets` packets (a multiple of 10) to `path`; the same bytes every time. */
export function writeBenchCapture(path, packets) {
  const file = openSync(path, "w");
  const header = Buffer.alloc(24);
  header.writeUInt32LE(0xa1b2c3d4, 0);
  header.writeUInt16LE(2, 4);
  header.writeUInt16LE(4, 6);
  header.writeUInt32LE(262_144, 16);
  header.writeUInt32LE(1, 20);
  writeSync(file, header);
  const random = generator(1);
  const connections = packets / PACKETS_PER_CONNECTION;
  let chunks = [];
  for (let i = 0; i < connections; i++) {
    chunks.push(connection(i, random));
    if (chunks.length < 1000 && i < connections - 1) continue;
    writeSync(file, Buffer.concat(chunks));
    chunks = [];
  }
  closeSync(file);
}

function connection(i, random) {
  const client = i % CLIENTS;
  const port = 10_000 + (Math.floor(i / CLIENTS) % 50_000);
  const [c, s] = [random(), random()];
  const startUs = Math.floor((i * 1e6) / CONNECTIONS_PER_SECOND);
  const steps = [
    [0, FLAG.syn, c, 0, 0],
    [1, FLAG.syn | FLAG.ack, s, c + 1, 0],
    [0, FLAG.ack, c + 1, s + 1, 0],
    [0, FLAG.ack | FLAG.psh, c + 1, s + 1, 120],
    [1, FLAG.ack, s + 1, c + 121, 0],
    [1, FLAG.ack | FLAG.psh, s + 1, c + 121, 200],
    [0, FLAG.ack, c + 121, s + 201, 0],
    [1, FLAG.ack | FLAG.fin, s + 201, c + 121, 0],
    [0, FLAG.ack | FLAG.fin, c + 121, s + 202, 0],
    [1, FLAG.ack, s + 202, c + 122, 0],
  ];
  return Buffer.concat(
    steps.map((step, n) => packet(client, port, startUs + 20 * n, step, 10_000 + i)),
  );
}

function packet(
  client,
  port,
  timeUs,
  [fromServer, flags, sequence, acknowledgement, length],
  tsval,
) {
  const size = 14 + 20 + 32 + length;
  const bytes = Buffer.alloc(16 + size);
  bytes.writeUInt32LE(1_700_000_000 + Math.floor(timeUs / 1e6), 0);
  bytes.writeUInt32LE(timeUs % 1e6, 4);
  bytes.writeUInt32LE(size, 8);
  bytes.writeUInt32LE(size, 12);
  const ip = 16 + 14;
  bytes.writeUInt16BE(0x0800, ip - 2);
  bytes[ip] = 0x45;
  bytes.writeUInt16BE(size - 14, ip + 2);
  bytes[ip + 8] = 64;
  bytes[ip + 9] = 6;
  const clientAddress = 0x0a01_0000 + client;
  const serverAddress = 0x0a00_0001;
  bytes.writeUInt32BE(fromServer ? serverAddress : clientAddress, ip + 12);
  bytes.writeUInt32BE(fromServer ? clientAddress : serverAddress, ip + 16);
  const tcp = ip + 20;
  bytes.writeUInt16BE(fromServer ? 443 : port, tcp);
  bytes.writeUInt16BE(fromServer ? port : 443, tcp + 2);
  bytes.writeUInt32BE(sequence >>> 0, tcp + 4);
  bytes.writeUInt32BE(acknowledgement >>> 0, tcp + 8);
  bytes[tcp + 12] = 8 << 4;
  bytes[tcp + 13] = flags;
  bytes.writeUInt16BE(64_240, tcp + 14);
  bytes.writeUInt32BE(0x0101_080a, tcp + 20);
  bytes.writeUInt32BE(tsval, tcp + 24);
  bytes.writeUInt32BE(tsval, tcp + 28);
  // Right checksums, as most captures have them: isnkit verifies them, tshark by default does not.
  bytes.writeUInt16BE(~sum16(bytes, ip, tcp, 0) & 0xffff, ip + 10);
  const pseudo = sum16(bytes, ip + 12, tcp, 6 + size - 34);
  bytes.writeUInt16BE(~sum16(bytes, tcp, bytes.length, pseudo) & 0xffff, tcp + 16);
  return bytes;
}

/** One's complement sum of 16-bit words, folded; the lengths here are even. */
function sum16(bytes, from, end, start) {
  let sum = start;
  for (let at = from; at < end; at += 2) sum += bytes.readUInt16BE(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return sum;
}

/** xorshift32: the same numbers on every machine. */
function generator(seed) {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}
