/** The samples of a board on the desk for `isnkit check --board /dev/…`: the campaign over its console. */

import { pickRungs } from "../boards/rung.ts";
import { RULES } from "../check/rules/index.ts";
import { expectServersFit } from "../console/conformance-servers.ts";
import { MACHINE_EDGES, type SerialEdges } from "../console/serial-connection.ts";
import { UsageError } from "../core/errors.ts";
import type { Desk, DeskBoard } from "../desk/desk-board.ts";
import { serialBoard } from "../desk/serial-board.ts";
import { serialLives } from "../desk/serial-lives.ts";
import type { EmulatedSource } from "./emulated-source.ts";
import { type RebootCampaignOptions, rebootCampaign } from "./reboot-campaign.ts";

export interface DeskSourceOptions
  extends Omit<RebootCampaignOptions, "board" | "description" | "newKey"> {
  readonly board: DeskBoard;
  readonly desk: Desk;
  /** Rungs that may be used; absent: all of the board. */
  readonly rungs?: readonly string[];
  /** The MSL that the device is started with; default: that of its description. */
  readonly mslMs?: number;
  /** For tests. */
  readonly edges?: SerialEdges;
}

/** A bench fault ends the run after so many tries in a row. */
const RETRIES = 3;

/**
 * UsageError for a board whose model is not known, or that cannot be rebooted. Whatever happens, the port
 * is let go of when the iteration has ended.
 */
export function openDeskSource(options: DeskSourceOptions): EmulatedSource {
  const { board, desk, rungs: names, edges = MACHINE_EDGES, signal } = options;
  const { description } = board;
  if (description === undefined) {
    throw new UsageError(
      "unknown-model",
      `nothing says which model ${board.name} is, and so what its ports and its memory are`,
      "give it a name and a model in bench.json; `isnkit boards --models` lists the models",
    );
  }
  const described = { ...description, mslMs: options.mslMs ?? description.mslMs };
  expectServersFit(options, described, board.name);
  const { connection, rungs } = serialBoard(board, desk, edges);
  const picked = names?.flatMap((name) => pickRungs(rungs, name, "bench.rungs")) ?? rungs;
  const words = `over ${board.path}: the device's own records are judged`;
  const notes = [
    words,
    "quiet time is not judged: the memory of a board on the desk is not replaced",
    ...(options.offUs === undefined
      ? []
      : [
          "not followed on this board: workload.off of the campaign file, as its ladder says how long",
        ]),
  ];
  const note = (text: string) => {
    notes.push(text);
    options.onNote?.(text);
  };
  const lives = serialLives({
    connection,
    rungs: picked,
    ...(signal === undefined ? {} : { signal }),
    onAttempt: ({ rung, failure }) => {
      if (failure !== undefined) note(`${rung} did not reboot the board: ${failure.message}`);
    },
  });
  const { ports, mslMs } = described;
  return {
    samples: rebootCampaign({
      ...options,
      board: lives,
      description: described,
      retries: options.retries ?? RETRIES,
      newKey: () => {
        throw new Error("a board on the desk gets its key by isnkit provision");
      },
      onNote: note,
    }),
    context: { twoMslUs: 2 * mslMs * 1000, source: "board", ports },
    words,
    resumable: true,
    asked: RULES.map(({ id }) => id).filter((id) => id !== "quiet-time"),
    ending: () => ({ notes, incomplete: false }),
  };
}
