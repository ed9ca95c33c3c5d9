/** isnkit's module as the device on the virtual board. */
import type { Address, Ipv4Address } from "../core/address.ts";
import { UsageError } from "../core/errors.ts";
import { COUNTER, PROVISION, REASON, STATE, STORAGE } from "../module/abi.ts";
import { clockRefusal, mslRefusal, portsRefusal, storageRefusal } from "../module/bounds.ts";
import { IsnModule } from "../module/isn-module.ts";
import { makeRewindable } from "../module/rewindable.ts";
import type { BoardSettings, Destination, Device, DeviceFactory, DeviceStatus } from "./device.ts";

const REASON_NAMES: readonly string[] = Object.keys(REASON);

/** Makes devices that run the compiled module; each power cycle gets a fresh instance. */
export function isnkitDevice(wasm: WebAssembly.Module): DeviceFactory {
  return (board, settings) => new IsnkitDevice(IsnModule.instantiate(wasm, board), settings);
}

/**
 * The same on one instance that is taken back to its first state at each power-on, which is exact and
 * much faster (host/module/rewindable.ts). Of the devices made, only the latest may be used.
 */
export function rewoundIsnkitDevice(wasm: Uint8Array): DeviceFactory {
  const powerOn = IsnModule.rewinding(new WebAssembly.Module(makeRewindable(wasm)));
  return (board, settings) => new IsnkitDevice(powerOn(board), settings);
}

/** A module that has been powered on and not yet configured, as a device. */
export function deviceOn(module: IsnModule, settings: BoardSettings): Device {
  return new IsnkitDevice(module, settings);
}

class IsnkitDevice implements Device {
  readonly #module: IsnModule;

  constructor(module: IsnModule, settings: BoardSettings) {
    this.#module = module;
    this.#configure(settings);
  }

  #configure({ storage, counterHz, ports, mslMs }: BoardSettings): void {
    const module = this.#module;
    const { kind, sectorBytes, sectors, granule } = storage;
    const reserved = rising(ports.reserved);
    const accepted =
      module.configureStorage(STORAGE[kind], sectorBytes, sectors, granule) &&
      module.configureClock(counterHz) &&
      module.configurePorts(ports.first, ports.last) &&
      reserved.every(([first, last]) => module.reservePorts(first, last)) &&
      module.configurePolicy(0, mslMs);
    if (accepted) return;
    const refusal =
      storageRefusal(storage) ??
      clockRefusal(counterHz) ??
      portsRefusal({ ...ports, reserved }) ??
      mslRefusal(mslMs);
    throw new UsageError(
      "bad-board-settings",
      `the module refuses this board: ${refusal?.because ?? reasonName(module.reason())}`,
      refusal?.next ?? "see the limits of its configuration in docs/abi.md",
    );
  }

  boot(): void {
    this.#module.boot();
  }

  status(): DeviceStatus {
    const module = this.#module;
    const reason = module.reason();
    const boots = module.counter(COUNTER.boots);
    return {
      ready: module.state() === STATE.ready,
      refusing: reason === REASON.none ? undefined : reasonName(reason),
      bootCount: boots === 0 ? undefined : boots,
    };
  }

  poll(): void {
    this.#module.poll();
  }

  port(to: Destination): number {
    return isIpv4(to)
      ? this.#module.port4(to.local.value, to.remote.value, to.remotePort)
      : this.#module.port6(bytesOf(to.local), bytesOf(to.remote), to.remotePort);
  }

  isn(to: Destination, port: number): number {
    return isIpv4(to)
      ? this.#module.isn4(to.local.value, port, to.remote.value, to.remotePort)
      : this.#module.isn6(bytesOf(to.local), port, bytesOf(to.remote), to.remotePort);
  }

  timestamp(to: Destination, port: number): number {
    return isIpv4(to)
      ? this.#module.timestamp4(to.local.value, port, to.remote.value, to.remotePort)
      : this.#module.timestamp6(bytesOf(to.local), port, bytesOf(to.remote), to.remotePort);
  }

  advance(to: Destination, port: number, next: number): boolean {
    return isIpv4(to)
      ? this.#module.advance4(to.local.value, port, to.remote.value, to.remotePort, next)
      : this.#module.advance6(bytesOf(to.local), port, bytesOf(to.remote), to.remotePort, next);
  }

  close(to: Destination, port: number, next: number): boolean {
    // The simulated servers never reopen a connection, so what they sent does not matter here.
    const end = { next, peerNext: 0 };
    return isIpv4(to)
      ? this.#module.close4(to.local.value, port, to.remote.value, to.remotePort, end)
      : this.#module.close6(bytesOf(to.local), port, bytesOf(to.remote), to.remotePort, end);
  }

  provision(key: Uint8Array, options: { newDevice: boolean }): boolean {
    const flags = options.newDevice ? PROVISION.newDevice : PROVISION.replace;
    return this.#module.provision(key, flags) !== 0;
  }

  provisionSelf(options: { newDevice: boolean }): boolean {
    const flags = options.newDevice ? PROVISION.newDevice : PROVISION.replace;
    return this.#module.provisionFromEntropy(flags) !== 0;
  }

  wear(): { writes: number; erasesMax: number } {
    return {
      writes: this.#module.counter(COUNTER.writes),
      erasesMax: this.#module.counter(COUNTER.wear),
    };
  }
}

function reasonName(reason: number): string {
  return REASON_NAMES[reason] ?? `reason ${reason}`;
}

type Ranges = BoardSettings["ports"]["reserved"];

/** The ranges in rising order, as the module wants them; as a rule they are so already. */
function rising(ranges: Ranges): Ranges {
  const risen = ranges.every(([first], i) => first >= (ranges[i - 1]?.[0] ?? 0));
  return risen ? ranges : [...ranges].sort((a, b) => a[0] - b[0]);
}

type Ipv4Destination = Destination & { readonly local: Ipv4Address; readonly remote: Ipv4Address };

function isIpv4(to: Destination): to is Ipv4Destination {
  return to.local.family === 4 && to.remote.family === 4;
}

function bytesOf(address: Address): Uint8Array {
  if (address.family === 6) return address.bytes;
  throw new UsageError(
    "mixed-families",
    `${address.text} cannot be one end of an IPv6 connection`,
    "give both ends addresses of the same family",
  );
}
