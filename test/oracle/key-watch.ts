/** Watches keys and silence: which key numbers are made with, and whether it was entitled to begin. */
import { Breach } from "./ledger.ts";
import { type Exports, STATE, STATE_NAMES } from "./machine.ts";

const DEGRADED = 11;
const POLICY_DEGRADED = 1;
const POLICY_SELF_PROVISIONING = 2;

export function isDegraded(x: Exports): boolean {
  return x.counter(DEGRADED) === 1;
}

export class KeyWatch {
  private readonly quietSeconds: number;
  private readonly policy: number;

  /** Key of the last number that was handed out. */
  last: number | undefined;
  lastWasDegraded = false;
  private lastBoot = 0;
  /** The caller vouched for a new device, rightly. */
  vouchedNew = false;
  /** The device, or its earlier owner, has handed out numbers. */
  spoke: boolean;
  /** A change of the key ended in the middle: either key may be found. */
  inDoubt = false;
  /** Somebody gave a key that has not been seen yet. */
  offered = false;
  /** No number was handed out for 2 MSL of one boot since the last one: any key may begin. */
  silenceServed = false;

  private readonly seen = new Set<number>();
  private readyKey: number | undefined;
  private silentSince = 0;

  /** `quietSeconds`: 2 MSL, less what the device's clock may be off. */
  constructor(quietSeconds: number, policy: number, spoke: boolean) {
    this.quietSeconds = quietSeconds;
    this.policy = policy;
    this.spoke = spoke;
  }

  /** Whether good storage must hold a key that the device can be READY with. */
  get isSure(): boolean {
    return this.last !== undefined && !this.lastWasDegraded && !this.inDoubt;
  }

  powerOn(now: number): void {
    this.silentSince = now;
    this.readyKey = undefined;
  }

  powerOff(now: number): void {
    this.passSilence(now);
    this.readyKey = undefined;
  }

  /** Up to now the device has been silent, if it is not READY. */
  passSilence(now: number): void {
    if (this.readyKey === undefined) this.countSilence(now);
  }

  private countSilence(now: number): void {
    if (now - this.silentSince >= this.quietSeconds) this.silenceServed = true;
  }

  /** Takes the state down, at `now`. Returns the key where the device is READY. */
  observe(state: number, x: Exports, now: number): number | undefined {
    if (state !== STATE.ready) {
      this.readyKey = undefined;
      return undefined;
    }
    const key = x.fingerprint() >>> 0;
    if (key !== this.readyKey) {
      this.countSilence(now);
      this.readyKey = key;
      this.judgeKey(key, x);
    }
    this.silentSince = now;
    return key;
  }

  private judgeKey(key: number, x: Exports): void {
    if (key === 0) throw new Breach("ready-without-key", "READY, and the fingerprint is 0");
    if (isDegraded(x)) {
      if ((this.policy & POLICY_DEGRADED) !== 0) return;
      throw new Breach("degraded-off", "a key of this boot, where the policy forbids it");
    }
    if (this.seen.has(key)) return;
    const expected = this.offered || (this.policy & POLICY_SELF_PROVISIONING) !== 0;
    if (!expected && this.seen.size > 0) {
      throw new Breach("key-changed", "another key, and nobody gave one");
    }
    this.seen.add(key);
    this.offered = false;
  }

  /** A number was handed out: was it allowed, with this key, now? */
  gaveNumber(what: string, x: Exports, now: number, boot: number): number {
    const state = x.state() >>> 0;
    const key = this.observe(state, x, now);
    if (key === undefined) {
      throw new Breach("number-unready", `${what} in state ${STATE_NAMES[state]}`);
    }
    if (key !== this.last && !this.mayBegin(boot)) {
      throw new Breach("quiet-skipped", `${what} under a new key, without 2 MSL of silence`);
    }
    this.last = key;
    this.lastWasDegraded = isDegraded(x);
    this.lastBoot = boot;
    this.silenceServed = false;
    this.spoke = true;
    return key;
  }

  private mayBegin(boot: number): boolean {
    if (this.silenceServed) return true;
    if (this.last === undefined) return this.vouchedNew;
    // The boot after a degraded one is not promised anything (docs/threat-model.md).
    return this.lastWasDegraded && this.lastBoot !== boot;
  }

  /** The device was READY at once in a boot that followed: was that allowed? */
  judgeReadyAtOnce(key: number, x: Exports, where: string): void {
    if (isDegraded(x)) throw new Breach("quiet-skipped", `${where}READY at once, degraded`);
    if (key === this.last || this.silenceServed || this.lastWasDegraded) return;
    if (this.last === undefined && this.vouchedNew) return;
    throw new Breach("quiet-skipped", `${where}READY at once under another key`);
  }
}
