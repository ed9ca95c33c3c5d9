/**
 * A new module over the console (docs/flash.md): into the slot that does not run, checked by the device,
 * tried, and confirmed when the device has told its version and hash. Whatever fails on the way, the
 * device runs its old module, at the latest after its next start.
 */
import type { ConsoleRecord } from "../console/console-record.ts";
import { decimalField } from "../console/console-record.ts";
import { BenchError } from "../core/errors.ts";
import { STATE } from "../module/abi.ts";
import { type DeviceModule, hasKey, shortDigest } from "./device-module.ts";
import type { FlashDevice } from "./flash-device.ts";
import type { ModuleImage } from "./module-image.ts";
import { sendYmodem, TransferInterrupted, type YmodemPatience } from "./ymodem-sender.ts";

/** Where an update is; told as it goes on. */
export type FlashStep =
  | { readonly step: "found"; readonly device: DeviceModule }
  | { readonly step: "sending"; readonly bytes: number; readonly of: number; readonly slot: string }
  | { readonly step: "checking" }
  | { readonly step: "trying"; readonly device: DeviceModule }
  | { readonly step: "confirmed"; readonly device: DeviceModule }
  | { readonly step: "wiping" };

export interface ModuleFlashOptions {
  readonly device: FlashDevice;
  readonly image: ModuleImage;
  /** Name of the file, for the transfer. */
  readonly name: string;
  /** Clears the journal, key included, when the new module is confirmed. */
  readonly wipeJournal?: boolean;
  readonly onStep?: (step: FlashStep) => void;
  readonly signal?: AbortSignal;
  readonly patience?: YmodemPatience;
}

export interface ModuleFlash {
  readonly before: DeviceModule;
  readonly after: DeviceModule;
  /** True when the device ran this very module already, so nothing was sent. */
  readonly unchanged: boolean;
  readonly journalWiped: boolean;
}

/**
 * Updates the module. BenchError `no-slots`, `module-rejected`, `not-confirmed`, `journal-changed`, and
 * those of the transfer and the port; TransferInterrupted after the signal.
 */
export async function flashModule(options: ModuleFlashOptions): Promise<ModuleFlash> {
  const before = await findReady(options);
  const unchanged = before.module === options.image.sha256;
  const after = unchanged ? before : await update(before, options);
  if (options.wipeJournal !== true) return { before, after, unchanged, journalWiped: false };
  options.onStep?.({ step: "wiping" });
  return { before, after: await wipeJournal(options.device), unchanged, journalWiped: true };
}

async function findReady({ device, onStep }: ModuleFlashOptions): Promise<DeviceModule> {
  const found = await device.find();
  if (found.trial === undefined) throw noSlots(found);
  // An update that nobody confirmed: its old module is what this one starts from.
  if (found.trial) await device.restart("rollback");
  const before = await device.started();
  onStep?.({ step: "found", device: before });
  return before;
}

async function update(before: DeviceModule, options: ModuleFlashOptions): Promise<DeviceModule> {
  const { device, image, onStep, signal } = options;
  await transfer(options);
  onStep?.({ step: "checking" });
  await check(device, image);
  try {
    if (signal?.aborted) throw new TransferInterrupted("the update was interrupted");
    const tried = await device.started();
    expectTrial(tried, before, image);
    onStep?.({ step: "trying", device: tried });
    await confirm(options);
    const after = await device.about();
    if (after.trial || after.last !== "confirmed" || after.module !== image.sha256) {
      throw notConfirmed(after, "it does not say that the module is confirmed");
    }
    onStep?.({ step: "confirmed", device: after });
    return after;
  } catch (error) {
    const restarted = error instanceof BenchError && error.code === "device-restarted";
    if (restarted) throw await endOfTrial(device);
    // On a line that is gone the next start of the device does the same.
    await device.restart("rollback").catch(() => undefined);
    throw error;
  }
}

/** Why the device went back to its old module by itself. */
async function endOfTrial(device: FlashDevice): Promise<BenchError> {
  const why = (await device.about()).last ?? "restart";
  return rejected(why, REASONS[why] ?? "the trial ended");
}

/** The device takes a confirmation only when the new module has run for a while. */
async function confirm({ device, image, signal }: ModuleFlashOptions): Promise<void> {
  for (;;) {
    const answer = await device.command({ do: "confirm", sha: image.sha256 }, "confirmed");
    if (answer.fields.get("why") !== "too-early") return expectOk(answer, "confirm");
    const leftMs = Math.min(decimalField(answer, "ms") ?? 0, TRIAL_MS_MAX);
    // A trial that fails ends in a restart, and the device says so.
    const restarted = await device.line.record(({ type }) => type === "hello", leftMs, signal);
    if (signal?.aborted) throw new TransferInterrupted("the update was interrupted");
    if (restarted !== undefined) throw await endOfTrial(device);
  }
}

/** No firmware asks for longer. */
const TRIAL_MS_MAX = 60_000;

