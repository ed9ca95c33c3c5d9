/** The conformance application (boards/apps/conformance.c) as the campaign talks to it. */
import { STATE, type StateName } from "../module/abi.ts";
import { type ConsoleRecord, decimalField, hexField } from "./console-record.ts";
import type { ConsoleSession } from "./console-session.ts";

const STATE_NAMES = Object.keys(STATE) as StateName[];

/** What the firmware says of itself. */
export interface DeviceState {
  readonly state: StateName;
  /** REASON of host/module/abi.ts, or from 0x100 on one of boards/kit/isnkit.h. */
  readonly reason: number;
  /** 0 when the journal has none. */
  readonly boots: number;
  readonly cause: string;
  readonly quietMs: number;
  readonly trap: number;
  readonly nvmError: number;
  /** Names the key and tells nothing of it; 0 without a key. Absent in older firmware. */
  readonly fingerprint?: number;
}

export function deviceState(record: ConsoleRecord): DeviceState {
  const number = (key: string) => decimalField(record, key) ?? 0;
  const fingerprint = hexField(record, "fingerprint");
  return {
    state: STATE_NAMES[number("state")] ?? "failed",
    reason: number("reason"),
    boots: number("boots"),
    cause: record.fields.get("cause") ?? "unknown",
    quietMs: number("quiet-ms"),
    trap: number("trap"),
    nvmError: number("nvm-error"),
    ...(fingerprint === undefined ? {} : { fingerprint }),
  };
}

/** Settings of a start; absent ones are the firmware's defaults. */
export interface StartOptions {
  readonly mslMs: number;
  /** The counter stands at this many ticks instead of running. */
  readonly clock?: number;
  readonly policy?: number;
}

export function startCommand(options: StartOptions): Record<string, string | number> {
  const { mslMs, clock, policy } = options;
  return {
    do: "start",
    "msl-ms": mslMs,
    ...(clock === undefined ? {} : { clock }),
    ...(policy === undefined ? {} : { policy }),
  };
}

/** Waits for the record with which the firmware says that it listens. */
export function waitForHello(session: ConsoleSession): Promise<ConsoleRecord> {
  return session.record((record) => record.type === "hello", "the device's hello");
}

/** The longest step that `do=skip` takes, in milliseconds: well below a quarter wrap at 12.5 MHz. */
const SKIP_MS_MAX = 60_000;

/** Lets time pass on the device at once, in steps that its counter can follow. */
export async function skipTime(session: ConsoleSession, ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= SKIP_MS_MAX) {
    await session.command({ do: "skip", ms: Math.min(left, SKIP_MS_MAX) });
  }
}

/** Hands over a key. `options`: PROVISION bits of host/module/abi.ts. */
export async function provisionDevice(
  session: ConsoleSession,
  key: Uint8Array,
  options: number,
): Promise<ConsoleRecord> {
  return session.command({ do: "provision", key: Buffer.from(key).toString("hex"), options });
}
