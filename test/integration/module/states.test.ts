import { describe, expect, it } from "vitest";
import type { Random } from "../../../host/core/random.ts";
import { serialDistance } from "../../../host/core/serial.ts";
import { COUNTER, POLICY, PROVISION, REASON, STATE, STORAGE } from "../../../host/module/abi.ts";
import { IsnModule } from "../../../host/module/isn-module.ts";
import { fingerprintOf } from "../../../host/provision/device-key.ts";
import {
  absentEntropy,
  biasedEntropy,
  type EntropySource,
  goodEntropy,
  stuckEntropy,
} from "../../../host/virtual/entropy.ts";
import { BUILDS } from "../../support/builds.ts";
import { KEY, KEY_2, Lab, LOCAL, REMOTE } from "../../support/lab.ts";
import { ScriptedLab, WEAR } from "../../support/scripted-lab.ts";
import { ERROR, ScriptedPart } from "../../support/scripted-part.ts";

const QUIET_MS = 240_000;

function withPolicy(wasm: WebAssembly.Module, policy: number, entropy = goodEntropy as Source) {
  return new Lab({
    wasm,
    entropy,
    configure: (module) => {
      if (!module.configurePolicy(policy, 120_000)) throw new Error("policy refused");
    },
  });
}

type Source = (random: Random) => EntropySource;

/** Bytes that repeat one value `share` of the time, never 31 times in a row. */
function lopsided(share: number): Source {
  return (random) => ({
    powerOn: () => {},
    fill: (bytes) => {
      for (let i = 0; i < bytes.length; i++) {
        bytes[i] = i % 16 !== 0 && random.chance(share) ? 7 : random.u32() >>> 24;
      }
      bytes[0] = 7;
      return bytes.length;
    },
  });
}

