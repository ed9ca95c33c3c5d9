/** Leases, quiet time and outages: what is handed out stays below what is durable, and READY means it. */
import { serialAdd, serialDistance } from "../../../host/core/serial.ts";
import { COUNTER, POLICY, STATE } from "../../../host/module/abi.ts";
import { KEY, KEY_2, LOCAL, REMOTE } from "../lab.ts";
import { type Calls, ScriptedLab } from "../scripted-lab.ts";
import { ERROR, type PartShape, ScriptedPart } from "../scripted-part.ts";
import { demand, isn, newDevice, PEER_PORT, PORT, QUIET_MS, READY_MS, Witness } from "./witness.ts";

const TICKS_PER_MS = 250;
/** What a connection may use past its last report, and past what the clock makes since its ISN. */
const UNREPORTED = 2 ** 18 - 1;
const PART: PartShape = { kind: "nor", sectorBytes: 1024, sectors: 4, granule: 8 };

function labWith(
  wasm: WebAssembly.Module,
  configure: (calls: Calls) => void,
  shape: Partial<PartShape> = {},
): ScriptedLab {
  return new ScriptedLab({ wasm, part: new ScriptedPart({ ...PART, ...shape }), configure });
}

/** A connection that outran the clock has ended, and TIME_WAIT is over before the clock gets there. */
export function endAheadOfClock(wasm: WebAssembly.Module): void {
  for (const mslMs of [120_000, 30_000, 1_000]) {
    const lab = labWith(wasm, (calls) => void calls.configurePolicy(0, mslMs));
    const { advance4, close4, poll } = lab.commission();
    let next = isn(lab);
    for (let sent = 0; sent < 67_000_000; sent += 200_000) {
      next = serialAdd(next, 200_000);
      demand(advance4(LOCAL, PORT, REMOTE, PEER_PORT, next) === 1, "a report was refused");
      lab.pass(20);
      poll();
    }
    demand(close4(LOCAL, PORT, REMOTE, PEER_PORT, next, 1, 0, 0) === 1, "the end was refused");
    lab.wait(2 * mslMs * 1.024 + 2_000);
    const ahead = serialDistance(next, isn(lab));
    demand(ahead > 0, `MSL ${mslMs} ms: the tuple's next ISN is ${ahead} from its last end`);
  }
}

/** Quiet time is owed, and the key cannot be replaced: it goes on, and the next boot owes it too. */
export function failedReplacementKeepsQuiet(wasm: WebAssembly.Module): void {
  for (const kind of ["nor", "eeprom", "keyValue"] as const) {
    for (let failing = 0; ; failing++) {
      const lab = labWith(wasm, () => {}, { kind });
      lab.powerOn();
      demand(lab.provision(KEY, 0) === 1, "the first key was refused");
      lab.wait(1_000);
      const { writes } = lab.part;
      // One operation on a store; all from this one on, where others could take its place.
      const hit = (number: number) =>
        kind === "keyValue" ? number === writes + failing : number >= writes + failing;
      lab.part.onWrite = ({ number }) => (hit(number) ? ERROR : undefined);
      const done = lab.provision(KEY_2, 1);
      lab.part.heal();
      if (done === 1) break;
      staysQuiet(lab, QUIET_MS - 2_000);
      lab.powerOn();
      staysQuiet(lab, QUIET_MS - 1_000);
      lab.wait(3_000);
      demand(isn(lab) !== 0, "quiet time does not end");
    }
  }
}

function staysQuiet(lab: ScriptedLab, ms: number): void {
  for (let left = ms; left > 0; left -= 1_000) {
    demand(isn(lab) === 0, `a number while ${left} ms of quiet time are left`);
    lab.wait(1_000);
  }
  demand(lab.calls.state() === STATE.quiet, `quiet time is over early, state ${lab.calls.state()}`);
}

