/** SipHash-2-4 on BigInt, straight from the paper's text, to check the module against. */
const MASK = (1n << 64n) - 1n;

function rotl(x: bigint, n: bigint): bigint {
  return ((x << n) | (x >> (64n - n))) & MASK;
}

function word(bytes: Uint8Array, at: number, count: number): bigint {
  let value = 0n;
  for (let i = 0; i < count; i++) value |= BigInt(bytes[at + i] ?? 0) << BigInt(8 * i);
  return value;
}

export function sipHash24(key: Uint8Array, message: Uint8Array): bigint {
  const k0 = word(key, 0, 8);
  const k1 = word(key, 8, 8);
  const v: [bigint, bigint, bigint, bigint] = [
    k0 ^ 0x736f6d6570736575n,
    k1 ^ 0x646f72616e646f6dn,
    k0 ^ 0x6c7967656e657261n,
    k1 ^ 0x7465646279746573n,
  ];
  const round = () => {
    v[0] = (v[0] + v[1]) & MASK;
    v[1] = rotl(v[1], 13n) ^ v[0];
    v[0] = rotl(v[0], 32n);
    v[2] = (v[2] + v[3]) & MASK;
    v[3] = rotl(v[3], 16n) ^ v[2];
    v[0] = (v[0] + v[3]) & MASK;
    v[3] = rotl(v[3], 21n) ^ v[0];
    v[2] = (v[2] + v[1]) & MASK;
    v[1] = rotl(v[1], 17n) ^ v[2];
    v[2] = rotl(v[2], 32n);
  };
  const whole = Math.floor(message.length / 8);
  for (let i = 0; i <= whole; i++) {
    const rest = i === whole ? message.length % 8 : 8;
    let m = word(message, 8 * i, rest);
    if (i === whole) m |= BigInt(message.length & 255) << 56n;
    v[3] ^= m;
    round();
    round();
    v[0] ^= m;
  }
  v[2] ^= 0xffn;
  for (let i = 0; i < 4; i++) round();
  return v[0] ^ v[1] ^ v[2] ^ v[3];
}

/** The low 32 bits, as the module uses them for offsets. */
export function sipHashLow(key: Uint8Array, message: Uint8Array): number {
  return Number(sipHash24(key, message) & 0xffff_ffffn);
}
