/** Which cases an emulated board can live through, and what of them is the board's own there. Pure. */
import type { BoardDescription } from "../../boards/board-description.ts";
import { UsageError } from "../../core/errors.ts";
import type { BoardSettings } from "../../virtual/device.ts";
import { geometryName } from "../../virtual/geometries.ts";
import type { LifeScript } from "../../virtual/life-script.ts";

/** The board that a failure's line names: its emulator is in Debian, its part keeps what was written. */
export const REPLAY_BOARD = "qemu:lm3s6965evb";
/** What the conformance application binds (boards/apps/conformance_connections.h). */
const BOUND_PORTS: readonly [first: number, last: number] = [5000, 5003];

export interface BoardCase {
  /** The life as the board can live it: the same events on the board's own parts. */
  readonly script: LifeScript;
  /** In which way it is not the life that was drawn; one line each. */
  readonly notes: readonly string[];
}

/** Why an EEPROM board cannot live through this life; undefined when it can. */
export function whyNotOnBoard({ board, boots, servers }: LifeScript): string | undefined {
  const erased = board.storage.kind === "nor";
  if (erased && boots.some(({ faults }) => faults.some(({ kind }) => kind === "partial-erase"))) {
    return "the fault partial-erase cuts the erase of a flash sector, and an EEPROM has none";
  }
  const [first, last] = BOUND_PORTS;
  const other = servers.find(({ boundPort: at = first }) => at < first || at > last);
  return other === undefined
    ? undefined
    : `the bound port ${other.boundPort} is one that the firmware's device may choose itself; it keeps ${first} to ${last} free`;
}

/** The case on this board. UsageError `not-on-board` when it cannot be played there. */
export function caseOnBoard(
  whole: LifeScript,
  selector: string,
  description: Pick<BoardDescription, "nvm" | "counterHz" | "ports" | "model">,
): BoardCase {
  const { nvm, counterHz, ports } = description;
  const why =
    nvm.kind === "eeprom"
      ? whyNotOnBoard(whole)
      : `its journal lies on a part of kind ${nvm.kind}, and cases are played on EEPROM`;
  if (why !== undefined) {
    throw new UsageError(
      "not-on-board",
      `this case cannot be played on ${selector}: ${why}`,
      `${REPLAY_BOARD} (or :wasm3 behind it) plays power cuts, torn writes, write failures, bit rot, lost storage, entropy and clock faults, boot loops and resets; without --board the case runs on the simulated board`,
    );
  }
  const { board } = whole;
  const own: BoardSettings = { storage: nvm, counterHz, ports, mslMs: board.mslMs };
  return { script: { ...whole, board: own }, notes: notesOf(whole, own, selector) };
}

function notesOf(script: LifeScript, own: BoardSettings, selector: string): string[] {
  const drawn = `${geometryName(script.board.storage)} at ${script.board.counterHz} Hz`;
  const played = `${geometryName(own.storage)} at ${own.counterHz} Hz`;
  const notes = [
    drawn === played
      ? `played on ${selector}`
      : `played on ${selector} with the board's own parts: ${played} instead of the case's ${drawn}`,
    "not seen from outside the chip, and not judged here: memory-contract",
  ];
  const torn = script.boots.some(({ faults }) => faults.some(({ kind }) => kind === "torn-write"));
  if (torn) {
    notes.push("a torn write leaves its first bytes; bits that read differently are the model's");
  }
  if (script.selfProvision && script.entropy === "good") {
    notes.push("the board has no noise source: the key comes from the host");
  }
  return notes;
}
