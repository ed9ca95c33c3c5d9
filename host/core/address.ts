import { isIPv4, isIPv6 } from "node:net";
import { UsageError } from "./errors.ts";

/** An IP address, parsed once. `text` is canonical (RFC 5952 for IPv6) and fit for comparing. */
export type Address = Ipv4Address | Ipv6Address;

export interface Ipv4Address {
  readonly family: 4;
  readonly text: string;
  /** The address as a number: 10.77.0.2 is 0x0a4d0002. */
  readonly value: number;
}

export interface Ipv6Address {
  readonly family: 6;
  readonly text: string;
  /** 16 bytes in network order. */
  readonly bytes: Uint8Array;
}

/** Parses an IPv4 or IPv6 address (no zone, no port). */
export function parseAddress(text: string): Address {
  if (isIPv4(text)) {
    const [a = 0, b = 0, c = 0, d = 0] = text.split(".").map(Number);
    return ipv4(((a << 24) | (b << 16) | (c << 8) | d) >>> 0);
  }
  if (isIPv6(text) && !text.includes("%")) return ipv6(ipv6Bytes(text));
  throw new UsageError(
    "bad-address",
    `${JSON.stringify(text)} is not an IP address`,
    "give an IPv4 or IPv6 address such as 10.77.0.2 or fd00::2",
  );
}

export function ipv4(value: number): Ipv4Address {
  const text = `${value >>> 24}.${(value >>> 16) & 255}.${(value >>> 8) & 255}.${value & 255}`;
  return { family: 4, text, value: value >>> 0 };
}

export function ipv6(bytes: Uint8Array): Ipv6Address {
  return { family: 6, text: ipv6Text(bytes), bytes };
}

function ipv6Bytes(text: string): Uint8Array {
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  let source = text;
  if (dotted) {
    const tail = parseAddress(dotted[2] ?? "");
    const value = tail.family === 4 ? tail.value : 0;
    source = `${dotted[1]}${(value >>> 16).toString(16)}:${(value & 0xffff).toString(16)}`;
  }
  const [head = "", tail] = source.split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  const groups = [...left, ...Array(8 - left.length - right.length).fill("0"), ...right];
  const bytes = new Uint8Array(16);
  groups.forEach((group, i) => {
    const value = Number.parseInt(group, 16);
    bytes[2 * i] = value >> 8;
    bytes[2 * i + 1] = value & 255;
  });
  return bytes;
}

/** RFC 5952: lower case, no leading zeros, the longest run of two or more zero groups as `::`. */
function ipv6Text(bytes: Uint8Array): string {
  const groups = Array.from(
    { length: 8 },
    (_, i) => ((bytes[2 * i] ?? 0) << 8) | (bytes[2 * i + 1] ?? 0),
  );
  let best = { start: 0, length: 1 };
  for (let start = 0; start < 8; start++) {
    let length = 0;
    while (start + length < 8 && groups[start + length] === 0) length++;
    if (length > best.length) best = { start, length };
  }
  const hex = groups.map((group) => group.toString(16));
  if (best.length < 2) return hex.join(":");
  return `${hex.slice(0, best.start).join(":")}::${hex.slice(best.start + best.length).join(":")}`;
}
