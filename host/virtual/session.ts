/**
 * The device's application in one power cycle: opens the connections of the script, sends, reports,
 * polls and closes, until the planned end or until power fails inside the device. The other ends
 * answer (servers.ts); what is seen on the wire goes out as samples.
 */
import type { OpenSample, Sample } from "../core/sample.ts";
import { serialAdd } from "../core/serial.ts";
import { Connection } from "./connection.ts";
import type { Destination, Device } from "./device.ts";
import { DeviceCalls, type GivenNumbers } from "./device-calls.ts";
import { endOf, type Flow, type Instant, receiverOf } from "./far-end.ts";
import type { BootScript, ConnectionScript, ServerScript } from "./life-script.ts";
import { accepts, type Held, type Servers } from "./servers.ts";
import type { SimulatedTime } from "./time.ts";
import type { Transfer } from "./transfer.ts";

const OPEN_AT_ONCE_MAX = 6;
/** The longest that an application may leave out polls (docs/abi.md, "What the caller owes"). */
const POLL_US_MAX = 1_000_000;
/**
 * After a poll that came too late: up to two seconds of the lease may be left, which are too short for the
 * erases that its renewal takes; then polls have to see its end, and it is tried again after a second.
 */
const LATENESS_SHOWS_US = 6_000_000;
const CLOCK_BYTES_PER_SECOND = 250_000;
const GUARD_EDGE_BYTES = 2 ** 18 - 67;
/** A connection cut this early has not got past the server's SYN-ACK. */
const HANDSHAKE_US = 20_000;

export interface SessionSetting {
  readonly device: Device;
  readonly time: SimulatedTime;
  readonly boot: BootScript;
  readonly servers: readonly ServerScript[];
  readonly far: Servers;
  readonly emit: (sample: Sample) => void;
  /** How far connections may run ahead of the clock in this boot, all together, in bytes. */
  readonly aheadBytesMax: number;
  /** One step of the device's counter in microseconds, a fraction for fast ones. */
  readonly counterStepUs: number;
  /** Whether writes may fail in this boot: then the device is asked after each poll. */
  readonly storageMayFail: () => boolean;
  /** Whether a refusal with this reason is due now. */
  readonly refusalDue: (reason: string) => boolean;
}

export interface Reached {
  /** The device gave its numbers; and the server answered in the end. */
  readonly opened: boolean;
  readonly connected: boolean;
  readonly port: number;
}

export class Session {
  /** Ports taken, bytes that ran ahead of the clock: what the boot cost. */
  opened = 0;
  aheadBytes = 0;
  readonly #setting: SessionSetting;
  readonly #calls: DeviceCalls;
  readonly #flows: Flow[] = [];
  /** By how much the device's clock is behind the time that has passed. */
  #lagUs = 0;
  #polledUs: number;
  #staleDueUs = Number.POSITIVE_INFINITY;
  /** Connections that the device would not take for closed yet: their tuples stay in use. */
  readonly #unclosed: { server: number; to: Destination; port: number; next: number }[] = [];
  /** The device has said that its lease is used up: connections have to stop sending. */
  #frozen = false;
  /** Until then a poll that came too late by the device's clock may show. */
  #lateUntilUs = Number.NEGATIVE_INFINITY;

  constructor(setting: SessionSetting) {
    this.#setting = setting;
    const { device, time, boot, emit, refusalDue } = setting;
    this.#calls = new DeviceCalls({ device, time, boot: boot.index, emit, refusalDue });
    this.#polledUs = setting.time.nowUs;
    // The device's clock is known no better than a step of its counter.
    this.#lagUs = Math.ceil(setting.counterStepUs);
  }

  get served(): boolean {
    return this.#calls.served;
  }

  get lagUs(): number {
    return this.#lagUs;
  }

