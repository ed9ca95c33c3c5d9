/**
 * Finds a board that stands on the desk: by the path of its port, its USB numbers, or its name in
 * bench.json; and finds it again when it comes back under another path. It never guesses: no match or
 * several is an error that lists the candidates.
 */
import { realpath } from "node:fs/promises";
import type { Bench, BenchBoard } from "../boards/bench-file.ts";
import {
  type BoardDescription,
  boardModels,
  readBoardDescription,
} from "../boards/board-description.ts";
import type { DeskSelector } from "../boards/board-selector.ts";
import { type AttachedPort, listAttachedPorts } from "../console/attached-ports.ts";
import type { AttachedUsb } from "../console/attached-usb.ts";
import { BenchError, UsageError } from "../core/errors.ts";

/** What the desk can be asked. */
export interface Desk {
  readonly bench: Bench;
  readonly descriptions: readonly BoardDescription[];
  readonly ports: () => Promise<readonly AttachedPort[]>;
}

export interface DeskBoard {
  /** As it was given. */
  readonly selector: string;
  /** Name of bench.json, or the selector. */
  readonly name: string;
  /** Where the port is now. */
  readonly path: string;
  readonly baud: number;
  /** Absent when nothing says which model it is. */
  readonly description?: BoardDescription;
  readonly usb?: AttachedUsb;
  /** USB interface of the console. */
  readonly interface?: number;
  /** What bench.json says of it. */
  readonly bench?: BenchBoard;
}

const BAUD_USUAL = 115_200;

/** The desk of this machine. BenchError for a bad board.json. */
export async function openDesk(bench: Bench): Promise<Desk> {
  const models = await boardModels();
  const descriptions = await Promise.all(models.map(readBoardDescription));
  return { bench, descriptions, ports: () => listAttachedPorts() };
}

/**
 * The board that a selector means. BenchError `board-not-attached` or `board-ambiguous`, UsageError
 * `unknown-board` for a model of bench.json that has no description.
 */
export async function findDeskBoard(selector: DeskSelector, desk: Desk): Promise<DeskBoard> {
  const bench = selector.kind === "bench" ? desk.bench.boards.get(selector.name) : undefined;
  const port = await findPort(selector, bench, desk);
  const description = bench
    ? describedModel(bench.model, selector.text, desk)
    : knownModel(port.usb, desk.descriptions);
  return {
    selector: selector.text,
    name: selector.kind === "bench" ? selector.name : selector.text,
    path: port.path,
    baud: bench?.baud ?? description?.console.baud ?? BAUD_USUAL,
    ...(description === undefined ? {} : { description }),
    ...(port.usb === undefined ? {} : { usb: port.usb }),
    ...(port.interface === undefined ? {} : { interface: port.interface }),
    ...(bench === undefined ? {} : { bench }),
  };
}

/**
 * Where a board that was found once is now: the same path, or another one with the same USB serial
 * number. Undefined while it is away, or when two devices answer to it.
 */
export async function locateDeskBoard(board: DeskBoard, desk: Desk): Promise<string | undefined> {
  const { usb, bench } = board;
  const ports = await desk.ports();
  if (bench?.usb !== undefined) return onlyPath(ports.filter(matching(bench.usb)));
  if (usb?.serial !== undefined) {
    const again = {
      ...usb,
      ...(board.interface === undefined ? {} : { interface: board.interface }),
    };
    return onlyPath(ports.filter(matching(again)));
  }
  // Nothing tells it from another board of its kind but the path.
  const path = await realpath(board.path).catch(() => undefined);
  if (path === undefined || usb === undefined) return path === undefined ? undefined : board.path;
  const there = ports.find((port) => port.path === path);
  return there?.usb === undefined || matching(usb)(there) ? board.path : undefined;
}

/** Models whose board.json has these USB numbers, in alphabetical order. */
export function modelsOf(
  usb: AttachedUsb,
  descriptions: readonly BoardDescription[],
): { readonly description: BoardDescription; readonly shared: boolean; readonly note?: string }[] {
  return descriptions.flatMap((description) => {
    const id = description.usb?.find(({ vid, pid }) => vid === usb.vid && pid === usb.pid);
    if (id === undefined) return [];
    const note = id.note === undefined ? {} : { note: id.note };
    return [{ description, shared: id.shared === true, ...note }];
  });
}

