/** Boards as they are plugged in, one after another: what a production line works on. */
import { realpath } from "node:fs/promises";
import type { DeskSelector } from "../boards/board-selector.ts";
import { BenchError } from "../core/errors.ts";
import type { ChangeSignal } from "./change-signal.ts";
import { type Desk, type DeskBoard, findDeskBoard } from "./desk-board.ts";

/**
 * Each board that one of the selectors means: those that are there, then each that comes. A board that
 * was unplugged and comes back is a board anew. Ends when `isOver`, at the signal's next word.
 */
export async function* pluggedBoards(
  selectors: readonly DeskSelector[],
  desk: Desk,
  signal: ChangeSignal,
  isOver: () => boolean,
): AsyncGenerator<DeskBoard> {
  let there = new Map<string, DeskBoard>();
  while (!isOver()) {
    const now = await present(selectors, desk);
    const fresh = [...now].filter(([key]) => !there.has(key));
    there = now;
    for (const [, board] of fresh) {
      yield board;
      if (isOver()) return;
    }
    await signal.next();
  }
}

/** What is attached, by port and serial number. */
async function present(
  selectors: readonly DeskSelector[],
  desk: Desk,
): Promise<Map<string, DeskBoard>> {
  const ports = await desk.ports();
  const still: Desk = { ...desk, ports: async () => ports };
  const boards = new Map<string, DeskBoard>();
  for (const selector of selectors) {
    for (const one of await meant(selector, still)) {
      const real = await realpath(one.path).catch(() => one.path);
      boards.set(`${real} ${one.usb?.serial ?? ""}`, one);
    }
  }
  return boards;
}

/** USB numbers without a serial number mean every board that has them: that is what a line is. */
async function meant(selector: DeskSelector, desk: Desk): Promise<DeskBoard[]> {
  if (selector.kind !== "usb" || selector.serial !== undefined) return found(selector, desk);
  const { vid, pid } = selector;
  const ports = (await desk.ports()).filter(({ usb }) => usb?.vid === vid && usb.pid === pid);
  // Two ports with one serial number are one device, and that is an error that names both.
  const serials = [...new Set(ports.flatMap(({ usb }) => usb?.serial ?? []))];
  const named = serials.map((serial): DeskSelector => {
    return { kind: "usb", text: `usb:${vid}:${pid}:${serial}`, vid, pid, serial };
  });
  const nameless = ports
    .filter(({ usb }) => usb?.serial === undefined)
    .map(({ path }): DeskSelector => ({ kind: "port", text: path, path }));
  const all = await Promise.all([...named, ...nameless].map((one) => found(one, desk)));
  return all.flat();
}

async function found(selector: DeskSelector, desk: Desk): Promise<DeskBoard[]> {
  try {
    return [await findDeskBoard(selector, desk)];
  } catch (error) {
    if (error instanceof BenchError && error.code === "board-not-attached") return [];
    throw error;
  }
}