/** A key cannot be replaced while the device is READY: nothing has changed, and the lease goes on. */
export function failedReplacementKeepsLease(wasm: WebAssembly.Module): void {
  for (const kind of ["nor", "keyValue"] as const) {
    const lab = newDevice(wasm, { kind });
    const witness = new Witness(`${kind}, a key that cannot be replaced`);
    witness.use(lab);
    lab.part.onWrite = () => ERROR;
    demand(lab.provision(KEY_2, 1) === 0, "a key was replaced without a write");
    lab.part.heal();
    demand(lab.calls.state() === STATE.ready, `${kind}: state ${lab.calls.state()}`);
    witness.use(lab);
    for (let boot = 0; boot < 3; boot++) witness.boot(lab);
  }
}

/** All writes fail with a connection open. It runs on until `poll` says something else than READY. */
export function readyEndsAtTheLimit(wasm: WebAssembly.Module): void {
  for (const stepMs of [500, 600, 700, 800, 900, 990, 1_000]) {
    for (let phase = 0; phase < 1; phase += 0.05) {
      const lab = newDevice(wasm, { kind: "eeprom" });
      lab.pass(phase * stepMs);
      lab.calls.poll();
      const first = isn(lab);
      lab.part.onWrite = () => ERROR;
      let ms = 0;
      do {
        lab.pass(stepMs);
        ms += stepMs;
      } while (lab.calls.poll() === STATE.ready && ms < 60_000);
      const used = serialAdd(first, ms * TICKS_PER_MS + UNREPORTED);
      lab.part.heal();
      lab.powerOn();
      const ahead = serialDistance(used, isn(lab));
      demand(ahead > 0, `polls each ${stepMs} ms: the next ISN is ${ahead} from the numbers used`);
    }
  }
}

/** Degraded, and the key cannot be replaced; when storage works again nothing runs without a lease. */
export function degradedKeyIsLeft(wasm: WebAssembly.Module): void {
  const part = new ScriptedPart({ ...PART, kind: "keyValue" });
  const stored = new ScriptedLab({ wasm, part }).commission().fingerprint();
  const configure = (calls: Calls) => void calls.configurePolicy(POLICY.degraded, 120_000);
  const lab = new ScriptedLab({ wasm, part, configure });
  part.onWrite = () => ERROR;
  lab.powerOn();
  demand(lab.calls.counter(COUNTER.degraded) === 1, "not degraded without storage");
  demand(lab.provision(KEY_2, 1) === 0, "a key was replaced without a write");
  part.heal();
  // Time for a retry, or for the end of quiet time.
  lab.wait(QUIET_MS + 2_000);
  const onStoredKey = lab.calls.fingerprint() === stored;
  const before = portsOf(lab);
  lab.wait(600_000);
  const last = isn(lab);
  demand(last !== 0, "neither key gives numbers");
  lab.powerOn();
  demand(lab.calls.state() === STATE.ready, `state ${lab.calls.state()} on good storage`);
  demand(lab.calls.fingerprint() === stored, "the stored key is lost");
  // Nothing protects the boot after a degraded one against the numbers of the degraded key.
  if (!onStoredKey) return;
  demand(serialDistance(last, isn(lab)) > 0, "numbers of the stored key again");
  const again = portsOf(lab).filter((port) => before.includes(port));
  demand(again.length === 0, `${again.length} ports again`);
}

function portsOf(lab: ScriptedLab): readonly number[] {
  return Array.from({ length: 10 }, () => lab.calls.port4(LOCAL, REMOTE, PEER_PORT));
}

/** The memory fails for a while, with calls that want to write, and works again: no reboot is needed. */
export function outageEnds(wasm: WebAssembly.Module): void {
  for (const sectors of [2, 3, 4]) {
    for (const seconds of [1, 5, 30, 600]) {
      const lab = newDevice(wasm, { ...PART, sectors });
      const witness = new Witness(`${sectors} sectors, an outage of ${seconds} s`);
      witness.boot(lab);
      lab.part.onWrite = () => ERROR;
      for (let ms = 0; ms < seconds * 1_000; ms += 500) askForMuch(lab);
      lab.part.heal();
      lab.wait(READY_MS);
      demand(isn(lab) !== 0, `${witness.name}: refused, reason ${lab.calls.reason()}`);
      witness.use(lab);
      witness.boot(lab);
    }
  }
}