async function transfer({
  device,
  image,
  name,
  onStep,
  signal,
  patience,
}: ModuleFlashOptions): Promise<void> {
  const ready = await device.command({ do: "receive" }, "receive");
  expectOk(ready, "receive");
  const room = decimalField(ready, "room") ?? 0;
  const slot = ready.fields.get("slot") ?? "?";
  const of = image.bytes.length;
  if (of > room) {
    await sendYmodem(device.line, { name, bytes: image.bytes, signal: AbortSignal.abort() }).catch(
      () => undefined,
    );
    await device.line.record((record) => record.type === "received", RECEIVED_MS);
    throw rejected("length", `it has ${of} bytes, a slot ${room}`);
  }
  const onProgress = (bytes: number) => onStep?.({ step: "sending", bytes, of, slot });
  onProgress(0);
  let failure: unknown;
  try {
    await sendYmodem(device.line, {
      name,
      bytes: image.bytes,
      onProgress,
      ...(signal === undefined ? {} : { signal }),
      ...(patience === undefined ? {} : { patience }),
    });
  } catch (error) {
    if (!(error instanceof BenchError) || error.code !== "transfer-cancelled") throw error;
    failure = error;
  }
  const received = await device.line.record((record) => record.type === "received", RECEIVED_MS);
  if (received === undefined) throw failure ?? device.silent("receive");
  expectOk(received, "receive");
  if (received.fields.get("sha") !== image.sha256) {
    throw rejected("sha", "what the device received has another SHA-256");
  }
}

/** The device says what it received as soon as the transfer ends. */
const RECEIVED_MS = 10_000;
/** The checks end in a restart, by the device or by its watchdog. */
const CHECKED_MS = 30_000;

/** Lets the device check the module and restart into it. BenchError `module-rejected` with its reason. */
async function check(device: FlashDevice, image: ModuleImage): Promise<void> {
  const id = await device.line.send({ do: "try", sha: image.sha256 });
  let why: string | undefined;
  let running = false;
  for (;;) {
    const record = await device.line.record(
      ({ type }) => type === "checking" || type === "checked" || type === "hello",
      CHECKED_MS,
    );
    if (record === undefined) throw device.silent("try");
    if (record.type === "hello") break;
    if (decimalField(record, "re") !== id) continue;
    running ||= record.type === "checking";
    if (record.type === "checked") why = record.fields.get("why");
    // Refused before the module ran: then there is no restart either.
    if (record.type === "checked" && !running) break;
  }
  if (why !== undefined) throw rejected(why, REASONS[why] ?? "the device's checks");
  const now = await device.about();
  if (now.trial !== true || now.module !== image.sha256) {
    throw rejected(now.last ?? "restart", REASONS[now.last ?? ""] ?? "the device restarted");
  }
}

/** What the device says, in words. Others are names of what its self test asks: `isn4`, `port4`, … */
const REASONS: Readonly<Record<string, string>> = {
  sha: "its SHA-256 is not the one that was sent",
  abi: "its ABI version is not one that the firmware speaks, or it does not load",
  import: "it imports what the device does not give",
  export: "it lacks an export, or one has another type",
  memory: "it declares another memory than one page",
  recursion: "its functions call one another in a circle",
  rehearsal: "on a copy of the journal it did not find the device's key, count and numbers",
  "rehearsal-back": "on a copy of the journal the old module could not go on from what it left",
  "check-restarted": "the device restarted while it was checked",
  watchdog: "it hung, and the watchdog ended it",
  trapped: "it trapped on trial",
};

function expectTrial(tried: DeviceModule, before: DeviceModule, image: ModuleImage): void {
  if (tried.trial !== true || tried.module !== image.sha256) {
    const why = tried.last ?? "restart";
    throw rejected(why, REASONS[why] ?? "the trial ended");
  }
  if (tried.state === STATE.off) throw notConfirmed(tried, "the new module does not start");
  // A trial that lost the key or the count must not stay.
  const kept = hasKey(before) ? hasKey(tried) && tried.boots > before.boots : true;
  if (kept) return;
  throw new BenchError(
    "journal-changed",
    `the new module does not go on from the journal: boot count ${before.boots} before, ${tried.boots} after, state ${tried.state}`,
    "the device went back to its old module; do not use this one",
  );
}

async function wipeJournal(device: FlashDevice): Promise<DeviceModule> {
  const answer = await device.command({ do: "wipe-journal", sure: "yes" }, "wiped");
  expectOk(answer, "wipe-journal");
  await device.hello();
  const after = await device.started();
  if (after.journal === "wiped" && !hasKey(after)) return after;
  throw notConfirmed(after, "it does not say that the journal is wiped");
}

function expectOk(answer: ConsoleRecord, command: string): void {
  if (decimalField(answer, "ok") === 1) return;
  const why = answer.fields.get("why") ?? "no reason given";
  throw rejected(why, REASONS[why] ?? `the answer to do=${command}`);
}

function rejected(why: string, words: string): BenchError {
  return new BenchError(
    "module-rejected",
    `the device refused the module (${why}): ${words}`,
    "it runs its old module; build the module for this firmware, or send it again",
  );
}

function notConfirmed(now: DeviceModule, why: string): BenchError {
  return new BenchError(
    "not-confirmed",
    `the device runs module ${shortDigest(now.module)} from slot ${now.slot}, but ${why}`,
    "ask it again: `isnkit monitor`, then do=about; after a restart it runs what was confirmed last",
  );
}

function noSlots({ board, runtime }: DeviceModule): BenchError {
  return new BenchError(
    "no-slots",
    `this firmware of ${board} over ${runtime} takes no modules: it has no slots for them`,
    "flash a firmware that has the new module built in: isnkit flash --image FILE",
  );
}