  /**
   * The device is or was not polled for longer than it has to stand, so that it could not renew its
   * lease, nor erase, ahead of the need: it may say for a moment that the lease is used up.
   */
  get overdue(): boolean {
    const { nowUs } = this.#setting.time;
    return nowUs < this.#lateUntilUs || nowUs - this.#polledUs > POLL_US_MAX;
  }

  /**
   * Runs from now, `startUs`, to `endUs`. `events` strike at their times, soonest first. A PowerCut
   * from inside the device passes through.
   */
  run(startUs: number, endUs: number, events: readonly TimedEvent[]): void {
    const { time, boot } = this.#setting;
    const { connections } = boot;
    let nextOpen = 0;
    let nextEvent = 0;
    let pollUs = this.#nextPollUs();
    for (;;) {
      const openAtUs = startUs + (connections[nextOpen]?.atUs ?? Number.POSITIVE_INFINITY);
      const eventAtUs = startUs + (events[nextEvent]?.atUs ?? Number.POSITIVE_INFINITY);
      const dueUs = Math.min(openAtUs, eventAtUs, pollUs, this.#nextCloseUs(), this.#staleDueUs);
      if (dueUs >= endUs) break;
      if (dueUs > time.nowUs) time.advance(dueUs - time.nowUs);
      if (time.nowUs >= endUs) return;
      if (eventAtUs <= time.nowUs) events[nextEvent++]?.strike(this);
      if (this.#staleDueUs <= time.nowUs) this.#deliverStale();
      if (pollUs <= time.nowUs) {
        this.#poll();
        pollUs = this.#nextPollUs();
      }
      for (let i = this.#flows.length - 1; i >= 0; i--) {
        const flow = this.#flows[i];
        if (flow !== undefined && flow.closeAtUs <= time.nowUs) this.#close(i, flow);
      }
      const script = connections[nextOpen];
      if (openAtUs <= time.nowUs && script !== undefined) {
        nextOpen++;
        this.#open(script, endUs);
        pollUs = Math.min(pollUs, this.#nextPollUs());
      }
    }
    // At that instant power fails or reset strikes: there is no last poll.
    if (endUs > time.nowUs) time.advance(endUs - time.nowUs);
  }

  /** The device's clock lost this much time. */
  lag(us: number): void {
    this.#lagUs += us;
  }

  /** The counter ran ahead: by the device's clock the last poll was long ago. */
  hurried(): void {
    this.#lateUntilUs = this.#setting.time.nowUs + LATENESS_SHOWS_US;
  }

  /** Lets time pass with nothing to do but to poll. */
  sitOut(us: number): void {
    const { time } = this.#setting;
    for (let left = us; left > 0; left -= POLL_US_MAX) {
      time.advance(Math.min(left, POLL_US_MAX));
      this.#poll();
    }
  }

  /** The counter ran backwards: the device counts nothing since it last looked. */
  lagSincePoll(): void {
    this.#lagUs += this.#setting.time.nowUs - this.#polledUs;
  }

  /** Power is gone, or the processor was reset: what was open ends as far as it had got. */
  cutOff(): void {
    const { far, time } = this.#setting;
    this.#thaw();
    for (const flow of this.#flows) {
      const { connection, script, held } = flow;
      const next = connection.nextAt(this.#flowUs());
      this.#calls.used(connection, next);
      const early = time.nowUs - (flow.closeAtUs - script.transfer.closeAtUs) < HANDSHAKE_US;
      far.abandoned(held, endOf(flow, next, this.#instant), early ? "SYN_RECV" : script.cutState);
    }
    this.#flows.length = 0;
    this.#staleDueUs = Number.POSITIVE_INFINITY;
  }

  /** Opens a connection to a server; undefined when the device refused or the server did. */
  connect(server: number, timestamps: boolean): OpenSample | undefined {
    const { time, servers, far } = this.#setting;
    const to = servers[server];
    if (to === undefined) return undefined;
    const given = this.#calls.numbers(to.to, to.boundPort, () => timestamps);
    if (given === undefined) return undefined;
    const { tuple, isn, tsval } = given;
    this.opened++;
    const bound = to.boundPort !== undefined;
    const syn = { isn, tsval, bound, nowUs: time.nowUs };
    const { answer, serverIsn, held } = far.syn(server, tuple.localPort, syn);
    this.#last = { tuple, isn, tsval, held, serverIsn };
    return this.#calls.opened(given, bound ? "bound" : "allocated", answer);
  }

  /** One connection outside the script, closed at once. */
  reach(server: number): Reached {
    const sample = this.connect(server, false);
    const last = this.#last;
    if (sample === undefined || last === undefined) {
      const port = this.#setting.servers[server]?.boundPort ?? 0;
      return { opened: false, connected: false, port };
    }
    const { far, time, servers, device } = this.#setting;
    const connected = last.serverIsn !== undefined;
    const next = serialAdd(sample.isn, connected ? 2 : 1);
    if (connected) {
      const serverNext = serialAdd(last.serverIsn ?? 0, 2);
      const end = { nowUs: time.nowUs, next, serverNext, tsval: undefined, late: undefined };
      far.closed(server, last.held, end, false);
    }
    const { tuple } = sample;
    this.#setting.emit({ kind: "used", boot: sample.boot, timeUs: time.nowUs, tuple, next });
    const to = servers[server]?.to;
    if (to !== undefined) device.close(to, tuple.localPort, next);
    return { opened: true, connected, port: tuple.localPort };
  }

  /** The connection that was opened last. */
  #last:
    | (GivenNumbers & { readonly held: Held; readonly serverIsn: number | undefined })
    | undefined;

  #open(script: ConnectionScript, endUs: number): void {
    const { servers, time } = this.#setting;
    if (this.#flows.length >= OPEN_AT_ONCE_MAX || this.#isOpen(script.server)) return;
    if (this.connect(script.server, script.timestamps) === undefined) return;
    const to = servers[script.server]?.to;
    const last = this.#last;
    if (last === undefined || to === undefined) return;
    const { tuple, isn, tsval, held, serverIsn } = last;
    const transfer = this.#affordable(script.transfer);
    const openedUs = this.#flowUs();
    const connection = new Connection({ to, tuple, isn, openedUs, transfer }, tsval);
    if (serverIsn === undefined) {
      // Refused: only the SYN has used a number, and the application gives up.
      this.#end(script.server, connection, serialAdd(isn, 1));
      return;
    }
    const closeAtUs = time.nowUs + transfer.closeAtUs;
    const flow = { script, connection, held, serverIsn, closeAtUs };
    this.#flows.push(flow);
    const soonest = held.late[0]?.arrivesUs ?? Number.POSITIVE_INFINITY;
    if (soonest < endUs) this.#staleDueUs = Math.min(this.#staleDueUs, soonest);
  }

  /** A bound tuple has one connection at a time. */
  #isOpen(server: number): boolean {
    if (this.#setting.servers[server]?.boundPort === undefined) return false;
    return (
      this.#flows.some((flow) => flow.script.server === server) ||
      this.#unclosed.some((one) => one.server === server)
    );
  }

  /** Data that the budget has no room for goes no faster than the clock. */
  #affordable(transfer: Transfer): Transfer {
    const { aheadBytes } = transfer;
    if (this.aheadBytes + aheadBytes <= this.#setting.aheadBytesMax) {
      this.aheadBytes += aheadBytes;
      return transfer;
    }
    return {
      ...transfer,
      bytesPerSecond: Math.min(transfer.bytesPerSecond, CLOCK_BYTES_PER_SECOND),
      burstBytes: Math.min(transfer.burstBytes, GUARD_EDGE_BYTES),
      aheadBytes: 0,
    };
  }

  get #instant(): Instant {
    return { nowUs: this.#setting.time.nowUs, flowUs: this.#flowUs() };
  }

  /** The time that the device has seen pass: what it may send is counted by its own clock. */
  #flowUs(): number {
    return this.#setting.time.nowUs - this.#lagUs;
  }

  #nextPollUs(): number {
    const { boot } = this.#setting;
    if (this.#flows.length > 0) return this.#polledUs + boot.pollUs;
    if (!boot.idleUnpolled) return this.#polledUs + POLL_US_MAX;
    // At least once per half wrap of the counter, or time is lost (docs/abi.md).
    return this.#polledUs + this.#setting.counterStepUs * 2 ** 31 * 0.9;
  }

  #nextCloseUs(): number {
    let soonest = Number.POSITIVE_INFINITY;
    for (const { closeAtUs } of this.#flows) soonest = Math.min(soonest, closeAtUs);
    return soonest;
  }

  #poll(): void {
    const { device, time, storageMayFail } = this.#setting;
    this.#thaw();
    if (time.nowUs - this.#polledUs > POLL_US_MAX) this.hurried();
    this.#polledUs = time.nowUs;
    device.poll();
    if (this.#unclosed.length > 0) this.#closeAgain();
    for (const { connection } of this.#flows) this.#calls.progress(connection, this.#flowUs());
    // What was used until now lies below the ceiling: a poll a second is often enough (docs/bounds.md).
    const asks = this.overdue || storageMayFail();
    this.#frozen = asks && device.status().refusing === "storageFailed";
  }

  /** The time since the last poll was not used for sending. */
  #thaw(): void {
    if (this.#frozen) this.lagSincePoll();
    this.#frozen = false;
  }

  #close(at: number, flow: Flow): void {
    const { connection, script, held } = flow;
    if (this.#frozen) this.#poll();
    else this.#calls.progress(connection, this.#flowUs());
    // The FIN uses one number more.
    const next = serialAdd(connection.nextAt(this.#flowUs()), 1);
    const end = endOf(flow, next, this.#instant);
    this.#flows.splice(at, 1);
    const { far } = this.#setting;
    far.closed(script.server, held, end, script.closesFirst === "server");
    this.#end(script.server, connection, next);
  }

  #end(server: number, connection: Connection, next: number): void {
    const { to, tuple } = connection.plan;
    const port = tuple.localPort;
    this.#calls.used(connection, next);
    if (this.#setting.device.close(to, port, next)) return;
    this.#calls.refused("close");
    this.#unclosed.push({ server, to, port, next });
  }

  /** A close that was refused has to be said again: until then the device does not hold the end. */
  #closeAgain(): void {
    for (let i = this.#unclosed.length - 1; i >= 0; i--) {
      const one = this.#unclosed[i];
      if (one !== undefined && this.#setting.device.close(one.to, one.port, one.next)) {
        this.#unclosed.splice(i, 1);
      }
    }
  }

  /** Segments of earlier connections reach the tuples that are open now. */
  #deliverStale(): void {
    const { time, emit, boot } = this.#setting;
    this.#staleDueUs = Number.POSITIVE_INFINITY;
    for (const flow of this.#flows) {
      const { late } = flow.held;
      while (late[0] !== undefined && late[0].arrivesUs <= time.nowUs) {
        const segment = late.shift();
        if (segment === undefined) break;
        const receiver = receiverOf(flow, segment, this.#instant);
        emit({
          kind: "stale",
          boot: boot.index,
          timeUs: time.nowUs,
          tuple: flow.connection.plan.tuple,
          at: segment.to,
          seq: segment.seq,
          bytes: segment.bytes,
          expected: receiver.expected,
          window: receiver.window,
          accepted: accepts(receiver, segment),
          ageUs: time.nowUs - segment.sentUs,
        });
      }
      const soonest = late[0]?.arrivesUs ?? Number.POSITIVE_INFINITY;
      this.#staleDueUs = Math.min(this.#staleDueUs, soonest);
    }
  }
}

/** Something that strikes at its time after the boot. */
export interface TimedEvent {
  readonly atUs: number;
  strike(session: Session): void;
}
