/** The desk and the models as text and JSON. */
import type { BoardDescription } from "../boards/board-description.ts";
import type { AttachedUsb } from "../console/attached-usb.ts";
import { printable, printableJson } from "../core/plain-text.ts";
import type { DeskChange, DeskEntry } from "./attached-boards.ts";

const DESK_SCHEMA = "isnkit.boards/1";
const MODELS_SCHEMA = "isnkit.models/1";

/** A table; or the sentence that nothing is attached, and what to do. */
export function deskText(entries: readonly DeskEntry[]): string {
  if (entries.length === 0) {
    return "nothing is attached\n  next: plug a board in and look at `isnkit boards --watch`, or try `isnkit check --board qemu:lm3s6965evb`\n";
  }
  const rows = entries.map((entry) => [
    entry.selector,
    modelText(entry),
    entry.path ?? (entry.attached ? "no port" : "not attached"),
    usbText(entry.usb),
    entry.missing ?? whatText(entry),
  ]);
  return table([["board", "model", "port", "usb", ""], ...rows]);
}

export function deskJson(entries: readonly DeskEntry[]): string {
  return `${printableJson({ schema: DESK_SCHEMA, boards: entries })}\n`;
}

/** One line an event: `attached  /dev/ttyACM0  rpi-pico  …`. */
export function changeText({ event, entry }: DeskChange): string {
  const words = [
    event.padEnd(8),
    entry.selector,
    modelText(entry),
    usbText(entry.usb),
    whatText(entry),
  ];
  return `${words
    .filter((word) => word !== "")
    .map(printable)
    .join("  ")}\n`;
}

/** One line of NDJSON; `at`: the host's time, ISO 8601. */
export function changeJson(change: DeskChange, at: string): string {
  const line = { schema: DESK_SCHEMA, at, event: change.event, board: change.entry };
  return `${printableJson(line, 0)}\n`;
}

/** Each model, and plainly what was run and what was not. */
export function modelsText(descriptions: readonly BoardDescription[]): string {
  return descriptions
    .map((one) => {
      const kilobytes = `${one.flashBytes / 1024} KiB flash, ${one.ramBytes / 1024} KiB RAM`;
      const lines = [
        `${one.model}: ${one.name}`,
        `  ${one.core}, ${kilobytes}; journal: ${one.nvm.part}`,
        `  emulator: ${one.emulator?.kind ?? "none"}; usb: ${idsText(one)}`,
        ...(one.verified?.run ?? []).map((line) => `  run: ${line}`),
        ...(one.verified?.notRun ?? []).map((line) => `  not run: ${line}`),
      ];
      return `${lines.map(printable).join("\n")}\n`;
    })
    .join("\n");
}

export function modelsJson(descriptions: readonly BoardDescription[]): string {
  return `${printableJson({ schema: MODELS_SCHEMA, models: descriptions })}\n`;
}

function modelText({ model, possible }: DeskEntry): string {
  if (model !== undefined) return model;
  if (possible.length === 0) return "unknown";
  return `${possible.join(" or ")}?`;
}

function usbText(usb: AttachedUsb | undefined): string {
  if (usb === undefined) return "";
  return `${usb.vid}:${usb.pid}${usb.serial === undefined ? "" : `:${usb.serial}`}`;
}

function whatText({ note, usb }: DeskEntry): string {
  if (note !== undefined) return note;
  return [usb?.manufacturer, usb?.product].filter((text) => text !== undefined).join(" ");
}

function idsText({ usb = [] }: BoardDescription): string {
  return usb.length === 0
    ? "none of its own"
    : usb.map(({ vid, pid }) => `${vid}:${pid}`).join(", ");
}

function table(rows: readonly (readonly string[])[]): string {
  const shown = rows.map((row) => row.map(printable));
  const widths = (shown[0] ?? []).map((_, i) =>
    Math.max(...shown.map((row) => row[i]?.length ?? 0)),
  );
  return shown
    .map(
      (row) =>
        `${row
          .map((cell, i) => cell.padEnd(widths[i] ?? 0))
          .join("  ")
          .trimEnd()}\n`,
    )
    .join("");
}
