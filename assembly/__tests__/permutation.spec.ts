import { permute } from "../permutation";
import { setKey } from "../tuple";

const SIZE_MAX: u32 = 65536;
/** One byte for each value that a permutation has given. */
const seen = new StaticArray<u8>(65536);

/** Values of the whole ring that repeat or lie outside; 0 for a bijection. */
function faults(tweak: u64, size: u32): u32 {
  for (let i: u32 = 0; i < size; i++) seen[i] = 0;
  let wrong: u32 = 0;
  for (let index: u32 = 0; index < size; index++) {
    const value = permute(tweak, index, size);
    if (value >= size || seen[value] != 0) wrong++;
    else seen[value] = 1;
  }
  return wrong;
}

/** How many places of the ring two tweaks send to the same value. */
function agreements(one: u64, other: u64, size: u32): u32 {
  let equal: u32 = 0;
  for (let i: u32 = 0; i < size; i++) {
    if (permute(one, i, size) == permute(other, i, size)) equal++;
  }
  return equal;
}

describe("the keyed permutation", () => {
  beforeEach(() => {
    setKey(0x0706050403020100, 0x0f0e0d0c0b0a0908);
  });

  it("is a bijection for every ring of 1 to 300 ports", () => {
    for (let size: u32 = 1; size <= 300; size++) {
      expect<u32>(faults(0x1234_5678_9abc_def0 + size, size)).toBe(0, `size ${size.toString()}`);
    }
  });

  it("is a bijection beside every square, where rows and columns change", () => {
    for (let root: u32 = 18; root <= 40; root++) {
      expect<u32>(faults(root, root * root - 1)).toBe(0, `below the square of ${root.toString()}`);
      expect<u32>(faults(root, root * root)).toBe(0, `at the square of ${root.toString()}`);
      expect<u32>(faults(root, root * root + 1)).toBe(0, `above the square of ${root.toString()}`);
    }
  });

  it("is a bijection for the rings that devices use, up to all 65,536 numbers", () => {
    expect<u32>(faults(1, 1000)).toBe(0);
    expect<u32>(faults(2, 3976)).toBe(0);
    expect<u32>(faults(3, 16384)).toBe(0);
    expect<u32>(faults(4, 64512)).toBe(0);
    expect<u32>(faults(5, SIZE_MAX)).toBe(0);
  });

  it("is a bijection for extreme tweaks and keys", () => {
    expect<u32>(faults(0, 997)).toBe(0);
    expect<u32>(faults(u64.MAX_VALUE, 997)).toBe(0);
    setKey(0, 1);
    expect<u32>(faults(0, 997)).toBe(0);
    setKey(u64.MAX_VALUE, u64.MAX_VALUE);
    expect<u32>(faults(u64.MAX_VALUE, 997)).toBe(0);
  });

  it("gives the same value again for the same key, tweak and place", () => {
    for (let i: u32 = 0; i < 100; i++) {
      expect<u32>(permute(7, i, 64512)).toBe(permute(7, i, 64512));
    }
  });

  it("gives every destination a ring of its own: two tweaks agree no more than by chance", () => {
    // One agreement is the mean of two random permutations; ten or more have odds below 1 in 10^6.
    for (let bit: u64 = 0; bit < 64; bit++) {
      expect<u32>(agreements(0, (<u64>1) << bit, 500)).toBeLessThan(10, `bit ${bit.toString()}`);
    }
  });

  it("gives every device a ring of its own: two keys agree no more than by chance", () => {
    const here = new StaticArray<u32>(500);
    for (let i: u32 = 0; i < 500; i++) here[i] = permute(9, i, 500);
    for (let half = 0; half < 2; half++) {
      setKey(0x0706050403020100 ^ (half == 0 ? 1 : 0), 0x0f0e0d0c0b0a0908 ^ (half == 1 ? 1 : 0));
      let equal: u32 = 0;
      for (let i: u32 = 0; i < 500; i++) if (permute(9, i, 500) == here[i]) equal++;
      expect<u32>(equal).toBeLessThan(10);
    }
  });

  it("is not a rotation: the step from one port to the next does not repeat", () => {
    let repeated: u32 = 0;
    const first = permute(11, 1, 64512) - permute(11, 0, 64512);
    for (let i: u32 = 1; i < 1000; i++) {
      if (permute(11, i + 1, 64512) - permute(11, i, 64512) == first) repeated++;
    }
    expect<u32>(repeated).toBeLessThan(3);
  });

  it("spreads the first port of many destinations evenly, incomplete last row included", () => {
    // 21 places in rows of 5: the last row holds one. 210 draws each, standard deviation 14.
    const counts = new StaticArray<u32>(21);
    for (let tweak: u64 = 0; tweak < 4410; tweak++) counts[permute(tweak, 0, 21)]++;
    for (let place = 0; place < 21; place++) {
      expect<u32>(counts[place]).toBeGreaterThan(140, `place ${place.toString()}`);
      expect<u32>(counts[place]).toBeLessThan(280, `place ${place.toString()}`);
    }
  });
});
