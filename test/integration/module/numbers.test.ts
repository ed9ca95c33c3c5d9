import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseAddress } from "../../../host/core/address.ts";
import { serialAfter, serialDistance } from "../../../host/core/serial.ts";
import { COUNTER, REASON, STATE } from "../../../host/module/abi.ts";
import { BUILDS } from "../../support/builds.ts";
import { KEY, Lab, LOCAL, REMOTE } from "../../support/lab.ts";
import { sipHashLow } from "../../support/siphash.ts";

/** The message of a tuple: docs/abi.md. */
function tupleBytes(label: string, local: number[], lp: number, remote: number[], rp: number) {
  const ports = [lp & 255, lp >> 8, rp & 255, rp >> 8];
  return Uint8Array.from([...local, ...remote, ...ports, ...new TextEncoder().encode(label)]);
}

function bytes4(address: number): number[] {
  return [address & 255, (address >>> 8) & 255, (address >>> 16) & 255, address >>> 24];
}

const L6 = parseAddress("fd00::2");
const R6 = parseAddress("2001:db8::1:25");

describe.each(BUILDS)("numbers of the $name build", ({ wasm }) => {
  it("are the sequence clock plus SipHash-2-4 of label and tuple under the key, IPv4", () => {
    const lab = new Lab({ wasm });
    const module = lab.commission();
    const offset = (lp: number, ra: number, rp: number) =>
      sipHashLow(KEY, tupleBytes("isn", bytes4(LOCAL), lp, bytes4(ra), rp));
    const v = (module.isn4(LOCAL, 1024, REMOTE, 25) - offset(1024, REMOTE, 25)) >>> 0;
    fc.assert(
      fc.property(fc.nat(0xffff), fc.nat(0xffff_ffff), fc.nat(0xffff), (lp, ra, rp) => {
        const clock = (module.isn4(LOCAL, lp, ra, rp) - offset(lp, ra, rp)) >>> 0;
        // The clock moves one tick a number, and not otherwise while the counter stands still.
        const steps = clock - v;
        return steps > 0 && steps < 10_000;
      }),
      { numRuns: 300 },
    );
  });

  it("are the same construction over 16-byte addresses, IPv6", () => {
    if (L6.family !== 6 || R6.family !== 6) throw new Error("not IPv6");
    const lab = new Lab({ wasm });
    const module = lab.commission();
    const message = (label: string) => tupleBytes(label, [...L6.bytes], 4567, [...R6.bytes], 25);
    const v4 = tupleBytes("isn", bytes4(LOCAL), 4567, bytes4(REMOTE), 25);
    const clock = (module.isn4(LOCAL, 4567, REMOTE, 25) - sipHashLow(KEY, v4)) >>> 0;
    const isn6 = module.isn6(L6.bytes, 4567, R6.bytes, 25);
    expect((isn6 - sipHashLow(KEY, message("isn"))) >>> 0).toBe(clock + 1);
    const tsval = module.timestamp6(L6.bytes, 4567, R6.bytes, 25);
    expect((tsval - sipHashLow(KEY, message("tsv"))) >>> 0).toBe(Math.floor((clock + 2) / 250));
  });

  it("tick at 250 kHz for ISNs and 1 kHz for timestamps (RFC 9293 §3.4.1, RFC 7323 §5.4)", () => {
    const lab = new Lab({ wasm });
    const module = lab.commission();
    const isn = module.isn4(LOCAL, 5000, REMOTE, 25);
    const tsval = module.timestamp4(LOCAL, 5000, REMOTE, 25);
    lab.wait(3_000);
    expect(serialDistance(isn, module.isn4(LOCAL, 5000, REMOTE, 25))).toBe(750_001);
    expect(serialDistance(tsval, module.timestamp4(LOCAL, 5000, REMOTE, 25))).toBe(3_000);
  });

  it.each([32, 100, 1_000, 32_768, 250_000, 1_000_000, 16_000_003, 168_000_000, 2_000_000_000])(
    "tick at 250 kHz from a counter of %i Hz, wraps included",
    (hz) => {
      const lab = new Lab({ wasm, hz });
      const module = lab.commission();
      const before = module.isn4(LOCAL, 5000, REMOTE, 25);
      // 400 steps of a quarter of a second: fast counters wrap many times on the way.
      for (let i = 0; i < 400; i++) {
        lab.time.advance(250_000);
        module.poll();
      }
      const ticks = serialDistance(before, module.isn4(LOCAL, 5000, REMOTE, 25));
      // Never fast; slow by what one count is, and by a tick in 2^32 counts.
      expect(ticks).toBeLessThanOrEqual(25_000_001);
      const lost = 250_000 / hz + (100 * hz) / 2 ** 32 + 2;
      expect(ticks).toBeGreaterThan(25_000_001 - lost);
      expect(module.counter(COUNTER.clockFaults)).toBe(0);
    },
  );

  it("never repeat for a tuple while the counter stands still", () => {
    const lab = new Lab({ wasm });
    const module = lab.commission();
    lab.board.counter.stop();
    let last = module.isn4(LOCAL, 5000, REMOTE, 25);
    for (let i = 0; i < 1_000; i++) {
      const isn = module.isn4(LOCAL, 5000, REMOTE, 25);
      expect(serialAfter(isn, last)).toBe(true);
      last = isn;
    }
  });

  it("do not jump when the counter runs backwards; the fault is counted", () => {
    const lab = new Lab({ wasm });
    const module = lab.commission();
    lab.wait(1_000);
    const before = module.isn4(LOCAL, 5000, REMOTE, 25);
    lab.board.counter.jump(-1_000);
    expect(serialDistance(before, module.isn4(LOCAL, 5000, REMOTE, 25))).toBe(1);
    expect(module.counter(COUNTER.clockFaults)).toBe(1);
  });

  it("are never 0, the refusal value, and skip it without repeating a number", () => {
    // A port whose ISN hits 0 soon, but not within the scan itself (one tick a number).
    const lab = new Lab({ wasm });
    const module = lab.commission();
    let best = { port: 0, gap: 2 ** 32 };
    for (let port = 1024; port < 65536; port++) {
      const gap = (0 - module.isn4(LOCAL, port, REMOTE, 80)) >>> 0;
      if (gap > 70_000 && gap < best.gap) best = { port, gap };
    }
    let isn = module.isn4(LOCAL, best.port, REMOTE, 80);
    while (serialDistance(isn, 0) > 2) {
      const left = serialDistance(isn, 0) - 2;
      lab.time.advance(Math.max(0, Math.min(left, 250_000) - 1) * 4);
      isn = module.isn4(LOCAL, best.port, REMOTE, 80);
    }
    const seen = [isn];
    for (let i = 0; i < 5; i++) seen.push(module.isn4(LOCAL, best.port, REMOTE, 80));
    expect(seen).not.toContain(0);
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen).toContain(1);
  });

  it("are refused with a reason before boot, without a key and in quiet time", () => {
    const lab = new Lab({ wasm });
    const unbooted = lab.configured();
    expect(unbooted.isn4(LOCAL, 1, REMOTE, 2)).toBe(0);
    expect(unbooted.reason()).toBe(REASON.notBooted);
    const module = lab.powerOn();
    expect(module.state()).toBe(STATE.unprovisioned);
    for (const call of [
      () => module.isn4(LOCAL, 1, REMOTE, 2),
      () => module.port4(LOCAL, REMOTE, 2),
      () => module.timestamp4(LOCAL, 1, REMOTE, 2),
      () => Number(module.advance4(LOCAL, 1, REMOTE, 2, 3)),
      () => Number(module.close4(LOCAL, 1, REMOTE, 2, { next: 3, peerNext: 4 })),
    ]) {
      expect(call()).toBe(0);
      expect(module.reason()).toBe(REASON.unprovisioned);
    }
    expect(module.provision(KEY, 0)).toBe(1);
    expect(module.isn4(LOCAL, 1, REMOTE, 2)).toBe(0);
    expect(module.reason()).toBe(REASON.quiet);
    expect(module.counter(COUNTER.refusals)).toBe(6);
  });
});
