/**
 * One life of a device as a script: provisioning, numbers of many tuples, time, progress, TIME_WAIT,
 * power cuts. Run on two carriers it must give the same numbers, bit for bit.
 */
import { Random } from "../../../host/core/random.ts";
import { COUNTER_HZ, type ModuleCarrier } from "./module-carriers.ts";

/** A step and what it gave, for a readable difference. */
export type Trace = string[];

const LOCAL4 = 0x0a4d0002;

export async function runScript(
  carrier: ModuleCarrier,
  seed: number,
  steps: number,
  counterHz: number = COUNTER_HZ,
): Promise<Trace> {
  const run = new Script(carrier, new Random(seed), counterHz);
  await run.begin();
  for (let step = 0; step < steps; step++) await run.step();
  return run.trace;
}

class Script {
  readonly trace: Trace = [];
  readonly #carrier: ModuleCarrier;
  readonly #random: Random;
  readonly #counterHz: number;
  #ticks: number;

  constructor(carrier: ModuleCarrier, random: Random, counterHz: number) {
    this.#carrier = carrier;
    this.#random = random;
    this.#counterHz = counterHz;
    // The counter wraps within the first second, so every script crosses the edge.
    this.#ticks = (2 ** 32 - counterHz / 2) >>> 0;
  }

  async begin(): Promise<void> {
    await this.#carrier.start(this.#ticks);
    const key = new Uint8Array(16);
    this.#random.fill(key);
    await this.#carrier.fillIo(key);
    await this.#call("provision", 2);
    await this.#call("fingerprint");
  }

  async step(): Promise<void> {
    const choice = this.#random.int(0, 19);
    if (choice < 6) await this.#connect4();
    else if (choice < 10) await this.#connect6();
    else if (choice < 13) await this.#timeWait();
    else if (choice < 17) await this.#passTime();
    else if (choice < 19) await this.#state();
    else await this.#powerCut();
  }

  async #call(name: string, ...args: number[]): Promise<number> {
    const value = await this.#carrier.call(name, ...args);
    this.trace.push(`${name}(${args.map((arg) => arg >>> 0).join(",")}) = ${value}`);
    return value;
  }

  async #connect4(): Promise<void> {
    const remote = this.#random.u32();
    const remotePort = this.#random.int(1, 65535);
    const port = await this.#call("port4", LOCAL4, remote, remotePort);
    const isn = await this.#call("isn4", LOCAL4, port, remote, remotePort);
    await this.#call("timestamp4", LOCAL4, port, remote, remotePort);
    const next = isn + this.#random.int(2, 300_000);
    await this.#call("advance4", LOCAL4, port, remote, remotePort, next);
    await this.#call("close4", LOCAL4, port, remote, remotePort, next, 77, 0, 0);
  }

  async #connect6(): Promise<void> {
    const addresses = new Uint8Array(32);
    this.#random.fill(addresses);
    const remotePort = this.#random.int(1, 65535);
    await this.#carrier.fillIo(addresses);
    const port = await this.#call("port6", remotePort);
    const isn = await this.#call("isn6", port, remotePort);
    await this.#call("timestamp6", port, remotePort);
    await this.#call("advance6", port, remotePort, isn + this.#random.int(2, 5000));
    await this.#call("syn6", port, remotePort, this.#random.u32(), 0, 0);
  }

  /** The same few tuples again and again, so that verdicts of TIME_WAIT come up. */
  async #timeWait(): Promise<void> {
    const port = 5000 + this.#random.int(0, 3);
    const isn = await this.#call("isn4", LOCAL4, port, 1, 25);
    const peerNext = this.#random.u32();
    await this.#call("close4", LOCAL4, port, 1, 25, isn + 10, peerNext, 500, 1);
    for (const offset of [-1, 0, 1, 2 ** 31 - 1]) {
      await this.#call("syn4", LOCAL4, port, 1, 25, peerNext + offset, 501, offset < 0 ? 0 : 1);
    }
  }

  async #passTime(): Promise<void> {
    const seconds = this.#random.int(0, 80);
    this.#ticks = (this.#ticks + seconds * this.#counterHz + this.#random.int(0, 999)) >>> 0;
    await this.#carrier.setClock(this.#ticks);
    await this.#call("poll");
  }

  async #state(): Promise<void> {
    for (let id = 0; id < 12; id++) await this.#call("counter", id);
    await this.#call("state");
    await this.#call("reason");
    await this.#call("quietMs");
  }

  async #powerCut(): Promise<void> {
    await this.#carrier.cutPower();
    this.#ticks = this.#random.u32();
    await this.#carrier.start(this.#ticks);
    await this.#call("state");
  }
}
