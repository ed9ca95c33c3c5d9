/**
 * `provisionBoard`: gives a device its key, once, over its console. The key is drawn here, sent, wiped,
 * and known to the device alone; both sides compute its fingerprint, and only that is told.
 */
import { type DeviceState, deviceState } from "../console/conformance-device.ts";
import { type ConsoleRecord, decimalField } from "../console/console-record.ts";
import type { SerialConnection } from "../console/serial-connection.ts";
import { BenchError, UsageError } from "../core/errors.ts";
import { NOT_STARTED } from "../desk/restart.ts";
import { PROVISION } from "../module/abi.ts";
import { reasonName } from "../sources/console-samples.ts";
import {
  fingerprintOf,
  fingerprintText,
  KEY_BYTES,
  provisionCommand,
  wipeKey,
} from "./device-key.ts";

export interface ProvisionOptions {
  readonly connection: SerialConnection;
  /** 16 bytes from the host's CSPRNG. They are wiped here. */
  readonly newKey: () => Uint8Array;
  /** Replaces a key that is there; the device then keeps quiet for 2 × MSL. */
  readonly replace?: boolean;
  /** The device never spoke TCP, so it owes no quiet time, provided that its journal is blank. */
  readonly newDevice?: boolean;
  readonly mslMs?: number;
  /** Fingerprints that are given out already: a key with one of them is not used. */
  readonly isTaken?: (fingerprint: string) => boolean;
}

export interface Provisioned {
  /** Eight hexadecimal digits, the same on both sides. */
  readonly fingerprint: string;
  /** The fingerprint before, when a key was replaced. */
  readonly replaced?: string;
  /** How long the device keeps quiet now, in milliseconds; 0: it may speak at once. */
  readonly quietMs: number;
  /** The boot count that the device persists. */
  readonly boots: number;
}

const ANSWER_MS = 10_000;
/** The key is made durable before the answer comes: a slow memory may take its time. */
const WRITE_MS = 10_000;
/** Transfers that the device refused as damaged, before the line is given up. */
const TRANSFERS_MAX = 3;
const DRAWS_MAX = 3;
/** Apart from the ids of the session's own commands. */
const FIRST_ID = 1_000_000_000;

/**
 * UsageError `already-provisioned` when the device has a key and `replace` is not set; BenchError when the
 * device does not answer, refuses, or tells another fingerprint.
 */
export async function provisionBoard(options: ProvisionOptions): Promise<Provisioned> {
  const before = await startedState(options);
  const had = before.fingerprint ?? 0;
  if (hasKey(before) && options.replace !== true) {
    throw new UsageError(
      "already-provisioned",
      `${options.connection.name} has a key already (fingerprint ${fingerprintText(had)})`,
      "leave it as it is, or give it another one with --replace: it then keeps quiet for 2 × MSL",
    );
  }
  const key = drawKey(options);
  try {
    const after = await handOver(key, had, options);
    return {
      fingerprint: fingerprintText(fingerprintOf(key)),
      ...(had === 0 ? {} : { replaced: fingerprintText(had) }),
      quietMs: after.quietMs,
      boots: after.boots,
    };
  } finally {
    wipeKey(key);
  }
}

/** The fingerprint of the key that the device has; undefined when it has none. */
export async function fingerprintOfBoard(
  options: Pick<ProvisionOptions, "connection" | "mslMs">,
): Promise<string | undefined> {
  const state = await startedState(options);
  return hasKey(state) ? fingerprintText(state.fingerprint ?? 0) : undefined;
}

function hasKey({ fingerprint, state }: DeviceState): boolean {
  return (fingerprint ?? 0) !== 0 || state === "ready" || state === "quiet";
}

async function startedState({
  connection,
  mslMs,
}: Pick<ProvisionOptions, "connection" | "mslMs">): Promise<DeviceState> {
  const found = deviceState(await connection.ask({ do: "status" }, ANSWER_MS));
  const start = { do: "start", ...(mslMs === undefined ? {} : { "msl-ms": mslMs }) };
  const state =
    found.reason === NOT_STARTED
      ? deviceState(await connection.ask(start, ANSWER_MS, 5_000))
      : found;
  if (state.fingerprint !== undefined) return state;
  throw new BenchError(
    "no-fingerprint",
    `the firmware of ${connection.name} tells no fingerprint, so nothing could prove that the key arrived`,
    "flash a firmware of this version of isnkit",
  );
}

function drawKey({ newKey, isTaken = () => false }: ProvisionOptions): Uint8Array {
  for (let draw = 0; draw < DRAWS_MAX; draw++) {
    const key = newKey();
    const fingerprint = key.length === KEY_BYTES ? fingerprintOf(key) : 0;
    if (fingerprint !== 0 && !isTaken(fingerprintText(fingerprint))) return key;
    wipeKey(key);
  }
  throw new BenchError(
    "no-fresh-key",
    `the host's source of random numbers gave no fresh key in ${DRAWS_MAX} draws`,
    "do not go on with this machine: its random numbers repeat",
  );
}

/** Sends the key until the device has it; a transfer that it refused as damaged left nothing behind. */
async function handOver(
  key: Uint8Array,
  had: number,
  options: ProvisionOptions,
): Promise<DeviceState> {
  const { connection, replace, newDevice } = options;
  const bits = (replace ? PROVISION.replace : 0) | (newDevice ? PROVISION.newDevice : 0);
  for (let transfer = 0; transfer < TRANSFERS_MAX; transfer++) {
    const id = FIRST_ID + transfer;
    const answer = await transferKey(connection, id, key, bits);
    if (answer?.type === "refused-command") continue;
    if (answer !== undefined && decimalField(answer, "ok") === 0) throw refused(answer, connection);
    // Without an answer the device may have the key or not: its own fingerprint tells.
    const state = await startedState(options);
    if (state.fingerprint === fingerprintOf(key)) return state;
    const isUnchanged = (state.fingerprint ?? 0) === had;
    if (answer !== undefined || !isUnchanged) throw otherKey(connection.name);
  }
  throw new BenchError(
    "key-not-taken",
    `${connection.name} did not take the key in ${TRANSFERS_MAX} transfers: the line damages what is sent`,
    "check cable and baud rate; the device has no key, nothing was lost",
  );
}

/** The device's answer; undefined when none came. */
async function transferKey(
  connection: SerialConnection,
  id: number,
  key: Uint8Array,
  options: number,
): Promise<ConsoleRecord | undefined> {
  const session = await connection.connect();
  const { link } = connection;
  const command = provisionCommand(id, key, options);
  try {
    const answer = session.record(
      (record) => decimalField(record, "re") === id || record.type === "refused-command",
      "the answer to do=provision",
      WRITE_MS,
    );
    await link?.write(command);
    return await answer;
  } catch (error) {
    if (error instanceof BenchError) return undefined;
    throw error;
  } finally {
    wipeKey(command);
  }
}

function refused(answer: ConsoleRecord, { name }: SerialConnection): BenchError {
  const reason = decimalField(answer, "reason");
  const why = reason === undefined ? (answer.fields.get("why") ?? "no reason") : reasonName(reason);
  return new BenchError(
    "key-refused",
    `${name} refused the key: ${why}`,
    "look at its state with `isnkit monitor`; a journal that fails to write takes no key",
  );
}

function otherKey(name: string): BenchError {
  return new BenchError(
    "fingerprint-differs",
    `${name} tells another fingerprint than that of the key that was sent: it holds a damaged key, or another one`,
    "give it a new one: isnkit provision --replace",
  );
}
