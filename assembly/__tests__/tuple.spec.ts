/** The messages behind the numbers, built here byte by byte from their description. */
import { io } from "../memory";
import { MESSAGE_END, siphash } from "../siphash";
import {
  isnHash,
  LABEL_DESTINATION,
  LABEL_TIMESTAMP,
  select4,
  select6,
  selectLocalPort,
  setKey,
  tupleHash,
} from "../tuple";

const KEY_LOW: u64 = 0x0706050403020100;
const KEY_HIGH: u64 = 0x0f0e0d0c0b0a0908;

const LOCAL: u32 = 0x0a4d_0002;
const REMOTE: u32 = 0xc0a8_01fe;

const text: usize = memory.data(64, 8);
let length: u32 = 0;

function begin(): void {
  length = 0;
}

function put(value: u32): void {
  store<u8>(text + length, <u8>value);
  length++;
}

function putLabel(label: string): void {
  for (let i = 0; i < label.length; i++) put(label.charCodeAt(i));
}

/** Ports and IPv4 addresses are little-endian. */
function putPort(port: u32): void {
  put(port & 255);
  put(port >> 8);
}

function putAddress4(a: u32, b: u32, c: u32, d: u32): void {
  put(d);
  put(c);
  put(b);
  put(a);
}

/** 16 bytes that count up from `first`. */
function putAddress6(first: u32): void {
  for (let i: u32 = 0; i < 16; i++) put(first + i);
}

/** SipHash of the text, by its own padding: whole words, and the length in the last byte. */
function hashed(): u64 {
  const start = MESSAGE_END - (((length >> 3) + 1) << 3);
  for (let at = start; at < MESSAGE_END; at++) {
    const i = <u32>(at - start);
    store<u8>(at, i < length ? load<u8>(text + i) : 0);
  }
  store<u8>(MESSAGE_END - 1, <u8>length);
  return siphash(start);
}

/** The same two addresses in the I/O buffer: local from 0x20, remote from 0xe0. */
function fillIo(): void {
  for (let i: u32 = 0; i < 16; i++) {
    store<u8>(io + i, <u8>(0x20 + i));
    store<u8>(io + 16 + i, <u8>(0xe0 + i));
  }
}

describe("the messages of IPv4", () => {
  beforeEach(() => {
    setKey(KEY_LOW, KEY_HIGH);
  });

  it("of an ISN is local address, remote address, local port, remote port, `isn`", () => {
    select4(LOCAL, 49153, REMOTE, 25);
    const hash = isnHash();
    begin();
    putAddress4(10, 77, 0, 2);
    putAddress4(192, 168, 1, 254);
    putPort(49153);
    putPort(25);
    putLabel("isn");
    expect<u32>(length).toBe(15);
    expect<u64>(hash).toBe(hashed());
  });

  it("of a timestamp is the same before `tsv`", () => {
    select4(LOCAL, 49153, REMOTE, 25);
    const hash = tupleHash(LABEL_TIMESTAMP);
    begin();
    putAddress4(10, 77, 0, 2);
    putAddress4(192, 168, 1, 254);
    putPort(49153);
    putPort(25);
    putLabel("tsv");
    expect<u64>(hash).toBe(hashed());
  });

  it("of a destination is the same before `dst`, with local port 0", () => {
    select4(LOCAL, 49153, REMOTE, 443);
    selectLocalPort(0);
    const hash = tupleHash(LABEL_DESTINATION);
    begin();
    putAddress4(10, 77, 0, 2);
    putAddress4(192, 168, 1, 254);
    putPort(0);
    putPort(443);
    putLabel("dst");
    expect<u64>(hash).toBe(hashed());
  });

  it("keeps every bit at the ends of the ranges", () => {
    select4(0xffff_ffff, 65535, 0xffff_ffff, 65535);
    let hash = isnHash();
    begin();
    for (let i = 0; i < 12; i++) put(255);
    putLabel("isn");
    expect<u64>(hash).toBe(hashed());
    select4(0, 0, 0, 0);
    hash = isnHash();
    begin();
    for (let i = 0; i < 12; i++) put(0);
    putLabel("isn");
    expect<u64>(hash).toBe(hashed());
    select4(0x8000_0001, 0x8001, 0x8000_0001, 0x8001);
    hash = isnHash();
    begin();
    for (let i = 0; i < 2; i++) putAddress4(128, 0, 0, 1);
    for (let i = 0; i < 2; i++) putPort(0x8001);
    putLabel("isn");
    expect<u64>(hash).toBe(hashed());
  });

  it("changes with the local port that is selected later, and comes back with it", () => {
    select4(LOCAL, 1, REMOTE, 80);
    selectLocalPort(51234);
    const later = isnHash();
    select4(LOCAL, 51234, REMOTE, 80);
    expect<u64>(isnHash()).toBe(later);
    selectLocalPort(51235);
    expect<u64>(isnHash()).not.toBe(later);
    selectLocalPort(51234);
    expect<u64>(isnHash()).toBe(later);
  });

  it("tells the two ends apart", () => {
    select4(LOCAL, 1000, REMOTE, 2000);
    const there = isnHash();
    select4(REMOTE, 2000, LOCAL, 1000);
    expect<u64>(isnHash()).not.toBe(there);
  });
});

