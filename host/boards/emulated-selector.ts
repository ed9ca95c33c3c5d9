/**
 * Board selectors for emulated boards: `qemu:<model>[:<firmware>]` or `rp2040js:<model>[:<firmware>]`.
 * Without a firmware it is the conformance application over wasm2c: on a network where the board and the
 * machine have one, otherwise with made-up connections.
 */
import { UsageError } from "../core/errors.ts";

export const EMULATORS = ["qemu", "rp2040js"] as const;
/**
 * The conformance application over a runtime, never on a network; the same on a network, or not at all;
 * the mail device with isnkit's or lwIP's numbers.
 */
export const FIRMWARES = ["wasm2c", "wasm3", "network", "mail", "lwip-default"] as const;
export type FirmwareName = (typeof FIRMWARES)[number];

export interface EmulatedBoardName {
  readonly emulator: (typeof EMULATORS)[number];
  readonly model: string;
  /** Undefined: none was named. */
  readonly firmware: FirmwareName | undefined;
}

/** True for selectors that this file serves. */
export function isEmulatedBoard(selector: string): boolean {
  return EMULATORS.some((emulator) => selector.startsWith(`${emulator}:`));
}

/** Takes a selector apart. UsageError when it is none. */
export function parseEmulatedBoard(selector: string): EmulatedBoardName {
  const [emulatorText, model, firmwareText, ...rest] = selector.split(":");
  const emulator = EMULATORS.find((name) => name === emulatorText);
  const firmware = FIRMWARES.find((name) => name === firmwareText);
  const known = firmwareText === undefined || firmware !== undefined;
  if (emulator !== undefined && model && known && rest.length === 0) {
    return { emulator, model, firmware };
  }
  throw new UsageError(
    "unknown-board",
    `${JSON.stringify(selector)} is no emulated board`,
    `give qemu:<model> or rp2040js:<model>, or behind it a firmware: ${FIRMWARES.join(", ")}`,
  );
}