function askForMuch(lab: ScriptedLab): void {
  lab.pass(500);
  const far = serialAdd(isn(lab), 2_000_000);
  lab.calls.advance4(LOCAL, PORT, REMOTE, PEER_PORT, far);
  lab.calls.poll();
}

/** `boot` is called a second time without a power cut: the numbers go on. */
export function secondBoot(wasm: WebAssembly.Module): void {
  for (const kind of ["nor", "keyValue"] as const) {
    const lab = newDevice(wasm, { kind });
    const witness = new Witness(`${kind}, booted twice`);
    for (let boot = 0; boot < 12; boot++) {
      witness.use(lab);
      lab.calls.boot();
    }
  }
}

/** The smallest leases that are taken, with polls a second apart and a cut at any time. */
export function smallestLeases(wasm: WebAssembly.Module): void {
  const configure = (calls: Calls) => {
    demand(calls.configureLeases(2 ** 19, 2 ** 19, 2 ** 18, 1) === 1, "good leases are refused");
  };
  for (let opened = 0; opened < 6_000; opened += 90) {
    for (const open of [50, 300, 900, 990, 1_000]) {
      const lab = labWith(wasm, configure, { kind: "eeprom" });
      lab.commission();
      lab.wait(opened - (opened % 1_000));
      lab.pass(opened % 1_000);
      const first = isn(lab);
      if (first === 0) continue;
      lab.pass(open);
      const used = serialAdd(first, open * TICKS_PER_MS + UNREPORTED);
      lab.powerOn();
      const ahead = serialDistance(used, isn(lab));
      demand(ahead > 0, `opened after ${opened} ms: the next ISN is ${ahead} from what was used`);
    }
  }
}

/**
 * Each erase takes a second. A tuple comes back whose last end lies near the end of the lease, and runs on
 * from there at 250 kB/s and the guard ahead while `poll` says READY. Power may fail at any time.
 */
export function slowErases(wasm: WebAssembly.Module): void {
  // Sectors of six, seven and eight slots: a boot leaves a pair with room for two records, one, or none.
  for (const sectorBytes of [192, 224, 256]) {
    for (let boots = 0; boots < 4; boots++) {
      for (let ahead = 0; ahead < 790_000; ahead += 30_000) {
        runSlowly(newDevice(wasm, { sectors: 2, sectorBytes }), wasm, boots, ahead);
      }
    }
  }
}

function runSlowly(lab: ScriptedLab, wasm: WebAssembly.Module, boots: number, to: number): void {
  for (let boot = 0; boot < boots; boot++) lab.powerOn();
  const end = serialAdd(isn(lab), to);
  demand(lab.calls.close4(LOCAL, PORT, REMOTE, PEER_PORT, end, 1, 0, 0) === 1, "refused");
  let ms = 0;
  let first = 0;
  const pass = (by: number) => {
    lab.pass(by);
    ms += by;
    if (first === 0) return;
    const used = serialAdd(first, ms * TICKS_PER_MS + UNREPORTED);
    const cut = new ScriptedLab({ wasm, part: lab.part.clone() });
    cut.powerOn();
    const ahead = serialDistance(used, isn(cut));
    demand(ahead > 0, `${boots} boots, ${to} ahead, ${ms} ms: ${ahead} from what was used`);
  };
  lab.part.onWrite = ({ what }) => {
    if (what === "erase") pass(1_000);
    return undefined;
  };
  first = isn(lab);
  ms = 0;
  // The connection is over where it has been told to stop.
  do pass(1_000);
  while (first !== 0 && ms < 20_000 && lab.calls.poll() === STATE.ready);
}
