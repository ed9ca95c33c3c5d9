import { coarseNow, followCounter, setRate, startClock, uptime } from "../clock";
import { Counter, get, resetCounters } from "../counters";
import { setCounter } from "./bench";

/** From the slowest counter to the fastest; the usual crystals between. */
const RATES: StaticArray<u32> = [
  32, 33, 100, 1000, 32_768, 48_000, 249_999, 250_000, 250_001, 1_000_000, 12_000_000, 72_000_000,
  133_000_000, 168_000_000, 480_000_000, 2_000_000_000,
];

let count: u32 = 0;

function start(hz: u32, from: u32): void {
  resetCounters();
  setRate(hz);
  count = from;
  setCounter(from);
  startClock();
}

function step(by: u32): u64 {
  count += by;
  setCounter(count);
  return followCounter();
}

/** Uptime after `total` counter steps, followed in pieces of at most `piece`. */
function uptimeAfter(hz: u32, total: u64, piece: u32): u64 {
  start(hz, 0xffff_ff00);
  for (let left = total; left > 0; ) {
    const now = <u32>min<u64>(left, piece);
    step(now);
    left -= now;
  }
  return uptime;
}

describe("the counter's rate", () => {
  it("is 32 Hz to 2 GHz, and what is refused changes nothing", () => {
    for (let i = 0; i < RATES.length; i++) expect<bool>(setRate(RATES[i])).toBe(true);
    start(250_000, 0);
    expect<bool>(setRate(0)).toBe(false);
    expect<bool>(setRate(31)).toBe(false);
    expect<bool>(setRate(2_000_000_001)).toBe(false);
    expect<bool>(setRate(0xffff_ffff)).toBe(false);
    expect<u64>(step(123)).toBe(123);
  });

  it("makes one tick of 4 µs from one count at 250 kHz, and from four at 1 MHz", () => {
    start(250_000, 0);
    expect<u64>(step(1)).toBe(1);
    expect<u64>(step(123_456)).toBe(123_456);
    start(1_000_000, 0);
    expect<u64>(step(3)).toBe(0);
    expect<u64>(step(1)).toBe(1);
    expect<u64>(step(4_000_000)).toBe(1_000_000);
  });

  it("makes 7,812 ticks from the first count of a 32 Hz counter, and keeps the rest", () => {
    start(32, 0);
    expect<u64>(step(1)).toBe(7_812);
    expect<u64>(step(1)).toBe(7_813);
  });

  it("never runs fast, and loses less than a tick in 2^32 counts and one at the end", () => {
    for (let i = 0; i < RATES.length; i++) {
      const hz = RATES[i];
      const counts = <u64>hz * 3600;
      const ticks = uptimeAfter(hz, counts, 0x7fff_ffff);
      expect<u64>(ticks).toBeLessThanOrEqual(900_000_000, `${hz.toString()} Hz`);
      const lost = (counts >> 32) + 2;
      expect<u64>(ticks).toBeGreaterThanOrEqual(900_000_000 - lost, `${hz.toString()} Hz`);
    }
  });
});

describe("time that passes in pieces", () => {
  it("adds up to exactly the same, however it is cut: no remainder is lost", () => {
    for (let i = 0; i < RATES.length; i++) {
      const hz = RATES[i];
      const whole = uptimeAfter(hz, 300_000, 300_000);
      expect<u64>(uptimeAfter(hz, 300_000, 1)).toBe(whole, `${hz.toString()} Hz by 1`);
      expect<u64>(uptimeAfter(hz, 300_000, 7)).toBe(whole, `${hz.toString()} Hz by 7`);
      expect<u64>(uptimeAfter(hz, 300_000, 9973)).toBe(whole, `${hz.toString()} Hz by 9973`);
    }
  });

  it("is returned piece by piece: the pieces sum to the uptime", () => {
    start(32_768, 17);
    let sum: u64 = 0;
    for (let i: u32 = 0; i < 10_000; i++) sum += step(i & 31);
    expect<u64>(sum).toBe(uptime);
    // 312 rounds of 496 counts and one of 120.
    expect<u64>(uptime).toBe((<u64>154_872 * 250_000) / 32_768);
  });

  it("stands still while the counter does", () => {
    start(1_000_000, 5);
    step(400);
    expect<u64>(step(0)).toBe(0);
    expect<u64>(uptime).toBe(100);
    expect<u32>(get(Counter.CLOCK_FAULTS)).toBe(0);
  });

  it("starts at 0 with each boot, whatever the counter and the last boot left", () => {
    start(1_000_000, 0);
    step(4_000_003);
    start(1_000_000, 0xdead_beef);
    expect<u64>(uptime).toBe(0);
    expect<u64>(step(3)).toBe(0);
    expect<u64>(step(1)).toBe(1);
  });
});

describe("a counter that wraps", () => {
  it("goes on over 2^32 and over 2^31", () => {
    start(250_000, 0xffff_fff0);
    expect<u64>(step(0x20)).toBe(0x20);
    start(250_000, 0x7fff_fff0);
    expect<u64>(step(0x20)).toBe(0x20);
    expect<u32>(get(Counter.CLOCK_FAULTS)).toBe(0);
  });

  it("is followed over many wraps when it is read at least once per half wrap", () => {
    start(250_000, 0);
    for (let i = 0; i < 20; i++) expect<u64>(step(0x7fff_ffff)).toBe(0x7fff_ffff);
    expect<u64>(uptime).toBe(20 * 0x7fff_ffff);
  });

  it("keeps 64 bits of time at the highest rates and the longest steps", () => {
    for (let i = 0; i < RATES.length; i++) {
      const hz = RATES[i];
      start(hz, 0);
      for (let k = 0; k < 100; k++) step(0x7fff_ffff);
      const exact = ((<u64>0x7fff_ffff * 100) / hz) * 250_000;
      // Within the last second, and within 2^-30 for the rate.
      expect<u64>(uptime).toBeGreaterThanOrEqual(exact - (exact >> 30) - 1, `${hz.toString()} Hz`);
      expect<u64>(uptime).toBeLessThanOrEqual(exact + 250_000, `${hz.toString()} Hz`);
    }
  });

  it("counts no time, and a fault, for a step of half its range or more: late or backwards", () => {
    start(250_000, 1000);
    expect<u64>(step(0x8000_0000)).toBe(0);
    expect<u32>(get(Counter.CLOCK_FAULTS)).toBe(1);
    expect<u64>(step(0xffff_ffff)).toBe(0);
    expect<u32>(get(Counter.CLOCK_FAULTS)).toBe(2);
    expect<u64>(uptime).toBe(0);
  });

  it("is followed from its new place after a fault", () => {
    start(250_000, 1000);
    step(10);
    step(0xffff_ff00);
    expect<u64>(step(5)).toBe(5);
    expect<u64>(uptime).toBe(15);
    expect<u32>(get(Counter.CLOCK_FAULTS)).toBe(1);
  });
});

describe("coarse time", () => {
  it("counts 256 ticks, 1.024 ms, as one", () => {
    start(250_000, 0);
    expect<u32>(coarseNow()).toBe(0);
    step(255);
    expect<u32>(coarseNow()).toBe(0);
    step(1);
    expect<u32>(coarseNow()).toBe(1);
    step(250_000 * 60 - 256);
    expect<u32>(coarseNow()).toBe(58_593);
  });
});
