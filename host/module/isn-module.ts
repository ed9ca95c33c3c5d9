/** The compiled module, one power cycle of it: typed calls over one WebAssembly instance. */
import type { Board } from "./board.ts";
import { REWIND_EXPORT } from "./rewindable.ts";

/** What the module exports (docs/abi.md). All numbers are i32 on the JavaScript side. */
interface Exports {
  readonly memory: WebAssembly.Memory;
  version(): number;
  ioBuffer(): number;
  ioBytes(): number;
  configureStorage(kind: number, sectorBytes: number, sectors: number, granule: number): number;
  configureClock(hz: number): number;
  configurePorts(first: number, last: number): number;
  reservePorts(first: number, last: number): number;
  configureLeases(first: number, longest: number, guard: number, ports: number): number;
  configurePolicy(policy: number, mslMs: number): number;
  boot(): number;
  poll(): number;
  state(): number;
  reason(): number;
  quietMs(): number;
  provision(options: number): number;
  provisionFromEntropy(options: number): number;
  fingerprint(): number;
  counter(id: number): number;
  isn4(la: number, lp: number, ra: number, rp: number): number;
  isn6(lp: number, rp: number): number;
  port4(la: number, ra: number, rp: number): number;
  port6(rp: number): number;
  timestamp4(la: number, lp: number, ra: number, rp: number): number;
  timestamp6(lp: number, rp: number): number;
  advance4(la: number, lp: number, ra: number, rp: number, next: number): number;
  advance6(lp: number, rp: number, next: number): number;
  close4(
    la: number,
    lp: number,
    ra: number,
    rp: number,
    next: number,
    peerNext: number,
    peerTsval: number,
    flags: number,
  ): number;
  close6(
    lp: number,
    rp: number,
    next: number,
    peerNext: number,
    peerTsval: number,
    flags: number,
  ): number;
  syn4(
    la: number,
    lp: number,
    ra: number,
    rp: number,
    seq: number,
    tsval: number,
    flags: number,
  ): number;
  syn6(lp: number, rp: number, seq: number, tsval: number, flags: number): number;
}

/** How a connection ended, for `close4` and `close6`. */
export interface ConnectionEnd {
  /** One past the highest sequence number that the device used, FIN included. */
  readonly next: number;
  /** The next sequence number expected of the peer. */
  readonly peerNext: number;
  /** The peer's last TSval; absent when the connection had no timestamps. */
  readonly peerTsval?: number;
}

/**
 * One instance of the module: it lives from power-on to power-off, and only what it wrote through
 * its board survives. Calls return u32; 0 means refused and `reason()` says why. An exception thrown
 * by the board (a simulated power cut) passes through; the instance must not be used after it.
 */
export class IsnModule {
  readonly #exports: Exports;
  readonly #io: Uint8Array;

  private constructor(exports: Exports) {
    this.#exports = exports;
    this.#io = new Uint8Array(exports.memory.buffer, exports.ioBuffer(), exports.ioBytes());
  }

  /** Power-on: a fresh instance on this board. `boot` comes after the configuration. */
  static instantiate(wasm: WebAssembly.Module, board: Board): IsnModule {
    let part: (at: number, bytes: number) => Uint8Array = () => new Uint8Array(0);
    const instance = new WebAssembly.Instance(wasm, {
      board: {
        read: (offset: number, to: number, bytes: number) =>
          board.read(offset >>> 0, part(to, bytes)),
        program: (offset: number, from: number, bytes: number) =>
          board.program(offset >>> 0, part(from, bytes)),
        erase: (sector: number) => board.erase(sector >>> 0),
        entropy: (to: number, bytes: number) => board.entropy(part(to, bytes)),
        ticks: () => board.ticks(),
      },
    });
    const exports = instance.exports as unknown as Exports;
    part = partsOf(new Uint8Array(exports.memory.buffer));
    return new IsnModule(exports);
  }

