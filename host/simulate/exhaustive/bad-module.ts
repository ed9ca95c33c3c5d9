/** A bad generator of the zoo behind the calls of the module, so that the same cuts can strike it. */
import { ipv4 } from "../../core/address.ts";
import { PROVISION } from "../../module/abi.ts";
import type { Board } from "../../module/board.ts";
import type { ConnectionEnd, IsnModule } from "../../module/isn-module.ts";
import { DEFAULT_BOARD } from "../../virtual/board.ts";
import type { BoardSettings, Destination, Device } from "../../virtual/device.ts";
import { deviceOn } from "../../virtual/isnkit-device.ts";
import type { NvmGeometry } from "../../virtual/nvm.ts";
import type { ZooMember } from "../../virtual/zoo/index.ts";
import type { ModuleCalls } from "./lab.ts";

/** The counter of the lab, when nobody asks for another. */
const COUNTER_HZ = 1_000_000;

/** `powerOn` gives the instance of the honest module that the generator runs on. */
export function badModules(
  member: ZooMember,
  powerOn: (board: Board) => IsnModule,
): (board: Board, geometry: NvmGeometry) => ModuleCalls {
  return (board, geometry) => {
    const honest = powerOn(board);
    const { ports, mslMs } = DEFAULT_BOARD;
    const settings: BoardSettings = { storage: geometry, counterHz: COUNTER_HZ, ports, mslMs };
    const device = member.factory((_, own) => deviceOn(honest, own))(board, settings);
    return new BadModule(honest, device);
  };
}

/** The geometry with the sectors on top that the generator keeps for itself. */
export function geometryFor(member: ZooMember, geometry: NvmGeometry): NvmGeometry {
  if (geometry.kind === "keyValue") return geometry;
  return { ...geometry, sectors: geometry.sectors + (member.ownSectors ?? 0) };
}

class BadModule implements ModuleCalls {
  readonly #honest: IsnModule;
  readonly #device: Device;

  constructor(honest: IsnModule, device: Device) {
    this.#honest = honest;
    this.#device = device;
  }

  /** The generator was configured when it was made, with the sectors that it leaves to the module. */
  configureStorage(): boolean {
    return true;
  }

  configureClock(hz: number): boolean {
    return hz === COUNTER_HZ;
  }

  boot(): number {
    this.#device.boot();
    return this.#honest.state();
  }

  poll(): number {
    this.#device.poll();
    return this.#honest.state();
  }

  state(): number {
    return this.#honest.state();
  }

  reason(): number {
    return this.#honest.reason();
  }

  fingerprint(): number {
    return this.#honest.fingerprint();
  }

  provision(key: Uint8Array, options: number): number {
    const newDevice = (options & PROVISION.newDevice) !== 0;
    return this.#device.provision(key, { newDevice }) ? 1 : 0;
  }

  isn4(local: number, localPort: number, remote: number, remotePort: number): number {
    return this.#device.isn(destination(local, remote, remotePort), localPort);
  }

  port4(local: number, remote: number, remotePort: number): number {
    return this.#device.port(destination(local, remote, remotePort));
  }

  timestamp4(local: number, localPort: number, remote: number, remotePort: number): number {
    return this.#device.timestamp(destination(local, remote, remotePort), localPort);
  }

  advance4(
    local: number,
    localPort: number,
    remote: number,
    remotePort: number,
    next: number,
  ): boolean {
    return this.#device.advance(destination(local, remote, remotePort), localPort, next);
  }

  close4(
    local: number,
    localPort: number,
    remote: number,
    remotePort: number,
    { next }: ConnectionEnd,
  ): boolean {
    return this.#device.close(destination(local, remote, remotePort), localPort, next);
  }
}

function destination(local: number, remote: number, remotePort: number): Destination {
  return { local: ipv4(local), remote: ipv4(remote), remotePort };
}
