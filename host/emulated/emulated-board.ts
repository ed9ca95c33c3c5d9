/** Opens the emulated board that a selector names. */

import { type BoardDescription, readBoardDescription } from "../boards/board-description.ts";
import { firmwarePath } from "../boards/board-firmware.ts";
import { type FirmwareName, parseEmulatedBoard } from "../boards/emulated-selector.ts";
import type { PoweredBoard } from "../boards/powered-board.ts";
import { UsageError } from "../core/errors.ts";
import { QemuBoard, type QemuBoardOptions } from "./qemu-board.ts";
import { Rp2040Board } from "./rp2040-board.ts";

export interface EmulatedBoard {
  readonly board: PoweredBoard;
  readonly description: BoardDescription;
}

/** Further settings for tests: another firmware, a missing or faulty EEPROM, instruction counting. */
export type EmulatorSettings = Partial<Omit<QemuBoardOptions, "name" | "machine">>;

/**
 * The board that a selector names, still without power. UsageError for an unknown model, BenchError
 * when its firmware was not built.
 */
export async function openEmulatedBoard(
  selector: string,
  settings: EmulatorSettings = {},
): Promise<EmulatedBoard> {
  const { emulator, model, firmware } = parseEmulatedBoard(selector);
  const description = await readBoardDescription(model);
  const { emulator: runsIn } = description;
  if (runsIn?.kind !== emulator) {
    throw new UsageError(
      "wrong-emulator",
      `${model} does not run in ${emulator}`,
      runsIn === undefined
        ? "it runs in no emulator: name the serial port of a real one"
        : `give ${runsIn.kind}:${model}`,
    );
  }
  const image = settings.firmware ?? (await firmwarePath(model, programOf(firmware)));
  const { nvm } = description;
  const journalBytes = nvm.sectorBytes * nvm.sectors;
  if (runsIn.kind === "rp2040js") {
    const { eepromContents: journalContents } = settings;
    const contents = journalContents === undefined ? {} : { journalContents };
    const board = new Rp2040Board({ name: selector, firmware: image, journalBytes, ...contents });
    return { board, description };
  }
  const { machine, arguments: extra, mainMemoryBytes } = runsIn;
  const board = new QemuBoard({
    name: selector,
    machine,
    eepromBytes: nvm.kind === "eeprom" ? journalBytes : 0,
    ...(mainMemoryBytes === undefined ? {} : { mainMemoryBytes }),
    ...settings,
    firmware: image,
    extra: [...extra, ...(settings.extra ?? [])],
  });
  return { board, description };
}

/** The program that a firmware's name stands for. */
export function programOf(firmware: FirmwareName | undefined): string {
  switch (firmware) {
    case "network":
      return "campaign-wasm2c";
    case "mail":
      return "mail-wasm2c";
    case "lwip-default":
      return "mail-lwip-default";
    default:
      return `conformance-${firmware ?? "wasm2c"}`;
  }
}