  /**
   * Powers on one instance over and over. `wasm` comes from `makeRewindable`; each call puts back the
   * state that instantiation left, so what an earlier call returned must not be used any more.
   */
  static rewinding(wasm: WebAssembly.Module): (board: Board) => IsnModule {
    let powered: Board | undefined;
    const board = (): Board => {
      if (powered === undefined) throw new Error("the power is off");
      return powered;
    };
    const module = IsnModule.instantiate(wasm, {
      read: (offset, bytes) => board().read(offset, bytes),
      program: (offset, bytes) => board().program(offset, bytes),
      erase: (sector) => board().erase(sector),
      entropy: (bytes) => board().entropy(bytes),
      ticks: () => board().ticks(),
    });
    const exports = module.#exports as unknown as { readonly [REWIND_EXPORT]: () => void };
    const rewindGlobals = exports[REWIND_EXPORT];
    const memory = new Uint8Array(module.memory.buffer);
    const initial = memory.slice();
    return (next) => {
      powered = next;
      memory.set(initial);
      rewindGlobals();
      // A wrapper of its own for each power cycle, so that two of them can be told apart.
      return new IsnModule(module.#exports);
    };
  }

  /** The module's linear memory, for tests that look inside. */
  get memory(): WebAssembly.Memory {
    return this.#exports.memory;
  }

  version(): number {
    return this.#exports.version() >>> 0;
  }

  /** `kind`: STORAGE; `granule` a power of two up to 256; at least two sectors of six copies. */
  configureStorage(kind: number, sectorBytes: number, sectors: number, granule: number): boolean {
    return this.#exports.configureStorage(kind, sectorBytes, sectors, granule) === 1;
  }

  /** Rate of the free-running counter in Hz, 32 … 2 × 10^9. */
  configureClock(hz: number): boolean {
    return this.#exports.configureClock(hz) === 1;
  }

  /** Ephemeral port range, both ends included; clears the reserved ranges. */
  configurePorts(first: number, last: number): boolean {
    return this.#exports.configurePorts(first, last) === 1;
  }

  /** Takes a range out; ranges come in rising order, at most eight. */
  reservePorts(first: number, last: number): boolean {
    return this.#exports.reservePorts(first, last) === 1;
  }

  /** First and longest lease and guard in ticks of 4 µs, port lease in ports. */
  configureLeases(first: number, longest: number, guard: number, ports: number): boolean {
    return this.#exports.configureLeases(first, longest, guard, ports) === 1;
  }

  /** `policy`: POLICY bits; MSL in milliseconds, 1 … 600,000. */
  configurePolicy(policy: number, mslMs: number): boolean {
    return this.#exports.configurePolicy(policy, mslMs) === 1;
  }

  /** Reads the journal and makes this boot durable. Returns a STATE. */
  boot(): number {
    return this.#exports.boot();
  }

  /** At least once per half wrap of the counter; better every few milliseconds. Returns a STATE. */
  poll(): number {
    return this.#exports.poll();
  }

  state(): number {
    return this.#exports.state();
  }

  reason(): number {
    return this.#exports.reason();
  }

  /** Milliseconds of quiet time left. */
  quietMs(): number {
    return this.#exports.quietMs() >>> 0;
  }

  /** Hands over a 16-byte key; `options`: PROVISION bits. 1 when it is durable. */
  provision(key: Uint8Array, options: number): number {
    if (key.length !== 16) throw new RangeError(`a key has 16 bytes, not ${key.length}`);
    this.#io.set(key);
    return this.#exports.provision(options);
  }

  provisionFromEntropy(options: number): number {
    return this.#exports.provisionFromEntropy(options);
  }

  fingerprint(): number {
    return this.#exports.fingerprint() >>> 0;
  }

  /** A counter by its COUNTER number. */
  counter(id: number): number {
    return this.#exports.counter(id) >>> 0;
  }

  /** ISN of an IPv4 tuple. Addresses as numbers: 10.77.0.2 is 0x0a4d0002. */
  isn4(local: number, localPort: number, remote: number, remotePort: number): number {
    return this.#exports.isn4(local, localPort, remote, remotePort) >>> 0;
  }

  /** ISN of an IPv6 tuple. Addresses as 16 bytes in network order. */
  isn6(local: Uint8Array, localPort: number, remote: Uint8Array, remotePort: number): number {
    this.#setAddresses(local, remote);
    return this.#exports.isn6(localPort, remotePort) >>> 0;
  }

  port4(local: number, remote: number, remotePort: number): number {
    return this.#exports.port4(local, remote, remotePort);
  }

  port6(local: Uint8Array, remote: Uint8Array, remotePort: number): number {
    this.#setAddresses(local, remote);
    return this.#exports.port6(remotePort);
  }

  timestamp4(local: number, localPort: number, remote: number, remotePort: number): number {
    return this.#exports.timestamp4(local, localPort, remote, remotePort) >>> 0;
  }

  timestamp6(local: Uint8Array, localPort: number, remote: Uint8Array, remotePort: number): number {
    this.#setAddresses(local, remote);
    return this.#exports.timestamp6(localPort, remotePort) >>> 0;
  }

  advance4(
    local: number,
    localPort: number,
    remote: number,
    remotePort: number,
    next: number,
  ): boolean {
    return this.#exports.advance4(local, localPort, remote, remotePort, next) === 1;
  }

  advance6(
    local: Uint8Array,
    localPort: number,
    remote: Uint8Array,
    remotePort: number,
    next: number,
  ): boolean {
    this.#setAddresses(local, remote);
    return this.#exports.advance6(localPort, remotePort, next) === 1;
  }

  close4(
    local: number,
    localPort: number,
    remote: number,
    remotePort: number,
    end: ConnectionEnd,
  ): boolean {
    const { next, peerNext, peerTsval } = end;
    const flags = peerTsval === undefined ? 0 : 1;
    return (
      this.#exports.close4(
        local,
        localPort,
        remote,
        remotePort,
        next,
        peerNext,
        peerTsval ?? 0,
        flags,
      ) === 1
    );
  }

