import { crc32 } from "../crc32";

const bytes: usize = memory.data(64, 8);

function putText(text: string): u32 {
  for (let i = 0; i < text.length; i++) store<u8>(bytes + i, <u8>text.charCodeAt(i));
  return text.length;
}

function fill(value: u8, count: u32): u32 {
  for (let i: u32 = 0; i < count; i++) store<u8>(bytes + i, value);
  return count;
}

function crcOf(text: string): u32 {
  const length = putText(text);
  return crc32(bytes, length);
}

describe("CRC-32 (IEEE 802.3)", () => {
  it("gives the check value 0xCBF43926 for the nine digits", () => {
    expect<u32>(crcOf("123456789")).toBe(0xcbf4_3926);
  });

  it("gives the known values of other texts", () => {
    expect<u32>(crcOf("a")).toBe(0xe8b7_be43);
    expect<u32>(crcOf("abc")).toBe(0x3524_41c2);
    expect<u32>(crcOf("The quick brown fox jumps over the lazy dog")).toBe(0x414f_a339);
  });

  it("gives the known values of 32 zero bytes and of 32 erased ones", () => {
    expect<u32>(crc32(bytes, fill(0, 32))).toBe(0x190a_55ad);
    expect<u32>(crc32(bytes, fill(0xff, 32))).toBe(0xff6c_ab0b);
  });

  it("takes neither erased nor zeroed memory for a structure with its CRC", () => {
    fill(0xff, 32);
    expect<u32>(crc32(bytes, 28)).not.toBe(load<u32>(bytes, 28));
    fill(0, 32);
    expect<u32>(crc32(bytes, 28)).not.toBe(load<u32>(bytes, 28));
  });

  it("notices every flip of one bit and of two bits in 28 bytes", () => {
    fill(0x5a, 28);
    const whole = crc32(bytes, 28);
    let missed = 0;
    for (let first: u32 = 0; first < 224; first++) {
      flip(first);
      if (crc32(bytes, 28) == whole) missed++;
      for (let second: u32 = first + 1; second < 224; second += 13) {
        flip(second);
        if (crc32(bytes, 28) == whole) missed++;
        flip(second);
      }
      flip(first);
    }
    expect<i32>(missed).toBe(0);
    expect<u32>(crc32(bytes, 28)).toBe(whole);
  });
});

function flip(bit: u32): void {
  const at = bytes + (bit >> 3);
  store<u8>(at, load<u8>(at) ^ <u8>((<u32>1) << (bit & 7)));
}
