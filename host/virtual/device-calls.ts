/**
 * What an application asks of its device for connections: numbers for a new one, reports and timestamps
 * while it is open. Writes what goes out on the wire, and what is refused, as samples.
 */
import type { OpenSample, RefusedSample, Sample, UsedSample } from "../core/sample.ts";
import { serialAdd, serialAfter } from "../core/serial.ts";
import type { Tuple } from "../core/tuple.ts";
import type { Connection } from "./connection.ts";
import type { Destination, Device } from "./device.ts";
import type { SimulatedTime } from "./time.ts";

export interface DeviceCallsSetting {
  readonly device: Device;
  readonly time: SimulatedTime;
  readonly boot: number;
  readonly emit: (sample: Sample) => void;
  /** Whether a refusal with this reason is due now. */
  readonly refusalDue: (reason: string) => boolean;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** What a connection begins with. */
export interface GivenNumbers {
  readonly tuple: Tuple;
  readonly isn: number;
  readonly tsval: number | undefined;
}

export class DeviceCalls {
  /** A number was given out: quiet time, if it was owed, is over. */
  served = false;
  readonly #setting: DeviceCallsSetting;

  constructor(setting: DeviceCallsSetting) {
    this.#setting = setting;
  }

  /** Numbers for a new connection, from the application's own port or the device's; undefined when refused. */
  numbers(
    to: Destination,
    boundPort: number | undefined,
    timestamps: () => boolean,
  ): GivenNumbers | undefined {
    const { device } = this.#setting;
    const localPort = boundPort ?? device.port(to);
    if (localPort === 0) return this.refused("port");
    const isn = device.isn(to, localPort);
    if (isn === 0) return this.refused("isn");
    const tsval = timestamps() ? device.timestamp(to, localPort) : undefined;
    if (tsval === 0) return this.refused("timestamp");
    this.served = true;
    const tuple: Tuple = {
      localAddress: to.local.text,
      localPort,
      remoteAddress: to.remote.text,
      remotePort: to.remotePort,
    };
    return { tuple, isn, tsval };
  }

  /** The SYN is out. `answer`: what came back, where the far end is simulated too. */
  opened(
    { tuple, isn, tsval }: GivenNumbers,
    portChoice: OpenSample["portChoice"],
    answer?: OpenSample["answer"],
  ): OpenSample {
    const { boot, time, emit } = this.#setting;
    const sample: Writable<OpenSample> = {
      kind: "open",
      boot,
      timeUs: time.nowUs,
      tuple,
      isn,
      portChoice,
    };
    // Set afterwards: a copy by `...` costs more than all else here.
    if (answer !== undefined) sample.answer = answer;
    if (tsval !== undefined) sample.tsval = tsval;
    emit(sample);
    return sample;
  }

  /** Reports what is due, and lets a connection get as far as it may. `flowUs`: the time as the device counts it. */
  progress(connection: Connection, flowUs: number): void {
    const { device } = this.#setting;
    const { to, tuple, isn } = connection.plan;
    const report = connection.reportDueAt(flowUs);
    if (report > 0) {
      if (device.advance(to, tuple.localPort, serialAdd(isn, report))) {
        connection.reportAccepted(report);
      } else this.refused("advance");
    }
    connection.usedAt(flowUs);
    if (connection.tsval === undefined) return;
    const tsval = device.timestamp(to, tuple.localPort);
    if (tsval === 0) this.refused("timestamp");
    else if (serialAfter(tsval, connection.tsval)) connection.tsval = tsval;
  }

  /** The connection has used its numbers up to, not including, `next`. */
  used({ plan, tsval }: Connection, next: number): void {
    const { boot, time, emit } = this.#setting;
    const { tuple } = plan;
    const sample: Writable<UsedSample> = { kind: "used", boot, timeUs: time.nowUs, tuple, next };
    if (tsval !== undefined) sample.tsval = tsval;
    emit(sample);
  }

  /** Records a refusal; always undefined, for the callers' convenience. */
  refused(call: RefusedSample["call"]): undefined {
    const { device, time, boot, emit, refusalDue } = this.#setting;
    const reason = device.status().refusing ?? "no reason given";
    const expected = refusalDue(reason);
    emit({ kind: "refused", boot, timeUs: time.nowUs, call, reason, expected });
    return undefined;
  }
}
