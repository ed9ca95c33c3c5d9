import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseAddress } from "../../../host/core/address.ts";
import { COUNTER, REASON } from "../../../host/module/abi.ts";
import type { IsnModule } from "../../../host/module/isn-module.ts";
import { BUILDS } from "../../support/builds.ts";
import { Lab, LOCAL, REMOTE } from "../../support/lab.ts";

const OTHER = 0x0a4d_0009;

/** Opens and closes a connection from an allocated port; returns the port, 0 when refused. */
function visit(module: IsnModule, remote = REMOTE, port = 80): number {
  const local = module.port4(LOCAL, remote, port);
  if (local !== 0) {
    const isn = module.isn4(LOCAL, local, remote, port);
    module.close4(LOCAL, local, remote, port, { next: isn + 2, peerNext: 1 });
  }
  return local;
}

function ring(wasm: WebAssembly.Module, first: number, last: number, ...out: [number, number][]) {
  return new Lab({
    wasm,
    configure: (module) => {
      if (!module.configurePorts(first, last)) throw new Error("range refused");
      for (const [from, to] of out) {
        if (!module.reservePorts(from, to)) throw new Error(`reserved ${from}–${to} refused`);
      }
    },
  });
}

describe.each(BUILDS)("ports of the $name build", ({ wasm }) => {
  it.each([1, 2, 3, 5, 7, 10, 16, 17, 100, 256, 257, 1000, 4096, 16_384])(
    "visit each of %i ports once before any comes back (a bijection)",
    (size) => {
      const lab = ring(wasm, 2000, 2000 + size - 1);
      const module = lab.commission();
      const seen = new Set<number>();
      for (let i = 0; i < size; i++) {
        const port = visit(module);
        // TIME_WAIT of the ports so far ends, so that only the ring decides.
        if (i % 16 === 15) lab.wait(300_000);
        expect(port).toBeGreaterThanOrEqual(2000);
        expect(port).toBeLessThan(2000 + size);
        seen.add(port);
      }
      expect(seen.size).toBe(size);
    },
  );

  it("use the whole default range 1024–65535 without a repeat, reboots included", () => {
    const lab = new Lab({ wasm });
    let module = lab.commission();
    const seen = new Map<number, number>();
    let skipped = 0;
    for (let i = 0; i < 20_000; i++) {
      if (i % 500 === 499) {
        module = lab.powerOn();
        skipped++;
      }
      const port = visit(module);
      if (i % 16 === 0) lab.wait(10_000);
      expect(seen.has(port), `port ${port} again after ${i - (seen.get(port) ?? 0)}`).toBe(false);
      seen.set(port, i);
    }
    expect(Math.min(...seen.keys())).toBeGreaterThanOrEqual(1024);
    expect(Math.max(...seen.keys())).toBeGreaterThan(65_000);
    expect(skipped).toBe(40);
  });

  it("never come from a reserved range", () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: 3000, max: 3059 }), { minLength: 2, maxLength: 16 }),
        (edges) => {
          const sorted = edges.sort((a, b) => a - b);
          const out: [number, number][] = [];
          for (let i = 0; i + 1 < sorted.length; i += 2) {
            out.push([sorted[i] ?? 0, sorted[i + 1] ?? 0]);
          }
          const taken = out.reduce((sum, [from, to]) => sum + to - from + 1, 0);
          if (taken >= 60) return;
          const lab = ring(wasm, 3000, 3059, ...out);
          const module = lab.commission();
          const seen = new Set<number>();
          for (let i = 0; i < 60 - taken; i++) {
            const port = visit(module);
            expect(out.some(([from, to]) => port >= from && port <= to)).toBe(false);
            expect(port >= 3000 && port <= 3059).toBe(true);
            seen.add(port);
            lab.wait(250_000);
          }
          expect(seen.size).toBe(60 - taken);
        },
      ),
      { numRuns: 20 },
    );
  });

  it("refuse a reservation that overlaps, is out of order or leaves nothing", () => {
    const module = new Lab({ wasm }).configured();
    expect(module.configurePorts(5000, 5009)).toBe(true);
    expect(module.reservePorts(5004, 5005)).toBe(true);
    expect(module.reservePorts(5005, 5006)).toBe(false);
    expect(module.reservePorts(5001, 5002)).toBe(false);
    expect(module.reservePorts(5008, 5010)).toBe(false);
    expect(module.reservePorts(5006, 5009)).toBe(true);
    expect(module.configurePorts(0, 10)).toBe(false);
    expect(module.configurePorts(10, 9)).toBe(false);
    expect(module.configurePorts(10, 65536)).toBe(false);
    expect(module.configurePorts(5000, 5000)).toBe(true);
    expect(module.reservePorts(5000, 5000)).toBe(false);
    expect(module.reason()).toBe(REASON.configuration);
  });

  it("are never one in use: a small pool is handed out once and then refused", () => {
    const lab = ring(wasm, 1025, 1034);
    const module = lab.commission();
    const open = new Set<number>();
    for (let i = 0; i < 10; i++) open.add(module.port4(LOCAL, REMOTE, 80));
    expect(open.size).toBe(10);
    expect(module.port4(LOCAL, REMOTE, 80)).toBe(0);
    expect(module.reason()).toBe(REASON.portsBusy);
    // Another destination has the whole pool to itself (RFC 6056 §3.1).
    expect(module.port4(LOCAL, OTHER, 80)).not.toBe(0);
  });

  it("are never one in TIME_WAIT for that destination, and free again after 2 × MSL", () => {
    const lab = ring(wasm, 1025, 1034);
    const module = lab.commission();
    const closed = new Set<number>();
    for (let i = 0; i < 10; i++) closed.add(visit(module));
    expect(closed.size).toBe(10);
    lab.wait(239_000);
    expect(visit(module)).toBe(0);
    expect(module.reason()).toBe(REASON.portsBusy);
    lab.wait(8_000);
    expect(closed.has(visit(module))).toBe(true);
  });

  it("do not come back early when the table had to forget a TIME_WAIT", () => {
    // 40 ports, 40 connections: the table holds 32, so eight were forgotten; the ring must not wrap.
    const lab = ring(wasm, 4000, 4039);
    const module = lab.commission();
    const seen = new Set<number>();
    for (let i = 0; i < 40; i++) seen.add(visit(module));
    expect(seen.size).toBe(40);
    expect(module.counter(COUNTER.evictions)).toBe(8);
    expect(visit(module)).toBe(0);
    expect(module.reason()).toBe(REASON.portsBusy);
    lab.wait(250_000);
    expect(seen.has(visit(module))).toBe(true);
  });

  it("go on for ever when the table is always full, and still keep TIME_WAIT", () => {
    // One connection in 6 s: 40 in TIME_WAIT, 8 more than the table holds; a ring of 64 comes round
    // in 384 s, so no port is due before its time and none may be refused.
    const lab = ring(wasm, 4000, 4063);
    const module = lab.commission();
    const last = new Map<number, number>();
    for (let i = 0; i < 1_000; i++) {
      const port = visit(module);
      expect(port, `connection ${i} was refused`).not.toBe(0);
      expect(i * 6 - (last.get(port) ?? -1_000)).toBeGreaterThan(240);
      last.set(port, i * 6);
      lab.wait(6_000);
    }
    expect(module.counter(COUNTER.evictions)).toBeGreaterThan(900);
  });

  it("are refused while 32 connections are open, and given again after one is closed", () => {
    const lab = new Lab({ wasm });
    const module = lab.commission();
    const ports = Array.from({ length: 32 }, () => module.port4(LOCAL, REMOTE, 80));
    expect(new Set(ports).size).toBe(32);
    expect(module.counter(COUNTER.tableUsed)).toBe(32);
    expect(module.port4(LOCAL, REMOTE, 80)).toBe(0);
    expect(module.reason()).toBe(REASON.tableFull);
    const next = module.isn4(LOCAL, ports[3] ?? 0, REMOTE, 80) + 1;
    const end = { next, peerNext: 1 };
    expect(module.close4(LOCAL, ports[3] ?? 0, REMOTE, 80, end)).toBe(true);
    expect(module.port4(LOCAL, REMOTE, 80)).not.toBe(0);
  });

  it("differ between destinations and between devices, and look even", () => {
    const ports = (key: number, remote: number) => {
      const lab = new Lab({ wasm });
      const module = lab.commission(new Uint8Array(16).fill(key));
      return Array.from({ length: 2_000 }, (_, i) => {
        if (i % 16 === 0) lab.wait(250_000);
        return visit(module, remote);
      });
    };
    const a = ports(1, REMOTE);
    const b = ports(1, OTHER);
    const c = ports(2, REMOTE);
    const common = (x: number[], y: number[]) => x.filter((port, i) => port === y[i]).length;
    expect(common(a, b)).toBeLessThan(5);
    expect(common(a, c)).toBeLessThan(5);
    // Chi-square over 16 buckets, 15 degrees of freedom: above 60 in one of 2 million honest runs.
    for (const list of [a, b, c]) {
      const buckets = new Array<number>(16).fill(0);
      for (const port of list) {
        const bucket = Math.floor((port - 1024) / 4032);
        buckets[bucket] = (buckets[bucket] ?? 0) + 1;
      }
      const chi = buckets.reduce((sum, n) => sum + (n - 125) ** 2 / 125, 0);
      expect(chi).toBeLessThan(60);
    }
    // Steps between successive ports follow no rule: hardly any repeats among 64,512 values.
    const steps = new Set(a.map((port, i) => port - (a[i - 1] ?? 0)));
    expect(steps.size).toBeGreaterThan(1_900);
  });

  it("work for IPv6 destinations with the same guarantees", () => {
    const local = parseAddress("fd00::2");
    const remote = parseAddress("fd00::1");
    if (local.family !== 6 || remote.family !== 6) throw new Error("not IPv6");
    const lab = ring(wasm, 1025, 1034);
    const module = lab.commission();
    const ports = Array.from({ length: 10 }, () => module.port6(local.bytes, remote.bytes, 80));
    expect(new Set(ports).size).toBe(10);
    expect(module.port6(local.bytes, remote.bytes, 80)).toBe(0);
    const next = module.isn6(local.bytes, ports[0] ?? 0, remote.bytes, 80) + 1;
    const end = { next, peerNext: 1 };
    expect(module.close6(local.bytes, ports[0] ?? 0, remote.bytes, 80, end)).toBe(true);
    lab.wait(250_000);
    expect(module.port6(local.bytes, remote.bytes, 80)).toBe(ports[0]);
  });
});
