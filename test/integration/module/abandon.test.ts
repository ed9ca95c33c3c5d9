import { describe, expect, it } from "vitest";
import { serialAdd, serialDistance } from "../../../host/core/serial.ts";
import { COUNTER, VERDICT } from "../../../host/module/abi.ts";
import { BUILDS } from "../../support/builds.ts";
import { LOCAL, REMOTE } from "../../support/lab.ts";
import {
  type Calls,
  OPEN_CONNECTIONS,
  ScriptedLab,
  TIME_WAIT_ENTRIES,
} from "../../support/scripted-lab.ts";
import { ScriptedPart } from "../../support/scripted-part.ts";

const PORT = 5000;
const PEER = 80;
const PEER_NEXT = 2_000_000_000;

function device(wasm: WebAssembly.Module, configure?: (calls: Calls) => void): ScriptedLab {
  const part = new ScriptedPart({ kind: "nor", sectorBytes: 2048, sectors: 2, granule: 8 });
  const lab = new ScriptedLab({ wasm, part, ...(configure === undefined ? {} : { configure }) });
  lab.commission();
  return lab;
}

function close(lab: ScriptedLab, port: number, next: number): void {
  expect(lab.calls.close4(LOCAL, port, REMOTE, PEER, next, PEER_NEXT, 0, 0)).toBe(1);
}

function abandon(lab: ScriptedLab, port: number): void {
  expect(lab.calls.abandon4(LOCAL, port, REMOTE, PEER)).toBe(1);
}

function tallies({ calls }: ScriptedLab): readonly [open: number, timeWait: number] {
  return [calls.counter(OPEN_CONNECTIONS), calls.counter(TIME_WAIT_ENTRIES)];
}

describe.each(BUILDS)("an abandoned attempt, $name build,", ({ wasm }) => {
  it("is no open connection any more, whether a port or an ISN came first", () => {
    const lab = device(wasm);
    const port = lab.calls.port4(LOCAL, REMOTE, PEER);
    lab.calls.isn4(LOCAL, port, REMOTE, PEER);
    lab.calls.isn4(LOCAL, PORT, REMOTE, PEER);
    expect(tallies(lab)).toEqual([2, 0]);
    abandon(lab, port);
    expect(tallies(lab)[0]).toBe(1);
    abandon(lab, PORT);
    expect(tallies(lab)[0]).toBe(0);
    lab.wait(1_000);
    lab.calls.port4(LOCAL, REMOTE, PEER);
    expect(tallies(lab)).toEqual([1, 0]);
  });

  it("claims no end: the tuple is not in TIME_WAIT", () => {
    const lab = device(wasm);
    lab.calls.port4(LOCAL, REMOTE, PEER);
    const port = lab.calls.port4(LOCAL, REMOTE, PEER);
    abandon(lab, port);
    expect(lab.calls.syn4(LOCAL, port, REMOTE, PEER, 1, 0, 0)).toBe(VERDICT.none);
  });

  it("gives the whole of a small ring back, again and again", () => {
    const lab = device(wasm, (calls) => expect(calls.configurePorts(6000, 6003)).toBe(1));
    for (let round = 0; round < 50; round++) {
      const ports = Array.from({ length: 4 }, () => lab.calls.port4(LOCAL, REMOTE, PEER));
      expect(new Set(ports).size, `round ${round}`).toBe(4);
      expect(ports).not.toContain(0);
      for (const port of ports) abandon(lab, port);
      lab.wait(100);
    }
  });

  it("gives back a port of the ring that was known by its ISN alone", () => {
    const lab = device(wasm, (calls) => expect(calls.configurePorts(6000, 6001)).toBe(1));
    lab.calls.isn4(LOCAL, 6000, REMOTE, PEER);
    expect(lab.calls.port4(LOCAL, REMOTE, PEER)).toBe(6001);
    expect(lab.calls.port4(LOCAL, REMOTE, PEER)).toBe(0);
    abandon(lab, 6000);
    lab.wait(10);
    expect(lab.calls.port4(LOCAL, REMOTE, PEER)).toBe(6000);
  });

  it("keeps what an earlier connection left: its TIME_WAIT goes on to its own end", () => {
    const lab = device(wasm);
    close(lab, PORT, serialAdd(lab.calls.isn4(LOCAL, PORT, REMOTE, PEER), 2));
    lab.wait(100_000);
    lab.calls.isn4(LOCAL, PORT, REMOTE, PEER);
    expect(tallies(lab)).toEqual([1, 0]);
    abandon(lab, PORT);
    expect(tallies(lab)).toEqual([0, 1]);
    const syn = () => lab.calls.syn4(LOCAL, PORT, REMOTE, PEER, PEER_NEXT + 1, 0, 0);
    expect(syn()).toBe(VERDICT.accept);
    lab.wait(139_000);
    expect(syn()).toBe(VERDICT.accept);
    lab.wait(8_000);
    expect(syn()).toBe(VERDICT.none);
    expect(tallies(lab)).toEqual([0, 0]);
  });

  it("keeps a port of the ring back while an earlier connection from it is in TIME_WAIT", () => {
    const lab = device(wasm, (calls) => expect(calls.configurePorts(6000, 6000)).toBe(1));
    expect(lab.calls.port4(LOCAL, REMOTE, PEER)).toBe(6000);
    close(lab, 6000, serialAdd(lab.calls.isn4(LOCAL, 6000, REMOTE, PEER), 2));
    for (let seconds = 0; seconds < 239; seconds++) {
      lab.calls.isn4(LOCAL, 6000, REMOTE, PEER);
      abandon(lab, 6000);
      lab.wait(1_000);
      expect(lab.calls.port4(LOCAL, REMOTE, PEER)).toBe(0);
    }
    lab.wait(8_000);
    expect(lab.calls.port4(LOCAL, REMOTE, PEER)).toBe(6000);
  });

  it("leaves the next ISN of its tuple ahead of its own and of every end before it", () => {
    const lab = device(wasm);
    const end = serialAdd(lab.calls.isn4(LOCAL, PORT, REMOTE, PEER), 40_000_000);
    close(lab, PORT, end);
    const attempt = lab.calls.isn4(LOCAL, PORT, REMOTE, PEER);
    expect(serialDistance(end, attempt)).toBeGreaterThan(0);
    abandon(lab, PORT);
    const next = lab.calls.isn4(LOCAL, PORT, REMOTE, PEER);
    expect(serialDistance(attempt, next)).toBeGreaterThan(0);
    lab.powerOn();
    expect(serialDistance(next, lab.calls.isn4(LOCAL, PORT, REMOTE, PEER))).toBeGreaterThan(0);
  });

  it("lets the lease rest: a device whose attempts all came to nothing writes nothing more", () => {
    const lab = device(wasm);
    for (let attempt = 0; attempt < 100; attempt++) {
      const port = lab.calls.port4(LOCAL, REMOTE, PEER);
      expect(port).not.toBe(0);
      lab.calls.isn4(LOCAL, port, REMOTE, PEER);
      lab.wait(500);
      abandon(lab, port);
    }
    lab.wait(600_000);
    const { writes } = lab.part;
    lab.wait(86_400_000);
    expect(lab.part.writes).toBe(writes);
    expect(lab.calls.counter(COUNTER.tableUsed)).toBe(0);
  });
});
