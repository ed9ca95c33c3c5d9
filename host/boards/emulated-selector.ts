/**
 * Board selectors for emulated boards: `qemu:<model>[:<firmware>]` or `rp2040js:<model>[:<firmware>]`;
 * the firmware is `wasm2c` if none is named.
 */
import { UsageError } from "../core/errors.ts";

export const EMULATORS = ["qemu", "rp2040js"] as const;
/** The conformance application over a runtime, or the mail device with isnkit's or lwIP's numbers. */
export const FIRMWARES = ["wasm2c", "wasm3", "mail", "lwip-default"] as const;
export type FirmwareName = (typeof FIRMWARES)[number];

export interface EmulatedBoardName {
  readonly emulator: (typeof EMULATORS)[number];
  readonly model: string;
  readonly firmware: FirmwareName;
}

/** True for selectors that this file serves. */
export function isEmulatedBoard(selector: string): boolean {
  return EMULATORS.some((emulator) => selector.startsWith(`${emulator}:`));
}

/** Takes a selector apart. UsageError when it is none. */
export function parseEmulatedBoard(selector: string): EmulatedBoardName {
  const [emulatorText, model, firmwareText = FIRMWARES[0], ...rest] = selector.split(":");
  const emulator = EMULATORS.find((name) => name === emulatorText);
  const firmware = FIRMWARES.find((name) => name === firmwareText);
  if (emulator !== undefined && model && firmware !== undefined && rest.length === 0) {
    return { emulator, model, firmware };
  }
  throw new UsageError(
    "unknown-board",
    `${JSON.stringify(selector)} is no emulated board`,
    `give qemu:<model> or rp2040js:<model>, or behind it a firmware: ${FIRMWARES.join(", ")}`,
  );
}
