/** NIST SP 800-90B §4.4: health tests at their cutoffs, in windows of 512 samples. */
import { Reason } from "../abi";
import { drawKey, keyHigh, keyLow } from "../entropy";
import { MESSAGE_END, setHashKey, siphash } from "../siphash";
import { isnHash, select4, setKey } from "../tuple";
import { setSample, setSamplesLeft } from "./bench";

const SAMPLES: u32 = 1024;
const samples: usize = memory.data(1024, 8);

function put(index: u32, value: u32): void {
  store<u8>(samples + index, <u8>value);
  setSample(index, value);
}

/** Samples of which none repeats within 256, so no test comes near its cutoff. */
function healthySamples(): void {
  for (let i: u32 = 0; i < SAMPLES; i++) put(i, i * 167 + 13);
  setSamplesLeft(SAMPLES);
}

/** `count` equal samples from `from` on; their neighbours differ. */
function run(from: u32, count: u32): void {
  for (let i = from; i < from + count; i++) put(i, 0xa5);
  if (from != 0) put(from - 1, 0x5a);
  put(from + count, 0x5a);
}

/**
 * `count` of a window's samples equal its first one, never more than three in a row: every fourth
 * sample is another one, and so are the last ones. Up to 384 fit.
 */
function equalToFirst(window: u32, count: u32): void {
  let placed: u32 = 0;
  for (let i: u32 = 0; i < 512; i++) {
    const take = (i & 3) != 3 && placed < count;
    put(window + i, take ? 0xa5 : 0x10 + (i & 63));
    if (take) placed++;
  }
}

describe("the repetition count test (SP 800-90B §4.4.1)", () => {
  beforeEach(healthySamples);

  it("passes 30 equal samples in a row and fails 31", () => {
    run(100, 30);
    expect<u32>(drawKey()).toBe(Reason.NONE);
    run(100, 31);
    setSamplesLeft(SAMPLES);
    expect<u32>(drawKey()).toBe(Reason.ENTROPY_UNHEALTHY);
  });

  it("starts with the first sample and ends with the last", () => {
    for (let i: u32 = 0; i < 31; i++) put(i, 0xa5);
    put(31, 0x5a);
    expect<u32>(drawKey()).toBe(Reason.ENTROPY_UNHEALTHY);
    healthySamples();
    for (let i = SAMPLES - 31; i < SAMPLES; i++) put(i, 0xa5);
    expect<u32>(drawKey()).toBe(Reason.ENTROPY_UNHEALTHY);
    put(SAMPLES - 31, 0x5a);
    setSamplesLeft(SAMPLES);
    expect<u32>(drawKey()).toBe(Reason.NONE);
  });

  it("counts on over the seam of two windows", () => {
    run(500, 31);
    expect<u32>(drawKey()).toBe(Reason.ENTROPY_UNHEALTHY);
    put(512, 0x11);
    setSamplesLeft(SAMPLES);
    expect<u32>(drawKey()).toBe(Reason.NONE);
  });

  it("fails a source that is stuck, at any value", () => {
    for (let value: u32 = 0; value < 256; value += 51) {
      for (let i: u32 = 0; i < SAMPLES; i++) put(i, value);
      setSamplesLeft(SAMPLES);
      expect<u32>(drawKey()).toBe(Reason.ENTROPY_UNHEALTHY, `stuck at ${value.toString()}`);
    }
  });

  it("starts anew with each key: the end of one run does not count for the next", () => {
    for (let i: u32 = 0; i < 20; i++) put(i, 0xa5);
    for (let i = SAMPLES - 20; i < SAMPLES; i++) put(i, 0xa5);
    expect<u32>(drawKey()).toBe(Reason.NONE);
    setSamplesLeft(SAMPLES);
    expect<u32>(drawKey()).toBe(Reason.NONE);
  });
});

describe("the adaptive proportion test (SP 800-90B §4.4.2)", () => {
  beforeEach(healthySamples);

  it("passes 324 of 512 samples equal to the first and fails 325", () => {
    equalToFirst(0, 324);
    expect<u32>(drawKey()).toBe(Reason.NONE);
    equalToFirst(0, 325);
    setSamplesLeft(SAMPLES);
    expect<u32>(drawKey()).toBe(Reason.ENTROPY_UNHEALTHY);
  });

  it("holds in the second window too", () => {
    equalToFirst(512, 324);
    expect<u32>(drawKey()).toBe(Reason.NONE);
    equalToFirst(512, 325);
    setSamplesLeft(SAMPLES);
    expect<u32>(drawKey()).toBe(Reason.ENTROPY_UNHEALTHY);
  });

  it("counts each window for itself", () => {
    equalToFirst(0, 324);
    equalToFirst(512, 324);
    expect<u32>(drawKey()).toBe(Reason.NONE);
  });

  it("fails a source of which only one bit moves, and seldom", () => {
    for (let i: u32 = 0; i < SAMPLES; i++) put(i, i % 3 == 2 ? 1 : 0);
    expect<u32>(drawKey()).toBe(Reason.ENTROPY_UNHEALTHY);
  });
});

describe("the source", () => {
  beforeEach(healthySamples);

  it("is absent when it gives nothing, or one sample too few", () => {
    setSamplesLeft(0);
    expect<u32>(drawKey()).toBe(Reason.ENTROPY_ABSENT);
    setSamplesLeft(511);
    expect<u32>(drawKey()).toBe(Reason.ENTROPY_ABSENT);
    setSamplesLeft(1023);
    expect<u32>(drawKey()).toBe(Reason.ENTROPY_ABSENT);
    setSamplesLeft(1024);
    expect<u32>(drawKey()).toBe(Reason.NONE);
  });
});

describe("the key", () => {
  beforeEach(healthySamples);

  it("takes in every 32 samples of both windows, each under the halves so far", () => {
    drawKey();
    let low: u64 = 0;
    let high: u64 = 0;
    for (let piece: u32 = 0; piece < SAMPLES; piece += 32) {
      for (let i: u32 = 0; i < 32; i++) {
        store<u8>(MESSAGE_END - 40 + i, load<u8>(samples + piece + i));
      }
      store<u64>(MESSAGE_END - 8, (<u64>32) << 56);
      setHashKey(low, high);
      low = siphash(MESSAGE_END - 40);
      setHashKey(high, low);
      high = siphash(MESSAGE_END - 40);
    }
    expect<u64>(keyLow).toBe(low);
    expect<u64>(keyHigh).toBe(high);
  });

  it("leaves the device's own key in use, drawn or refused", () => {
    setKey(7, 9);
    select4(1, 2, 3, 4);
    const before = isnHash();
    drawKey();
    select4(1, 2, 3, 4);
    expect<u64>(isnHash()).toBe(before);
    setSamplesLeft(0);
    expect<u32>(drawKey()).toBe(Reason.ENTROPY_ABSENT);
    select4(1, 2, 3, 4);
    expect<u64>(isnHash()).toBe(before);
  });

  it("changes in both halves with any one sample", () => {
    drawKey();
    const low = keyLow;
    const high = keyHigh;
    for (let i: u32 = 0; i < SAMPLES; i += 31) {
      healthySamples();
      put(i, load<u8>(samples + i) ^ 1);
      expect<u32>(drawKey()).toBe(Reason.NONE);
      expect<u64>(keyLow).not.toBe(low, `sample ${i.toString()}`);
      expect<u64>(keyHigh).not.toBe(high, `sample ${i.toString()}`);
    }
    healthySamples();
    drawKey();
    expect<u64>(keyLow).toBe(low);
    expect<u64>(keyHigh).toBe(high);
  });
});
