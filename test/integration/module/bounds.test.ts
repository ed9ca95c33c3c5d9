import { describe, expect, it } from "vitest";
import { serialDistance, serialForward } from "../../../host/core/serial.ts";
import { STATE } from "../../../host/module/abi.ts";
import { BUILDS } from "../../support/builds.ts";
import { Lab, LOCAL, NOR, REMOTE } from "../../support/lab.ts";

const LEASE_FIRST = 2 ** 20;
const GUARD = 2 ** 18;
/** What a boot costs that is cut at once. */
const BOOT = LEASE_FIRST + GUARD;

function isn(lab: Lab): number {
  return lab.module.isn4(LOCAL, 5000, REMOTE, 80);
}

/** A part with room for many boots, so that the test measures numbers, not erases. */
const GEOMETRY = { ...NOR, sectorBytes: 16_384 };

describe.each(BUILDS)("the bounds of the $name build (docs/bounds.md)", ({ wasm }) => {
  it("move V by the first lease and the guard at a boot that is cut at once, exactly", () => {
    const lab = new Lab({ wasm, geometry: GEOMETRY });
    lab.commission();
    lab.powerOn();
    const first = isn(lab);
    lab.powerOn();
    expect(serialDistance(first, isn(lab))).toBe(BOOT);
  });

  it("keep the window for 1,500 reboots in 240 s of boot loop", () => {
    const lab = new Lab({ wasm, geometry: GEOMETRY });
    lab.commission();
    lab.powerOn();
    const first = isn(lab);
    // 160 ms a boot: 1,500 boots take 240 s.
    for (let boot = 0; boot < 1_500; boot++) {
      lab.wait(160);
      lab.powerOn();
      const distance = serialDistance(first, isn(lab));
      expect(distance).toBeGreaterThan(0);
    }
    // Uptime is covered by the leases of the boots themselves.
    expect(serialForward(first, isn(lab))).toBeLessThan(2 ** 31);
  });

  it("end at 1,639 boots without a break: there the window of 2^31 is used up", () => {
    const lab = new Lab({ wasm, geometry: GEOMETRY });
    lab.commission();
    lab.powerOn();
    const first = isn(lab);
    const last = Math.floor((2 ** 31 - 1) / BOOT);
    expect(last).toBe(1_638);
    for (let boot = 0; boot < last; boot++) lab.powerOn();
    expect(serialDistance(first, isn(lab))).toBeGreaterThan(0);
    lab.powerOn();
    expect(serialDistance(first, isn(lab))).toBeLessThan(0);
  });

  it("hold for any uptime: a boot moves V by at most 2 × uptime + first lease + guard", () => {
    for (const uptimeMs of [
      0, 1, 900, 2_000, 3_200, 4_100, 4_300, 9_000, 17_000, 60_000, 600_000,
    ]) {
      const lab = new Lab({ wasm, geometry: GEOMETRY });
      lab.commission();
      lab.powerOn();
      const first = isn(lab);
      // Busy all the time: every renewal that can happen does.
      for (let left = uptimeMs; left > 0; left -= 100) {
        lab.wait(Math.min(left, 100));
        isn(lab);
      }
      lab.powerOn();
      const moved = serialForward(first, isn(lab));
      // One tick a number: the module's own contribution.
      const numbers = Math.ceil(uptimeMs / 100) + 1;
      expect(moved).toBeLessThanOrEqual(2 * uptimeMs * 250 + BOOT + numbers);
      expect(moved).toBeGreaterThan(uptimeMs * 250);
    }
  });

  it("need log2 of the uptime in writes, then one in 268 s", () => {
    const lab = new Lab({ wasm, geometry: GEOMETRY });
    lab.commission();
    const module = lab.powerOn();
    const writeTimes: number[] = [];
    let writes = module.counter(1);
    for (let ms = 0; ms < 3_600_000; ms += 500) {
      isn(lab);
      lab.wait(500);
      const now = module.counter(1);
      for (; writes < now; writes++) writeTimes.push(ms);
    }
    // 4 s, 8 s, 17 s, … double up to 268 s: seven renewals at most before the longest lease.
    const early = writeTimes.filter((ms) => ms < 268_000).length;
    expect(early).toBeLessThanOrEqual(8);
    const late = writeTimes.filter((ms) => ms >= 600_000);
    for (let i = 1; i < late.length; i++) {
      const gap = (late[i] ?? 0) - (late[i - 1] ?? 0);
      expect(gap).toBeGreaterThanOrEqual(268_000);
      expect(gap).toBeLessThanOrEqual(269_500);
    }
    expect(late.length).toBeGreaterThan(9);
  });

  it("skip at most 16 ports at a boot of which none was used", () => {
    // A ring of 4,096: after k idle boots the next port is the one 16 × k places on.
    const configure = (module: Lab["module"]) => {
      if (!module.configurePorts(2000, 6095)) throw new Error("range refused");
    };
    const ring = new Lab({ wasm, geometry: GEOMETRY, configure });
    ring.commission();
    const order: number[] = [];
    for (let i = 0; i < 400; i++) {
      const port = ring.module.port4(LOCAL, REMOTE, 80);
      order.push(port);
      const next = ring.module.isn4(LOCAL, port, REMOTE, 80) + 2;
      ring.module.close4(LOCAL, port, REMOTE, 80, { next: next >>> 0, peerNext: 1 });
    }
    const lab = new Lab({ wasm, geometry: GEOMETRY, configure });
    lab.commission();
    for (let boot = 1; boot < 20; boot++) {
      lab.powerOn();
      // The first lease is 16 from place 0, so boot k starts at place 16 × k, and uses one port.
      expect(lab.module.port4(LOCAL, REMOTE, 80)).toBe(order[16 * boot]);
    }
  });

  it("keep the promise for the state after the loop too: the device is READY", () => {
    const lab = new Lab({ wasm, geometry: GEOMETRY });
    lab.commission();
    for (let boot = 0; boot < 3_000; boot++) lab.powerOn();
    expect(lab.module.state()).toBe(STATE.ready);
  });
});
