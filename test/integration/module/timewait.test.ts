import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { serialAdd, serialAfter, serialDistance } from "../../../host/core/serial.ts";
import { COUNTER, REASON, SEGMENT, STATE, VERDICT } from "../../../host/module/abi.ts";
import type { IsnModule } from "../../../host/module/isn-module.ts";
import { BUILDS } from "../../support/builds.ts";
import { Lab, LOCAL, REMOTE } from "../../support/lab.ts";

const PEER = 2_000_000_000;
const PORT = 5000;

/** Closes the connection from PORT where it has got to, or just after its SYN. */
function close(module: IsnModule, next?: number, peerTsval?: number): boolean {
  const reached = next ?? module.isn4(LOCAL, PORT, REMOTE, 80) + 2;
  return closeAt(module, reached >>> 0, peerTsval);
}

function closeAt(module: IsnModule, next: number, peerTsval?: number): boolean {
  const end = { next, peerNext: PEER, ...(peerTsval === undefined ? {} : { peerTsval }) };
  return module.close4(LOCAL, PORT, REMOTE, 80, end);
}

function verdict(module: IsnModule, seq: number, tsval?: number, rst = false): number {
  const flags = (tsval === undefined ? 0 : SEGMENT.timestamps) | (rst ? SEGMENT.rst : 0);
  return module.syn4(LOCAL, PORT, REMOTE, 80, seq >>> 0, tsval ?? 0, flags);
}