describe("the messages of IPv6", () => {
  beforeEach(() => {
    setKey(KEY_LOW, KEY_HIGH);
    fillIo();
  });

  it("of an ISN is local address, remote address, local port, remote port, `isn`", () => {
    select6(49153, 25);
    const hash = isnHash();
    begin();
    putAddress6(0x20);
    putAddress6(0xe0);
    putPort(49153);
    putPort(25);
    putLabel("isn");
    expect<u32>(length).toBe(39);
    expect<u64>(hash).toBe(hashed());
  });

  it("of a timestamp is the same before `tsv`", () => {
    select6(49153, 25);
    const hash = tupleHash(LABEL_TIMESTAMP);
    begin();
    putAddress6(0x20);
    putAddress6(0xe0);
    putPort(49153);
    putPort(25);
    putLabel("tsv");
    expect<u64>(hash).toBe(hashed());
  });

  it("of a destination is the same before `dst`, with local port 0", () => {
    select6(49153, 443);
    selectLocalPort(0);
    const hash = tupleHash(LABEL_DESTINATION);
    begin();
    putAddress6(0x20);
    putAddress6(0xe0);
    putPort(0);
    putPort(443);
    putLabel("dst");
    expect<u64>(hash).toBe(hashed());
  });

  it("depends on every byte of both addresses", () => {
    select6(49153, 25);
    const whole = isnHash();
    for (let i: u32 = 0; i < 32; i++) {
      store<u8>(io + i, load<u8>(io + i) ^ 1);
      select6(49153, 25);
      expect<u64>(isnHash()).not.toBe(whole, `byte ${i.toString()}`);
      store<u8>(io + i, load<u8>(io + i) ^ 1);
    }
    select6(49153, 25);
    expect<u64>(isnHash()).toBe(whole);
  });

  it("leaves nothing of a longer message behind in a shorter one", () => {
    select6(49153, 25);
    isnHash();
    const after6 = tupleHash(LABEL_TIMESTAMP);
    tupleHash(LABEL_DESTINATION);
    expect<u64>(tupleHash(LABEL_TIMESTAMP)).toBe(after6);
    select4(LOCAL, 7, REMOTE, 9);
    const after4 = isnHash();
    select6(1, 2);
    isnHash();
    select4(LOCAL, 7, REMOTE, 9);
    expect<u64>(isnHash()).toBe(after4);
  });
});

describe("the key", () => {
  it("changes every hash with either half", () => {
    select4(LOCAL, 1, REMOTE, 2);
    setKey(KEY_LOW, KEY_HIGH);
    const here = isnHash();
    setKey(KEY_LOW ^ 1, KEY_HIGH);
    expect<u64>(isnHash()).not.toBe(here);
    setKey(KEY_LOW, KEY_HIGH ^ 1);
    expect<u64>(isnHash()).not.toBe(here);
  });
});
