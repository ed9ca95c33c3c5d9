/**
 * The board selector of every command: `sim`, `sim:<generator>`, `qemu:<model>[:<firmware>]`,
 * `rp2040js:<model>[:<firmware>]`, the path of a serial port, `usb:<vid>:<pid>[:<serial>]`, or a name of
 * bench.json. This file takes a selector apart; desk-board.ts finds the board.
 */

import { didYouMean } from "../core/did-you-mean.ts";
import { UsageError } from "../core/errors.ts";
import {
  type EmulatedBoardName,
  isEmulatedBoard,
  parseEmulatedBoard,
} from "./emulated-selector.ts";

export type BoardSelector =
  | { readonly kind: "sim"; readonly text: string; readonly generator: string }
  | ({ readonly kind: "emulated"; readonly text: string } & EmulatedBoardName)
  | DeskSelector;

/** A board that stands on a desk. */
export type DeskSelector =
  | { readonly kind: "port"; readonly text: string; readonly path: string }
  | {
      readonly kind: "usb";
      readonly text: string;
      /** Four hexadecimal digits, lower case. */
      readonly vid: string;
      readonly pid: string;
      readonly serial?: string;
    }
  | { readonly kind: "bench"; readonly text: string; readonly name: string };

/** What names can mean here. */
export interface SelectorNames {
  /** What `sim:<name>` can be. */
  readonly generators: readonly string[];
  /** Boards of bench.json. */
  readonly bench: readonly string[];
}

/** The generator behind `sim`. */
const HONEST = "isnkit";
const EMULATED_EXAMPLES = ["qemu:lm3s6965evb", "rp2040js:rpi-pico"] as const;
/** Absolute, relative, or a Windows name. */
const PORT_PATH = /^(?:\/.+|\.{1,2}\/.+|COM\d+|\\\\\.\\.+)$/i;
const USB_NUMBER = /^[0-9a-f]{4}$/;

/** True for what needs bench.json or a port: neither simulated nor emulated. */
export function isDeskSelector(selector: BoardSelector): selector is DeskSelector {
  return selector.kind !== "sim" && selector.kind !== "emulated";
}

/** True when a text can only mean a board of the desk, so that bench.json has to be read. */
export function needsBench(text: string): boolean {
  return text !== "sim" && !text.startsWith("sim:") && !isEmulatedBoard(text);
}

/**
 * Takes a selector apart. `place` is where it came from, for the message. Throws UsageError
 * `unknown-board` that lists what would be understood.
 */
export function parseBoardSelector(
  text: string,
  place: string,
  names: SelectorNames,
): BoardSelector {
  if (text === "sim") return { kind: "sim", text, generator: HONEST };
  if (text.startsWith("sim:") && names.generators.includes(text.slice(4))) {
    return { kind: "sim", text, generator: text.slice(4) };
  }
  if (isEmulatedBoard(text)) return { kind: "emulated", text, ...parseEmulatedBoard(text) };
  if (PORT_PATH.test(text)) return { kind: "port", text, path: text };
  if (text.startsWith("usb:")) return parseUsb(text, place);
  if (names.bench.includes(text)) return { kind: "bench", text, name: text };
  const candidates = selectorCandidates(names);
  throw new UsageError(
    "unknown-board",
    `no board matches ${JSON.stringify(text)} (${place})`,
    `${didYouMean(text, candidates)}the boards are ${candidates.join(", ")}, a serial port such as /dev/ttyACM0, usb:<vid>:<pid>`,
  );
}

function selectorCandidates({ generators, bench }: SelectorNames): string[] {
  return ["sim", ...generators.map((name) => `sim:${name}`), ...EMULATED_EXAMPLES, ...bench];
}

function parseUsb(text: string, place: string): DeskSelector {
  const [, vid = "", pid = "", ...rest] = text.split(":");
  // A serial number may hold colons itself.
  const serial = rest.join(":");
  const [vendor, product] = [vid.toLowerCase(), pid.toLowerCase()];
  const isWhole = USB_NUMBER.test(vendor) && USB_NUMBER.test(product);
  if (!isWhole || (rest.length > 0 && serial === "")) {
    throw new UsageError(
      "unknown-board",
      `${JSON.stringify(text)} is no USB board (${place})`,
      "give usb:<vid>:<pid> or usb:<vid>:<pid>:<serial>, four hexadecimal digits each, as `isnkit boards` shows them",
    );
  }
  const numbers = { kind: "usb", text, vid: vendor, pid: product } as const;
  return serial === "" ? numbers : { ...numbers, serial };
}