describe.each(BUILDS)("TIME_WAIT of the $name build", ({ wasm }) => {
  it("puts the next ISN of a tuple after a connection that outran the clock", () => {
    const lab = new Lab({ wasm });
    const module = lab.commission();
    const isn = module.isn4(LOCAL, PORT, REMOTE, 80);
    const next = serialAdd(isn, 50_000_000);
    expect(module.advance4(LOCAL, PORT, REMOTE, 80, next)).toBe(true);
    const other = module.isn4(LOCAL, PORT + 1, REMOTE, 80);
    expect(close(module, next)).toBe(true);
    lab.wait(1_000);
    // Other tuples do not pay for it as long as this one does not come back.
    expect(serialDistance(other, module.isn4(LOCAL, PORT + 1, REMOTE, 80))).toBe(250_001);
    const again = module.isn4(LOCAL, PORT, REMOTE, 80);
    expect(serialDistance(next, again)).toBe(1);
    // Then the clock is where its ISN is.
    const caughtUp = module.isn4(LOCAL, PORT + 1, REMOTE, 80);
    expect(serialDistance(other, caughtUp)).toBeGreaterThan(49_000_000);
    lab.wait(1_000);
    expect(serialDistance(caughtUp, module.isn4(LOCAL, PORT + 1, REMOTE, 80))).toBe(250_001);
  });

  it("covers a connection that begins where one far ahead of the clock ended, and runs on", () => {
    // The first one reports; the second, at 250 kB/s and the guard, need not, and is cut at any time.
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 9_000 }),
        fc.integer({ min: 1, max: 2 ** 26 }),
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 0, max: 60_000 }),
        (before, ahead, connections, ms) => {
          const lab = new Lab({ wasm });
          lab.commission();
          const module = lab.powerOn();
          lab.wait(before);
          for (let i = 0; i < connections; i++) {
            const next = serialAdd(module.isn4(LOCAL, PORT, REMOTE, 80), ahead);
            expect(module.advance4(LOCAL, PORT, REMOTE, 80, next)).toBe(true);
            expect(closeAt(module, next)).toBe(true);
          }
          const isn = module.isn4(LOCAL, PORT, REMOTE, 80);
          lab.wait(ms);
          const used = serialAdd(isn, ms * 250 + 2 ** 18 - 1);
          const again = lab.powerOn().isn4(LOCAL, PORT, REMOTE, 80);
          return serialAfter(again, used);
        },
      ),
      { numRuns: 200 },
    );
  });

  it.each([1, 2, 3, 4, 4.7, 5, 8, 30])("lets a connection end that was open for %d h", (hours) => {
    const lab = new Lab({ wasm });
    const module = lab.commission();
    const port = module.port4(LOCAL, REMOTE, 80);
    const other = module.isn4(LOCAL, PORT, REMOTE, 80);
    const next = serialAdd(module.isn4(LOCAL, port, REMOTE, 80), 1_000);
    lab.wait(hours * 3_600_000);
    // Its numbers may lie anywhere on the ring by now, seen from the clock: they are behind.
    expect(module.close4(LOCAL, port, REMOTE, 80, { next, peerNext: PEER })).toBe(true);
    // After 4.7 h the numbers come round: the end looks 65 million ahead, and is held until the clock is past.
    const heldMs = hours === 4.7 ? 262_000 : 250_000;
    lab.wait(heldMs - 3_000);
    expect(module.counter(COUNTER.tableUsed)).toBe(hours === 4.7 ? 1 : 0);
    lab.wait(3_000);
    expect(module.counter(COUNTER.tableUsed)).toBe(0);
    const moved = (module.isn4(LOCAL, PORT, REMOTE, 80) - other) >>> 0;
    const passed = (hours * 3_600_000 + heldMs) * 250;
    // Nobody else's numbers are thrown for it: 2^27 at the most, where it looks just ahead.
    expect((moved - passed) >>> 0).toBeLessThan(2 ** 27);
  });

  it("keeps what a connection reported across a power cut at once", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 60_000_000 }), { minLength: 1, maxLength: 12 }),
        fc.boolean(),
        (steps, closed) => {
          const lab = new Lab({ wasm });
          let module = lab.commission();
          let next = module.isn4(LOCAL, PORT, REMOTE, 80);
          for (const step of steps) {
            next = serialAdd(next, step);
            expect(module.advance4(LOCAL, PORT, REMOTE, 80, next)).toBe(true);
          }
          if (closed) close(module, next);
          module = lab.powerOn();
          // What it may have sent since the report, unreported, is below the guard of 2^18.
          const used = serialAdd(next, 2 ** 18 - 1);
          expect(serialAfter(module.isn4(LOCAL, PORT, REMOTE, 80), used)).toBe(true);
        },
      ),
      { numRuns: 60 },
    );
  });

  it("lets the clock follow a connection that stays far ahead of it", () => {
    const lab = new Lab({ wasm });
    const module = lab.commission();
    const other = module.isn4(LOCAL, PORT + 1, REMOTE, 80);
    let next = module.isn4(LOCAL, PORT, REMOTE, 80);
    // 6 GiB in one connection, 32 MiB a report: more than the sequence space.
    for (let i = 0; i < 192; i++) {
      next = serialAdd(next, 2 ** 25);
      expect(module.advance4(LOCAL, PORT, REMOTE, 80, next)).toBe(true);
    }
    // It trails by 2^26: another tuple is 24 × 2^28 − 2^26 on, mod 2^32.
    const moved = (module.isn4(LOCAL, PORT + 1, REMOTE, 80) - other) >>> 0;
    expect(moved).toBe((24 * 2 ** 28 - 2 ** 26 + 2) % 2 ** 32);
    expect(close(module, next)).toBe(true);
    expect(serialDistance(next, module.isn4(LOCAL, PORT, REMOTE, 80))).toBe(1);
  });

  it("refuses a report that no connection can make, so a bad caller cannot throw the clock", () => {
    const lab = new Lab({ wasm });
    const module = lab.commission();
    const isn = module.isn4(LOCAL, PORT, REMOTE, 80);
    expect(module.advance4(LOCAL, PORT, REMOTE, 80, serialAdd(isn, 2 ** 27 + 9))).toBe(false);
    expect(module.reason()).toBe(REASON.argument);
    expect(close(module, serialAdd(isn, 2 ** 30))).toBe(false);
    expect(module.reason()).toBe(REASON.argument);
    expect(serialDistance(isn, module.isn4(LOCAL, PORT, REMOTE, 80))).toBe(1);
  });

  it("raises the clock past an entry that has to make room, so nothing is forgotten", () => {
    const lab = new Lab({ wasm });
    const module = lab.commission();
    const next = serialAdd(module.isn4(LOCAL, PORT, REMOTE, 80), 40_000_000);
    expect(close(module, next)).toBe(true);
    for (let i = 0; i < 33; i++) {
      const end = { next: module.isn4(LOCAL, 6000 + i, REMOTE, 80), peerNext: PEER };
      lab.wait(10);
      expect(module.close4(LOCAL, 6000 + i, REMOTE, 80, end)).toBe(true);
    }
    expect(module.counter(COUNTER.evictions)).toBe(2);
    expect(serialAfter(module.isn4(LOCAL, PORT, REMOTE, 80), next)).toBe(true);
  });

  it("takes over the numbers of a closing connection when all entries are open", () => {
    const lab = new Lab({ wasm });
    const module = lab.commission();
    for (let i = 0; i < 32; i++) expect(module.port4(LOCAL, REMOTE, 81)).not.toBe(0);
    const next = serialAdd(module.isn4(LOCAL, PORT, REMOTE, 80), 30_000_000);
    expect(module.advance4(LOCAL, PORT, REMOTE, 80, next)).toBe(true);
    expect(close(module, next)).toBe(true);
    expect(serialAfter(module.isn4(LOCAL, PORT, REMOTE, 80), next)).toBe(true);
  });

  it("holds an end that is ahead until the clock has passed it, TIME_WAIT over or not", () => {
    const lab = new Lab({ wasm });
    const module = lab.commission();
    const next = serialAdd(module.isn4(LOCAL, PORT, REMOTE, 80), 2 ** 26);
    expect(closeAt(module, next)).toBe(true);
    // 2^26 ticks are 268 s: 2 × MSL are over before.
    lab.wait(260_000);
    expect(module.counter(COUNTER.tableUsed)).toBe(1);
    expect(verdict(module, PEER + 1)).toBe(VERDICT.none);
    expect(serialDistance(next, module.isn4(LOCAL, PORT, REMOTE, 80))).toBe(1);
    expect(closeAt(module, serialAdd(next, 2))).toBe(true);
    lab.wait(250_000);
    expect(module.counter(COUNTER.tableUsed)).toBe(0);
  });

  it("frees its entries after 2 × MSL, and not before", () => {
    const lab = new Lab({ wasm });
    const module = lab.commission();
    close(module);
    lab.wait(240_000);
    expect(module.counter(COUNTER.tableUsed)).toBe(1);
    lab.wait(6_000);
    expect(module.counter(COUNTER.tableUsed)).toBe(0);
    expect(verdict(module, PEER + 1)).toBe(VERDICT.none);
  });

  it("judges a SYN without timestamps by its number (RFC 9293 §3.10.7.4, RFC 5961 §4)", () => {
    const lab = new Lab({ wasm });
    const module = lab.commission();
    expect(verdict(module, PEER)).toBe(VERDICT.none);
    close(module);
    expect(verdict(module, PEER)).toBe(VERDICT.accept);
    expect(verdict(module, PEER + 1)).toBe(VERDICT.accept);
    expect(verdict(module, PEER + 2 ** 31 - 1)).toBe(VERDICT.accept);
    for (const seq of [PEER - 1, PEER - 2 ** 30, PEER + 2 ** 31 + 1]) {
      expect(verdict(module, seq)).toBe(VERDICT.challenge);
      lab.wait(1_000);
    }
  });

  it("judges a SYN with timestamps by them (RFC 6191 §2)", () => {
    const lab = new Lab({ wasm });
    const module = lab.commission();
    close(module, undefined, 4_000_000);
    expect(verdict(module, PEER - 5, 4_000_001)).toBe(VERDICT.accept);
    expect(verdict(module, PEER + 5, 4_000_000)).toBe(VERDICT.accept);
    expect(verdict(module, PEER - 5, 4_000_000)).toBe(VERDICT.challenge);
    lab.wait(1_000);
    expect(verdict(module, PEER + 5, 3_999_999)).toBe(VERDICT.challenge);
    lab.wait(1_000);
    // Timestamps that wrap are compared serially.
    expect(verdict(module, PEER - 5, (4_000_000 + 2 ** 31 - 1) >>> 0)).toBe(VERDICT.accept);
    // No timestamps this time: the number decides.
    expect(verdict(module, PEER + 5)).toBe(VERDICT.accept);
    expect(verdict(module, PEER - 5)).toBe(VERDICT.challenge);
  });

  it("accepts timestamps that appear for the first time (RFC 6191 §2)", () => {
    const lab = new Lab({ wasm });
    const module = lab.commission();
    close(module);
    expect(verdict(module, PEER - 5, 1)).toBe(VERDICT.accept);
  });

  it("sends at most one challenge ACK in 500 ms (RFC 5961 §7)", () => {
    const lab = new Lab({ wasm });
    const module = lab.commission();
    close(module);
    expect(verdict(module, PEER - 1)).toBe(VERDICT.challenge);
    expect(verdict(module, PEER - 1)).toBe(VERDICT.drop);
    lab.wait(490);
    expect(verdict(module, PEER - 1)).toBe(VERDICT.drop);
    lab.wait(30);
    expect(verdict(module, PEER - 1)).toBe(VERDICT.challenge);
  });

  it("ignores an RST (RFC 1337)", () => {
    const lab = new Lab({ wasm });
    const module = lab.commission();
    close(module);
    expect(verdict(module, PEER, undefined, true)).toBe(VERDICT.drop);
    expect(verdict(module, PEER - 1)).toBe(VERDICT.challenge);
  });

  it("has nothing to say of an open connection", () => {
    const lab = new Lab({ wasm });
    const module = lab.commission();
    close(module);
    module.isn4(LOCAL, PORT, REMOTE, 80);
    expect(verdict(module, PEER + 1)).toBe(VERDICT.none);
    expect(module.state()).toBe(STATE.ready);
  });
});
