/** Synthetic sample streams: an honest device, and parts to build dishonest ones from. */
import type { BootSample, OpenSample, Sample, UsedSample } from "../../host/core/sample.ts";
import { serialAdd } from "../../host/core/serial.ts";
import type { Tuple } from "../../host/core/tuple.ts";

export const DEVICE = "10.77.0.2";
export const SECOND_US = 1_000_000;
export const CONTEXT = { twoMslUs: 240 * SECOND_US, source: "board" } as const;

export function tupleTo(localPort: number, remoteAddress = "10.77.0.1", remotePort = 25): Tuple {
  return { localAddress: DEVICE, localPort, remoteAddress, remotePort };
}

export function bootAt(
  boot: number,
  timeUs: number,
  more: Partial<Omit<BootSample, "kind">> = {},
): BootSample {
  return { kind: "boot", boot, timeUs, requested: boot > 0, persistedBootCount: boot + 1, ...more };
}

export function openAt(
  boot: number,
  timeUs: number,
  tuple: Tuple,
  isn: number,
  more: Partial<Omit<OpenSample, "kind">> = {},
): OpenSample {
  return { kind: "open", boot, timeUs, tuple, isn, portChoice: "allocated", ...more };
}

export function usedAt(
  boot: number,
  timeUs: number,
  tuple: Tuple,
  next: number,
  more: Partial<Omit<UsedSample, "kind">> = {},
): UsedSample {
  return { kind: "used", boot, timeUs, tuple, next, ...more };
}

/** A seeded source of u32 numbers (splitmix32); good enough to play a good generator. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    return mix(state);
  };
}

function mix(value: number): number {
  let x = value;
  x = Math.imul(x ^ (x >>> 16), 0x21f0aaad);
  x = Math.imul(x ^ (x >>> 15), 0x735a2d97);
  return (x ^ (x >>> 15)) >>> 0;
}

export function hash(key: number, text: string): number {
  let state = mix(key ^ 0x5bd1e995);
  for (let i = 0; i < text.length; i++)
    state = mix(state ^ Math.imul(text.charCodeAt(i) + 1, 0x85ebca6b));
  return mix(state + key);
}

export interface HonestOptions {
  readonly seed: number;
  readonly boots: number;
  /** Connections per boot at most; default 8. */
  readonly connections?: number;
  readonly poolFirst?: number;
  readonly poolSize?: number;
  /** Loses its storage at this boot. */
  readonly storageLostAt?: number;
}

/**
 * A device that keeps every rule: a clock of 4 µs ticks that jumps ahead at each boot, a keyed hash
 * per tuple, a shuffled port ring per destination, some connections on a bound port.
 */
export function* honestSamples(options: HonestOptions): Generator<Sample> {
  const { seed, boots, connections = 8, poolFirst = 49152, poolSize = 16384 } = options;
  const random = randomFrom(seed);
  const servers = ["10.77.0.1", "10.77.0.3", "fd00::1", "192.0.2.9"];
  const rings = new Map<string, Uint16Array>();
  let key = random();
  let timeUs = 1000 + (random() % SECOND_US);
  let ticks = random();
  let startedUs = timeUs;
  let allocations = 0;
  let bootCount = 0;
  const clock = () => Math.floor((timeUs - startedUs) / 4) + ticks;
  const ring = (server: string): Uint16Array => {
    const known = rings.get(server);
    if (known !== undefined) return known;
    const ports = Uint16Array.from({ length: poolSize }, (_, i) => poolFirst + i);
    for (let i = poolSize - 1; i > 0; i--) {
      const j = random() % (i + 1);
      const held = ports[i] ?? 0;
      ports[i] = ports[j] ?? 0;
      ports[j] = held;
    }
    rings.set(server, ports);
    return ports;
  };

  for (let boot = 0; boot < boots; boot++) {
    if (boot === options.storageLostAt) {
      yield { kind: "storage-lost", boot, timeUs };
      timeUs += CONTEXT.twoMslUs;
      key = random();
      ticks = random();
      startedUs = timeUs;
      rings.clear();
      bootCount = 0;
    }
    bootCount++;
    yield bootAt(boot, timeUs, { persistedBootCount: bootCount, cause: "power-cut" });
    const count = 1 + (random() % connections);
    for (let i = 0; i < count; i++) {
      const server = servers[random() % servers.length] ?? "10.77.0.1";
      const bound = random() % 4 === 0;
      const port = bound ? 5000 : (ring(server)[allocations++ % poolSize] ?? 0);
      const tuple = tupleTo(port, server);
      const name = `${port} ${server}`;
      const isn = (clock() + hash(key, name)) >>> 0;
      const stamp = () => (Math.floor(clock() / 250) + hash(key + 1, name)) >>> 0;
      const portChoice = bound ? "bound" : "allocated";
      yield openAt(boot, timeUs, tuple, isn, { portChoice, tsval: stamp() });
      const lifeUs = 1000 + (random() % (3 * SECOND_US));
      timeUs += lifeUs;
      const bytes = random() % Math.max(1, Math.floor(lifeUs / 8));
      yield usedAt(boot, timeUs, tuple, serialAdd(isn, bytes + 2), { tsval: stamp() });
      timeUs += 1000 + (random() % SECOND_US);
    }
    yield {
      kind: "nvm",
      boot,
      timeUs,
      writes: boot,
      erasesMax: boot >> 6,
      enduranceCycles: 10_000,
    };
    ticks = clock() + 2 ** 20 + 2 ** 18;
    allocations += 16;
    timeUs += 50_000 + (random() % (2 * SECOND_US));
    startedUs = timeUs;
  }
}
