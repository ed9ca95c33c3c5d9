/**
 * The application on the device: a small client that opens connections to several servers, sends
 * data, closes, and is cut off whenever power fails. It writes what is seen on the wire as samples.
 */
import { type Address, parseAddress } from "../core/address.ts";
import type { Random } from "../core/random.ts";
import type { Sample } from "../core/sample.ts";
import { serialAdd } from "../core/serial.ts";
import type { BootPlan } from "./boot-plan.ts";
import { ALWAYS_BOUND, LAST_OF_CROWD } from "./boot-use.ts";
import { Connection } from "./connection.ts";
import type { Destination, Device } from "./device.ts";
import { DeviceCalls } from "./device-calls.ts";
import type { ClientWorkload, Target } from "./followed-workload.ts";
import type { SimulatedTime } from "./time.ts";
import { planTransfer, type Transfer } from "./transfer.ts";

const LOCAL_4 = parseAddress("10.77.0.2");
const LOCAL_6 = parseAddress("fd00:77::2");
const BROKER: Destination = {
  local: LOCAL_4,
  remote: parseAddress("10.77.0.1"),
  remotePort: 1883,
};
const METERING: Destination = {
  local: LOCAL_6,
  remote: parseAddress("2001:db8:77::10"),
  remotePort: 8883,
};

/** Servers that are called from a port that the device chooses. */
const SERVERS: readonly [Destination, ...Destination[]] = [
  { local: LOCAL_4, remote: parseAddress("10.77.0.1"), remotePort: 25 },
  { local: LOCAL_4, remote: parseAddress("203.0.113.7"), remotePort: 443 },
  { local: LOCAL_4, remote: parseAddress("198.51.100.20"), remotePort: 80 },
  { local: LOCAL_6, remote: parseAddress("2001:db8:77::10"), remotePort: 443 },
];

/** Servers that the application calls from a port of its own: the tuple comes back at each boot. */
const BOUND: readonly { readonly to: Destination; readonly port: number }[] = [
  { to: BROKER, port: 5000 },
  { to: METERING, port: 5001 },
];

/** The device's address towards a server. */
export function localAddress(remote: Address): Address {
  return remote.family === 4 ? LOCAL_4 : LOCAL_6;
}

const OPEN_AT_ONCE_MAX = 6;
const POLL_OPEN_US = 100_000;
/** The longest that an application may leave out polls (docs/abi.md, "What the caller owes"). */
const POLL_IDLE_US = 1_000_000;
/** In quiet time the client tries again about this often. */
const RETRY_US = 5_000_000;

export interface ClientSetting {
  readonly device: Device;
  readonly time: SimulatedTime;
  readonly random: Random;
  readonly boot: number;
  readonly plan: BootPlan;
  readonly emit: (sample: Sample) => void;
  /** How far connections may run ahead of the clock in this boot, all together, in bytes. */
  readonly aheadBytesMax: number;
  readonly workload: ClientWorkload;
  /** Whether a refusal with this reason is due now. */
  readonly refusalDue: (reason: string) => boolean;
}

export class Client {
  /** Ports taken so far, and bytes that ran ahead of the clock: what the boot cost. */
  opened = 0;
  aheadBytes = 0;
  readonly #setting: ClientSetting;
  readonly #calls: DeviceCalls;
  readonly #open: Connection[] = [];
  #endUs = 0;

  constructor(setting: ClientSetting) {
    this.#setting = setting;
    this.#calls = new DeviceCalls(setting);
  }

  get served(): boolean {
    return this.#calls.served;
  }

