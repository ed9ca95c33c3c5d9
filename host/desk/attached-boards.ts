/** What stands on the desk: each port and each known USB device, the model it is, and its name. */
import { realpath } from "node:fs/promises";
import type { BoardDescription } from "../boards/board-description.ts";
import type { AttachedPort } from "../console/attached-ports.ts";
import { type AttachedUsb, listAttachedUsb } from "../console/attached-usb.ts";
import { type ChangeSignal, watchFolders } from "./change-signal.ts";
import { type Desk, findDeskBoard, modelsOf } from "./desk-board.ts";

export interface DeskEntry {
  /** What `--board` takes for it. */
  readonly selector: string;
  /** False for a board of bench.json that is not there. */
  readonly attached: boolean;
  /** Name in bench.json. */
  readonly name?: string;
  readonly path?: string;
  readonly usb?: AttachedUsb;
  /** Set when bench.json or USB numbers of its own say so. */
  readonly model?: string;
  /** Models that it could be, when the numbers are those of a probe that many boards have. */
  readonly possible: readonly string[];
  /** What shows under these numbers: a probe, a boot loader. */
  readonly note?: string;
  /** Why a board of bench.json was not found. */
  readonly missing?: string;
}

export interface WholeDesk extends Desk {
  /** USB devices, those without a port among them: boards in their boot loader. */
  readonly usb: () => Promise<readonly AttachedUsb[]>;
}

export function wholeDesk(desk: Desk): WholeDesk {
  return { ...desk, usb: () => listAttachedUsb() };
}

/** Boards of bench.json first, then what else is attached. Never rejects. */
export async function listDesk(desk: WholeDesk): Promise<DeskEntry[]> {
  const [ports, devices] = await Promise.all([desk.ports(), desk.usb()]);
  const still: Desk = { ...desk, ports: async () => ports };
  const named = await Promise.all(
    [...desk.bench.boards.keys()].map((one) => benchEntry(one, still)),
  );
  const taken = new Set<string>();
  for (const { path } of named) {
    if (path !== undefined) taken.add(await realpath(path).catch(() => path));
  }
  const others = ports.filter((port) => !taken.has(port.path));
  const seen = new Set(ports.map((port) => deviceKey(port.usb)));
  const portless = devices.filter((device) => !seen.has(deviceKey(device)));
  return [
    ...named,
    ...others.map((port) => portEntry(port, desk.descriptions)),
    ...portless.flatMap((device) => portlessEntry(device, desk.descriptions)),
  ];
}

export interface DeskChange {
  readonly event: "present" | "attached" | "detached";
  readonly entry: DeskEntry;
}

const EVERY_MS = 2000;
const SETTLE_MS = 200;

/** The signal for watchDesk: device files as they come and go, and a look every two seconds. */
export function deskSignal(): ChangeSignal {
  return watchFolders({ folders: ["/dev"], everyMs: EVERY_MS, settleMs: SETTLE_MS });
}

/** What is there (`present`), then what comes and goes, until the signal is closed. */
export async function* watchDesk(
  desk: WholeDesk,
  signal: ChangeSignal,
  isOver: () => boolean,
): AsyncGenerator<DeskChange> {
  let before = byKey(await listDesk(desk));
  for (const entry of before.values()) yield { event: "present", entry };
  while (!isOver()) {
    await signal.next();
    if (isOver()) return;
    const now = byKey(await listDesk(desk));
    for (const [key, entry] of before) {
      if (!now.has(key)) yield { event: "detached", entry };
    }
    for (const [key, entry] of now) {
      if (!before.has(key)) yield { event: "attached", entry };
    }
    before = now;
  }
}

function byKey(entries: readonly DeskEntry[]): Map<string, DeskEntry> {
  const attached = entries.filter((entry) => entry.attached);
  return new Map(
    attached.map((entry) => [`${entry.selector} ${entry.path} ${deviceKey(entry.usb)}`, entry]),
  );
}

async function benchEntry(name: string, desk: Desk): Promise<DeskEntry> {
  const bench = desk.bench.boards.get(name);
  const said = { selector: name, name, possible: [], ...(bench ? { model: bench.model } : {}) };
  try {
    const { path, usb } = await findDeskBoard({ kind: "bench", text: name, name }, desk);
    return { ...said, attached: true, path, ...(usb === undefined ? {} : { usb }) };
  } catch (error) {
    return {
      ...said,
      attached: false,
      missing: error instanceof Error ? error.message : `${error}`,
    };
  }
}

function portEntry(port: AttachedPort, descriptions: readonly BoardDescription[]): DeskEntry {
  const { path, usb } = port;
  if (usb === undefined) return { selector: path, attached: true, path, possible: [] };
  return { selector: path, attached: true, path, usb, ...modelOf(usb, descriptions) };
}

/** Listed only when some model is known to show so: a desk has keyboards, too. */
function portlessEntry(usb: AttachedUsb, descriptions: readonly BoardDescription[]): DeskEntry[] {
  if (modelsOf(usb, descriptions).length === 0) return [];
  const selector = `usb:${usb.vid}:${usb.pid}${usb.serial === undefined ? "" : `:${usb.serial}`}`;
  return [{ selector, attached: true, usb, ...modelOf(usb, descriptions) }];
}

function modelOf(usb: AttachedUsb, descriptions: readonly BoardDescription[]) {
  const matches = modelsOf(usb, descriptions);
  const [first] = matches;
  const note = first?.note === undefined ? {} : { note: first.note };
  if (first !== undefined && matches.length === 1 && !first.shared) {
    return { model: first.description.model, possible: [], ...note };
  }
  return { possible: matches.map(({ description }) => description.model), ...note };
}

function deviceKey(usb: AttachedUsb | undefined): string {
  if (usb === undefined) return "";
  const hub = usb.hub === undefined ? "" : `${usb.hub.location}.${usb.hub.port}`;
  return `${usb.vid}:${usb.pid}:${usb.serial ?? ""}:${hub}`;
}
