/** Ports: none while it is open or in TIME_WAIT for its destination, and a refusal writes nothing. */
import { Random } from "../../../host/core/random.ts";
import { serialAdd } from "../../../host/core/serial.ts";
import { LOCAL, REMOTE } from "../lab.ts";
import { type Calls, OPEN_CONNECTIONS, ScriptedLab, TIME_WAIT_ENTRIES } from "../scripted-lab.ts";
import { ScriptedPart } from "../scripted-part.ts";
import { demand, isn, PEER_PORT } from "./witness.ts";

const FIRST = 5_000;

function ringOf(wasm: WebAssembly.Module, ports: number, mslMs = 120_000): ScriptedLab {
  const configure = (calls: Calls) => {
    demand(calls.configurePorts(FIRST, FIRST + ports - 1) === 1, "the range is refused");
    demand(calls.configurePolicy(0, mslMs) === 1, "the MSL is refused");
  };
  const part = new ScriptedPart({ kind: "keyValue", sectorBytes: 0, sectors: 2, granule: 1 });
  const lab = new ScriptedLab({ wasm, part, configure });
  lab.commission();
  return lab;
}

/** A thousand calls that are refused because every port is taken: not one durable write. */
export function refusedPortsWriteNothing(wasm: WebAssembly.Module): void {
  for (const ports of [1, 2, 16, 31]) {
    const lab = ringOf(wasm, ports);
    const { port4 } = lab.calls;
    const given = Array.from({ length: ports }, () => port4(LOCAL, REMOTE, PEER_PORT));
    demand(new Set(given).size === ports && !given.includes(0), `a ring of ${ports} gives fewer`);
    const before = lab.part.writes;
    for (let call = 0; call < 1_000; call++) {
      demand(port4(LOCAL, REMOTE, PEER_PORT) === 0, "a port that is open");
    }
    const writes = lab.part.writes - before;
    demand(writes === 0, `a ring of ${ports}: 1,000 refused calls made ${writes} writes`);
  }
}

/** An application has a connection from a bound port of the range, known by its ISN alone. */
export function boundPortInTheRing(wasm: WebAssembly.Module): void {
  for (let bound = FIRST; bound < FIRST + 4; bound++) {
    const lab = ringOf(wasm, 4);
    const end = serialAdd(isn(lab, bound), 2);
    const { port4, close4 } = lab.calls;
    for (let call = 0; call < 8; call++) {
      demand(port4(LOCAL, REMOTE, PEER_PORT) !== bound, "the port of an open connection");
    }
    demand(close4(LOCAL, bound, REMOTE, PEER_PORT, end, 1, 0, 0) === 1, "the end is refused");
    lab.wait(239_000);
    demand(port4(LOCAL, REMOTE, PEER_PORT) !== bound, "a bound port in TIME_WAIT");
    lab.wait(10_000);
    demand(port4(LOCAL, REMOTE, PEER_PORT) === bound, "a bound port is never free again");
  }
}

/** A tuple in TIME_WAIT is tried again, and the attempt is abandoned: it is in TIME_WAIT as before. */
export function abandonedReopening(wasm: WebAssembly.Module): void {
  const lab = ringOf(wasm, 1);
  const { port4, isn4, abandon4 } = lab.calls;
  demand(port4(LOCAL, REMOTE, PEER_PORT) === FIRST, "the ring of one gives nothing");
  close(lab, REMOTE, FIRST);
  for (let seconds = 0; seconds < 239; seconds++) {
    isn4(LOCAL, FIRST, REMOTE, PEER_PORT);
    abandon4(LOCAL, FIRST, REMOTE, PEER_PORT);
    lab.wait(1_000);
    demand(port4(LOCAL, REMOTE, PEER_PORT) === 0, `a port ${seconds} s after its connection's end`);
  }
  lab.wait(10_000);
  demand(port4(LOCAL, REMOTE, PEER_PORT) === FIRST, "a port is never free again");
}

/** What the counters say of open connections and of TIME_WAIT, in the table and outside of it. */
export function tallies(wasm: WebAssembly.Module): void {
  const lab = ringOf(wasm, 64);
  const { isn4, port4, abandon4, counter } = lab.calls;
  const says = (open: number, held: number, when: string) => {
    const told = `${counter(OPEN_CONNECTIONS)} open, ${counter(TIME_WAIT_ENTRIES)} in TIME_WAIT`;
    demand(told === `${open} open, ${held} in TIME_WAIT`, `${when}: ${told}`);
  };
  says(0, 0, "at first");
  const ends = [100, 101].map((port) => serialAdd(isn4(LOCAL, port, REMOTE, PEER_PORT), 2));
  says(2, 0, "two ISNs");
  lab.calls.close4(LOCAL, 100, REMOTE, PEER_PORT, ends[0] ?? 0, 1, 0, 0);
  says(1, 1, "one closed");
  const port = port4(LOCAL, REMOTE, PEER_PORT);
  says(2, 1, "a port from the ring");
  abandon4(LOCAL, port, REMOTE, PEER_PORT);
  lab.wait(1_000);
  says(1, 1, "which is abandoned");
  abandon4(LOCAL, 101, REMOTE, PEER_PORT);
  lab.wait(250_000);
  says(0, 0, "all over");
}

/** A small ring, an MSL of 600 s, and a table that is always full: busy ports, and turns that passed. */
export function smallRingLongTimeWait(wasm: WebAssembly.Module): void {
  for (let seed = 1; seed <= 60; seed++) playRing(wasm, new Random(seed), `seed ${seed}`);
}

const MSL_MS = 600_000;

/** Ports by destination: open, or in TIME_WAIT until the time in seconds. */
type Book = Map<string, number>;

function playRing(wasm: WebAssembly.Module, random: Random, name: string): void {
  const lab = ringOf(wasm, random.int(24, 72), MSL_MS);
  const book: Book = new Map();
  const open: { readonly port: number; readonly remote: number; readonly until: number }[] = [];
  const destinations = random.int(1, 3);
  let seconds = 0;
  for (let step = 0; step < 400; step++) {
    const remote = REMOTE + random.int(0, destinations - 1);
    const port = lab.calls.port4(LOCAL, remote, PEER_PORT);
    if (port !== 0) {
      const busyUntil = book.get(`${remote} ${port}`) ?? 0;
      const left = Math.round(busyUntil - seconds);
      demand(left <= 0, `${name}, step ${step}: port ${port} again, ${left} s too early`);
      const stays = random.chance(0.2) ? random.int(100, 3_000) : random.int(0, 3);
      open.push({ port, remote, until: seconds + stays });
      book.set(`${remote} ${port}`, Number.POSITIVE_INFINITY);
    }
    const pause = random.pick([0, 1, 3, 20, 60]);
    lab.wait(pause * 1_000);
    seconds += pause;
    for (let i = open.length - 1; i >= 0; i--) {
      const one = open[i];
      if (one === undefined || (one.until > seconds && open.length < 24)) continue;
      open.splice(i, 1);
      close(lab, one.remote, one.port);
      book.set(`${one.remote} ${one.port}`, seconds + (2 * MSL_MS) / 1_000);
    }
  }
}

function close({ calls }: ScriptedLab, remote: number, port: number): void {
  const end = serialAdd(calls.isn4(LOCAL, port, remote, PEER_PORT), 2);
  demand(calls.close4(LOCAL, port, remote, PEER_PORT, end, 1, 0, 0) === 1, "the end is refused");
}