  /** Runs until the planned end of the boot, or until a PowerCut comes out of the device. */
  run(bootedUs: number): void {
    const { time, plan, random } = this.#setting;
    const endUs = bootedUs + plan.uptimeUs;
    this.#endUs = endUs;
    this.#passTime(Math.min(endUs, time.nowUs + plan.silenceUs));
    const spacingUs = Math.max(1_000, Math.floor((endUs - time.nowUs) / (plan.connections + 1)));
    let left = plan.connections;
    while (time.nowUs < endUs && left > 0) {
      let pauseUs = random.int(0, 2 * spacingUs);
      if (this.#open.length < OPEN_AT_ONCE_MAX) {
        if (this.#connect(endUs, left)) left--;
        else pauseUs = random.int(RETRY_US / 2, RETRY_US);
      }
      this.#passTime(Math.min(endUs, time.nowUs + pauseUs));
    }
    this.#passTime(endUs);
  }

  /** Power is gone, or the processor was reset: what was open ends as far as it had got. */
  cutOff(): void {
    const nowUs = this.#setting.time.nowUs;
    for (const connection of this.#open) this.#calls.used(connection, connection.nextAt(nowUs));
    this.#open.length = 0;
  }

  /** Lets time pass while polling the device, sending what is due and closing what is done. */
  #passTime(untilUs: number): void {
    const { time, device, plan } = this.#setting;
    while (time.nowUs < untilUs) {
      const stepUs = this.#open.length > 0 ? POLL_OPEN_US : POLL_IDLE_US;
      const nextUs = Math.min(untilUs, time.nowUs + stepUs, this.#nextClose());
      time.advance(Math.max(0, nextUs - time.nowUs));
      // At that instant power fails or reset strikes: there is no last poll.
      if (time.nowUs >= this.#endUs) return;
      // On the brink the application has not come round to polling.
      if (plan.kind !== "brink") device.poll();
      for (const connection of [...this.#open]) this.#progress(connection);
    }
  }

  #nextClose(): number {
    let soonest = Number.POSITIVE_INFINITY;
    for (const { plan } of this.#open) soonest = Math.min(soonest, plan.transfer.closeAtUs);
    return soonest;
  }

  #progress(connection: Connection): void {
    const { nowUs } = this.#setting.time;
    this.#calls.progress(connection, nowUs);
    if (nowUs >= connection.plan.transfer.closeAtUs) this.#close(connection);
  }

  #close(connection: Connection): void {
    const { device, time } = this.#setting;
    const { to, tuple } = connection.plan;
    // The FIN uses one number more.
    const next = serialAdd(connection.nextAt(time.nowUs), 1);
    this.#calls.used(connection, next);
    this.#open.splice(this.#open.indexOf(connection), 1);
    if (!device.close(to, tuple.localPort, next)) this.#calls.refused("close");
  }

  /** Opens a connection; false when the device refused. */
  #connect(endUs: number, left: number): boolean {
    const { time, random, plan } = this.#setting;
    const target = this.#pickTarget(left);
    // All ports that the application binds are in use.
    if (target === undefined) return false;
    const { to, port: bound } = target;
    // TSvals are asked for all the time, which keeps a lease alive: some have to do without.
    const timestamps = () => !ALWAYS_BOUND.includes(plan.kind) && random.chance(0.7);
    const given = this.#calls.numbers(to, bound, timestamps);
    if (given === undefined) return false;
    this.#calls.opened(given, bound === undefined ? "allocated" : "bound");
    const { tuple, isn, tsval } = given;
    const transfer = this.#planTransfer(endUs);
    this.opened++;
    const openedUs = time.nowUs;
    this.#open.push(new Connection({ to, tuple, isn, openedUs, transfer }, tsval));
    return true;
  }

  /** A server of the campaign file whose port is free, or one of the client's own. */
  #pickTarget(left: number): Target | undefined {
    const { random, workload } = this.#setting;
    if (workload.targets === undefined) {
      return this.#pickBound(left) ?? { to: random.pick(SERVERS), port: undefined };
    }
    const free = workload.targets.filter(({ port }) => port === undefined || !this.#isBusy(port));
    const [first, ...others] = free;
    return first === undefined ? undefined : random.pick([first, ...others]);
  }

  #isBusy(port: number): boolean {
    return this.#open.some((one) => one.plan.tuple.localPort === port);
  }

  /** A bound port that is free now, in a third of the cases; the first connection most often. */
  #pickBound(left: number): (typeof BOUND)[number] | undefined {
    const { random, plan } = this.#setting;
    const crowded = plan.kind === "crowded";
    if (crowded && this.opened > 0 && left > LAST_OF_CROWD) return undefined;
    const sure = crowded || ALWAYS_BOUND.includes(plan.kind);
    if (!sure && !random.chance(this.opened === 0 ? 0.7 : 0.3)) return undefined;
    const wanted = sure || random.chance(0.75) ? BOUND[0] : BOUND[1];
    return wanted === undefined || this.#isBusy(wanted.port) ? undefined : wanted;
  }

  #planTransfer(endUs: number): Transfer {
    const { random, time, plan, aheadBytesMax, workload } = this.#setting;
    const transfer = planTransfer(random, {
      kind: plan.kind,
      fast: plan.fast,
      before: this.opened,
      nowUs: time.nowUs,
      endUs,
      aheadBytesMax: aheadBytesMax - this.aheadBytes,
      bytes: workload.bytes,
    });
    this.aheadBytes += transfer.aheadBytes;
    return transfer;
  }
}