  close6(
    local: Uint8Array,
    localPort: number,
    remote: Uint8Array,
    remotePort: number,
    end: ConnectionEnd,
  ): boolean {
    const { next, peerNext, peerTsval } = end;
    const flags = peerTsval === undefined ? 0 : 1;
    this.#setAddresses(local, remote);
    return this.#exports.close6(localPort, remotePort, next, peerNext, peerTsval ?? 0, flags) === 1;
  }

  /** Verdict (VERDICT) for a SYN or RST to an IPv4 tuple; `flags`: SEGMENT bits. */
  syn4(
    local: number,
    localPort: number,
    remote: number,
    remotePort: number,
    seq: number,
    tsval: number,
    flags: number,
  ): number {
    return this.#exports.syn4(local, localPort, remote, remotePort, seq, tsval, flags);
  }

  syn6(
    local: Uint8Array,
    localPort: number,
    remote: Uint8Array,
    remotePort: number,
    seq: number,
    tsval: number,
    flags: number,
  ): number {
    this.#setAddresses(local, remote);
    return this.#exports.syn6(localPort, remotePort, seq, tsval, flags);
  }

  #setAddresses(local: Uint8Array, remote: Uint8Array): void {
    this.#io.set(local, 0);
    this.#io.set(remote, 16);
  }
}

/** Parts of the memory kept at most; a module hands over some ten. */
const PARTS_MAX = 256;

/** Views of parts of the memory, each made once: a view costs more than what a board does with it. */
function partsOf(memory: Uint8Array): (at: number, bytes: number) => Uint8Array {
  const parts = new Map<number, Uint8Array>();
  return (at, bytes) => {
    const key = at * 0x1_0000 + bytes;
    let part = parts.get(key);
    if (part === undefined) {
      part = memory.subarray(at, at + bytes);
      if (parts.size >= PARTS_MAX) parts.clear();
      parts.set(key, part);
    }
    return part;
  };
}