/** The model, when the USB numbers leave no doubt: not those of a probe that many boards have. */
function knownModel(
  usb: AttachedUsb | undefined,
  descriptions: readonly BoardDescription[],
): BoardDescription | undefined {
  if (usb === undefined) return undefined;
  const [match, ...others] = modelsOf(usb, descriptions);
  return match === undefined || match.shared || others.length > 0 ? undefined : match.description;
}

async function findPort(
  selector: DeskSelector,
  bench: BenchBoard | undefined,
  desk: Desk,
): Promise<AttachedPort> {
  const ports = await desk.ports();
  const usb = selector.kind === "usb" ? selector : bench?.usb;
  if (usb !== undefined) return onlyPort(selector, usbText(usb), ports, desk, matching(usb));
  const path = selector.kind === "port" ? selector.path : (bench?.port ?? "");
  // By-id links and the like: what is attached is known under its real name.
  const real = await realpath(path).catch(() => undefined);
  if (real === undefined && process.platform !== "win32")
    throw notAttached(selector, ports, path, desk);
  const known = ports.find((port) => port.path === real || port.path === path);
  return { ...known, path };
}

interface UsbWanted {
  readonly vid: string;
  readonly pid: string;
  readonly serial?: string | undefined;
  readonly interface?: number | undefined;
}

function matching(wanted: UsbWanted): (port: AttachedPort) => boolean {
  return ({ usb, interface: number }) =>
    usb?.vid === wanted.vid &&
    usb.pid === wanted.pid &&
    (wanted.serial === undefined || usb.serial === wanted.serial) &&
    (wanted.interface === undefined || number === wanted.interface);
}

function onlyPath(ports: readonly AttachedPort[]): string | undefined {
  return ports.length === 1 ? ports[0]?.path : undefined;
}

function onlyPort(
  selector: DeskSelector,
  what: string,
  ports: readonly AttachedPort[],
  desk: Desk,
  fits: (port: AttachedPort) => boolean,
): AttachedPort {
  const found = ports.filter(fits);
  const [first, ...others] = found;
  if (first === undefined) throw notAttached(selector, ports, what, desk);
  if (others.length === 0) return first;
  throw new BenchError(
    "board-ambiguous",
    `${selector.text} is more than one port`,
    `name one of them: ${found.map(portText).join(", ")}${placeText(selector, desk)}`,
  );
}

function notAttached(
  selector: DeskSelector,
  ports: readonly AttachedPort[],
  what: string,
  desk: Desk,
): BenchError {
  const list = ports.length === 0 ? "nothing is attached" : ports.map(portText).join(", ");
  return new BenchError(
    "board-not-attached",
    `${selector.kind === "bench" ? `${selector.name} (${what})` : what} is not attached`,
    `check cable and power; attached: ${list}${placeText(selector, desk)}`,
  );
}

function placeText(selector: DeskSelector, desk: Desk): string {
  return selector.kind === "bench" ? ` (${desk.bench.placeOf(selector.name)})` : "";
}

/** `/dev/ttyACM0 (usb:2e8a:000a:E66058)`. */
function portText({ path, usb }: AttachedPort): string {
  return usb === undefined ? path : `${path} (${usbText(usb)})`;
}

/** `usb:2e8a:000a:E66058`, as a selector. */
function usbText({ vid, pid, serial }: UsbWanted): string {
  return `usb:${vid}:${pid}${serial === undefined ? "" : `:${serial}`}`;
}

function describedModel(model: string, selector: string, desk: Desk): BoardDescription {
  const description = desk.descriptions.find((one) => one.model === model);
  if (description !== undefined) return description;
  throw new UsageError(
    "unknown-board",
    `${selector} is of the model ${JSON.stringify(model)}, which has no description (${desk.bench.placeOf(selector)})`,
    `the models are ${desk.descriptions.map((one) => one.model).join(", ")}`,
  );
}