describe.each(BUILDS)("states of the $name build", ({ wasm }) => {
  it("READY at once for a new device, and after every reboot, with the same key", () => {
    const lab = new Lab({ wasm });
    const print = lab.commission().fingerprint();
    expect(print).toBe(fingerprintOf(KEY));
    for (let boot = 2; boot < 6; boot++) {
      const module = lab.powerOn();
      expect(module.state()).toBe(STATE.ready);
      expect(module.fingerprint()).toBe(print);
      expect(module.counter(COUNTER.boots)).toBe(boot);
    }
  });

  it("QUIET for 2 × MSL after provisioning storage that may have been in use", () => {
    const lab = new Lab({ wasm });
    const module = lab.powerOn();
    expect(module.provision(KEY, 0)).toBe(1);
    expect(module.state()).toBe(STATE.quiet);
    expect(module.quietMs()).toBe(QUIET_MS);
    lab.wait(QUIET_MS - 1_000);
    expect(module.quietMs()).toBe(1_000);
    expect(module.port4(LOCAL, REMOTE, 80)).toBe(0);
    expect(module.reason()).toBe(REASON.quiet);
    lab.wait(1_000);
    expect(module.state()).toBe(STATE.ready);
    expect(module.port4(LOCAL, REMOTE, 80)).not.toBe(0);
    // It is over for good: a record says so.
    expect(lab.powerOn().state()).toBe(STATE.ready);
  });

  it("QUIET anew after a reboot in quiet time", () => {
    const lab = new Lab({ wasm });
    lab.powerOn().provision(KEY, 0);
    lab.wait(200_000);
    const module = lab.powerOn();
    expect(module.state()).toBe(STATE.quiet);
    expect(module.quietMs()).toBe(QUIET_MS);
  });

  it("QUIET goes on while no record can end it, and tells when the next one is tried", () => {
    const lab = new Lab({ wasm });
    const module = lab.powerOn();
    expect(module.provision(KEY, 0)).toBe(1);
    lab.nvm.writeProtected = true;
    lab.wait(QUIET_MS);
    expect(module.isn4(LOCAL, 1, REMOTE, 80)).toBe(0);
    expect(module.reason()).toBe(REASON.quiet);
    expect(module.quietMs()).toBeGreaterThan(0);
    expect(module.quietMs()).toBeLessThanOrEqual(1_000);
    lab.nvm.writeProtected = false;
    lab.time.advance((module.quietMs() - 1) * 1_000);
    expect(module.poll()).toBe(STATE.quiet);
    lab.time.advance(1_000);
    expect(module.poll()).toBe(STATE.ready);
    expect(lab.powerOn().state()).toBe(STATE.ready);
  });

  it("QUIET ends without poll, at the first number asked for", () => {
    const lab = new Lab({ wasm });
    const module = lab.powerOn();
    module.provision(KEY, 0);
    lab.time.advance(QUIET_MS * 1_000);
    expect(module.isn4(LOCAL, 1, REMOTE, 80)).not.toBe(0);
  });

  it("refuses a second key unless told to replace, and then keeps quiet", () => {
    const lab = new Lab({ wasm });
    const module = lab.commission();
    const first = module.fingerprint();
    expect(module.provision(KEY_2, 0)).toBe(0);
    expect(module.reason()).toBe(REASON.alreadyProvisioned);
    expect(module.provision(KEY_2, PROVISION.newDevice)).toBe(0);
    expect(module.state()).toBe(STATE.ready);
    expect(module.fingerprint()).toBe(first);
    // A new device it is not, whatever the caller says.
    expect(module.provision(KEY_2, PROVISION.replace | PROVISION.newDevice)).toBe(1);
    expect(module.state()).toBe(STATE.quiet);
    const second = module.fingerprint();
    expect(second).not.toBe(first);
    const after = lab.powerOn();
    expect(after.fingerprint()).toBe(second);
    expect(after.state()).toBe(STATE.quiet);
    expect(after.counter(COUNTER.boots)).toBe(2);
  });

  it("refuses an all-zero key and wipes the key from the exchange buffer", () => {
    const lab = new Lab({ wasm });
    const module = lab.powerOn();
    expect(module.provision(new Uint8Array(16), PROVISION.newDevice)).toBe(0);
    expect(module.reason()).toBe(REASON.argument);
    expect(module.provision(KEY, PROVISION.newDevice)).toBe(1);
    const memory = Buffer.from(module.memory.buffer, 0, 4096);
    expect(memory.subarray(0, 64).indexOf(Buffer.from(KEY))).toBe(-1);
  });

  it("keeps the sequence clock going when the key is replaced", () => {
    const lab = new Lab({ wasm });
    const module = lab.commission();
    lab.wait(5_000);
    module.isn4(LOCAL, 5000, REMOTE, 80);
    module.provision(KEY_2, PROVISION.replace);
    lab.wait(QUIET_MS);
    const a = module.isn4(LOCAL, 5000, REMOTE, 80);
    const b = lab.powerOn().isn4(LOCAL, 5000, REMOTE, 80);
    expect(serialDistance(a, b)).toBeGreaterThan(0);
  });

  it("provisions itself from a healthy source by policy, and keeps quiet first", () => {
    const lab = withPolicy(wasm, POLICY.selfProvision);
    const module = lab.powerOn();
    expect(module.state()).toBe(STATE.quiet);
    const print = module.fingerprint();
    lab.wait(QUIET_MS);
    expect(module.state()).toBe(STATE.ready);
    expect(lab.powerOn().fingerprint()).toBe(print);
    expect(
      withPolicy(wasm, POLICY.selfProvision, (r) => goodEntropy(r.split("x")))
        .powerOn()
        .fingerprint(),
    ).not.toBe(print);
  });

  it.each<[string, Source, number]>([
    ["no source", absentEntropy, REASON.entropyAbsent],
    ["a source stuck at 0", () => stuckEntropy(0), REASON.entropyUnhealthy],
    ["a source stuck at 0xFF", () => stuckEntropy(255), REASON.entropyUnhealthy],
    ["a biased source", (random) => biasedEntropy(random, 0.99), REASON.entropyUnhealthy],
    ["one value in two of three samples", lopsided(0.7), REASON.entropyUnhealthy],
  ])("takes no key from %s (NIST SP 800-90B §4.4)", (_name, source, reason) => {
    const lab = new Lab({ wasm, entropy: source });
    const module = lab.powerOn();
    expect(module.provisionFromEntropy(PROVISION.newDevice)).toBe(0);
    expect(module.reason()).toBe(reason);
    expect(module.state()).toBe(STATE.unprovisioned);
    expect(module.isn4(LOCAL, 1, REMOTE, 80)).toBe(0);
    // By policy at boot it is the same.
    const self = withPolicy(wasm, POLICY.selfProvision, source).powerOn();
    expect(self.state()).toBe(STATE.failed);
    expect(self.reason()).toBe(reason);
  });

  it("passes a source with one value in three samples: a false alarm is rare", () => {
    for (let seed = 0; seed < 200; seed++) {
      const lab = new Lab({ wasm, seed, entropy: lopsided(0.33) });
      expect(lab.powerOn().provisionFromEntropy(PROVISION.newDevice)).toBe(1);
    }
  });

  it("runs degraded by policy when storage is dead: after quiet time, and it says so", () => {
    const lab = withPolicy(wasm, POLICY.degraded);
    lab.nvm.writeProtected = true;
    lab.nvm.failReads(1e9);
    const module = lab.powerOn();
    expect(module.state()).toBe(STATE.quiet);
    expect(module.counter(COUNTER.degraded)).toBe(1);
    expect(module.isn4(LOCAL, 5000, REMOTE, 80)).toBe(0);
    lab.wait(QUIET_MS);
    expect(module.state()).toBe(STATE.ready);
    const a = module.isn4(LOCAL, 5000, REMOTE, 80);
    lab.wait(600_000);
    expect(serialDistance(a, module.isn4(LOCAL, 5000, REMOTE, 80))).toBe(150_000_001);
    expect(module.port4(LOCAL, REMOTE, 80)).not.toBe(0);
    const print = module.fingerprint();
    // Nothing is kept, so the next boot has another key and is quiet again.
    lab.nvm.failReads(1e9);
    const next = lab.powerOn();
    expect(next.fingerprint()).not.toBe(print);
    expect(next.state()).toBe(STATE.quiet);
  });

  it("without that policy dead storage means FAILED, and it recovers when the fault goes", () => {
    const lab = new Lab({ wasm });
    lab.commission();
    lab.nvm.writeProtected = true;
    const module = lab.powerOn();
    expect(module.state()).toBe(STATE.failed);
    expect(module.reason()).toBe(REASON.storageFailed);
    expect(module.isn4(LOCAL, 5000, REMOTE, 80)).toBe(0);
    lab.nvm.writeProtected = false;
    lab.wait(2_000);
    expect(module.state()).toBe(STATE.ready);
    expect(module.counter(COUNTER.boots)).toBe(2);
    expect(module.isn4(LOCAL, 5000, REMOTE, 80)).not.toBe(0);
  });

  it("hands out what is leased when a renewal fails, then refuses, then recovers", () => {
    const lab = new Lab({ wasm });
    const module = lab.commission();
    module.isn4(LOCAL, 5000, REMOTE, 80);
    lab.nvm.writeProtected = true;
    lab.wait(3_000);
    expect(module.state()).toBe(STATE.ready);
    expect(module.reason()).toBe(REASON.storageFailed);
    expect(module.isn4(LOCAL, 5000, REMOTE, 80)).not.toBe(0);
    lab.wait(2_000);
    expect(module.isn4(LOCAL, 5000, REMOTE, 80)).toBe(0);
    expect(module.state()).toBe(STATE.failed);
    lab.nvm.writeProtected = false;
    lab.wait(2_000);
    expect(module.isn4(LOCAL, 5000, REMOTE, 80)).not.toBe(0);
    expect(module.state()).toBe(STATE.ready);
  });

  it("takes no configuration after boot, and none out of range", () => {
    const lab = new Lab({ wasm });
    const module = lab.commission();
    expect(module.configurePorts(1, 2)).toBe(false);
    expect(module.configureClock(1)).toBe(false);
    expect(module.configurePolicy(0, 1)).toBe(false);
    const fresh = lab.configured();
    expect(fresh.configureStorage(3, 4096, 2, 1)).toBe(false);
    for (const granule of [0, 3, 12, 512]) {
      expect(fresh.configureStorage(0, 4096, 2, granule)).toBe(false);
    }
    expect(fresh.configureStorage(0, 5 * 32, 2, 8)).toBe(false);
    expect(fresh.configureStorage(0, 4096, 1, 1)).toBe(false);
    expect(fresh.configureStorage(0, 4096, 33, 1)).toBe(false);
    expect(fresh.configureStorage(0, 4097, 2, 2)).toBe(false);
    expect(fresh.configureStorage(0, 0x8000_0000, 2, 2)).toBe(false);
    expect(fresh.configureClock(0)).toBe(false);
    expect(fresh.configurePolicy(4, 120_000)).toBe(false);
    expect(fresh.configurePolicy(0, 0)).toBe(false);
    expect(fresh.configureLeases(2 ** 20, 2 ** 19, 2 ** 18, 16)).toBe(false);
    expect(fresh.configureLeases(2 ** 20, 2 ** 30 + 1, 2 ** 18, 16)).toBe(false);
    expect(fresh.configureLeases(2 ** 20, 2 ** 26, 2 ** 18, 0)).toBe(false);
    expect(fresh.configureLeases(2 ** 20, 2 ** 26, 2 ** 18, 1025)).toBe(false);
    expect(fresh.reason()).toBe(REASON.configuration);
    expect(fresh.counter(COUNTER.refusals)).toBeGreaterThan(10);
  });

  it("FAILED for configuration when the clock or the storage is missing", () => {
    for (const [clock, storage] of [
      [false, true],
      [true, false],
    ]) {
      const module = IsnModule.instantiate(wasm, new Lab({ wasm }).board);
      if (clock) expect(module.configureClock(1_000_000)).toBe(true);
      if (storage) expect(module.configureStorage(STORAGE.nor, 4096, 2, 8)).toBe(true);
      expect(module.boot()).toBe(STATE.failed);
      expect(module.reason()).toBe(REASON.configuration);
      expect(module.provision(KEY, 0)).toBe(0);
      expect(module.isn4(LOCAL, 5000, REMOTE, 80)).toBe(0);
      expect(module.poll()).toBe(STATE.failed);
    }
  });

  it("READY with the reason `wear` while a single sector takes the records, and FAILED when it is full", () => {
    const part = new ScriptedPart({ kind: "nor", sectorBytes: 512, sectors: 2, granule: 8 });
    const lab = new ScriptedLab({ wasm, part });
    lab.commission();
    part.onWrite = ({ sector }) => (sector === 1 ? ERROR : undefined);
    let warned = 0;
    while (lab.powerOn().state() === STATE.ready) {
      expect(lab.calls.reason()).toBe(WEAR);
      warned++;
      expect(lab.calls.isn4(LOCAL, 5000, REMOTE, 80)).not.toBe(0);
    }
    expect(warned).toBeGreaterThan(2);
    expect(lab.calls.reason()).toBe(REASON.storageFailed);
    // The other one works again: no new key, no quiet time.
    part.heal();
    lab.wait(2_000);
    expect(lab.calls.state()).toBe(STATE.ready);
    expect(lab.powerOn().reason()).toBe(REASON.none);
  });
});
