/** A run whose samples are kept while it goes on, and that can go on from those of an earlier one. */
import { rmSync } from "node:fs";
import { rm } from "node:fs/promises";
import type { CheckEnding } from "../check/engine.ts";
import type { Sample } from "../core/sample.ts";
import type { CampaignPosition } from "../sources/boot-stream.ts";
import { expectSameRun, KeptSamples, keptSamples } from "../sources/kept-samples.ts";
import type { CheckFiles } from "./check-files.ts";
import type { CheckSettings, DeskJob, EmulatedJob } from "./check-settings.ts";
import type { Terminal } from "./terminal.ts";

export interface OpenRun {
  readonly seed: number;
  /** For the campaign: where it goes on, and whom it tells of its progress. */
  readonly hooks: {
    readonly from?: CampaignPosition;
    readonly onDone?: (boots: number) => void;
    readonly onDevice?: (fingerprint: number) => void;
    readonly onNote?: (note: string) => void;
  };
  /** The samples that were kept before, then those that come, which are kept as they pass. */
  around(samples: AsyncIterable<Sample>): AsyncIterable<Sample>;
  /** With the notes of the run before, and the parts of the file that the board has not `followed`. */
  ending(ending: CheckEnding, followed?: readonly string[]): CheckEnding;
  /** The run came to its end: what was kept beside the output is not needed any more. */
  finish(): Promise<void>;
  /** Says how to go on, or that the run cannot. */
  tell(terminal: Terminal, resumable: boolean): void;
  close(): void;
}

/** UsageError when the samples are those of another run, or the file cannot be written. */
export async function openKeptRun(
  job: EmulatedJob | DeskJob,
  { keep, output }: CheckSettings,
  { plan, resumed, unused }: CheckFiles,
  drawSeed: () => number,
): Promise<OpenRun> {
  const { board, reboots } = job;
  const seed = job.seed ?? drawSeed();
  const file =
    resumed?.file ?? keep ?? (output === undefined ? undefined : `${output}.samples.ndjson`);
  if (resumed !== undefined) {
    expectSameRun(resumed.file, resumed.header, { board, seed, reboots, plan });
  }
  const journal =
    file === undefined
      ? undefined
      : resumed === undefined
        ? KeptSamples.begin(file, { board, seed, reboots, plan })
        : KeptSamples.goOn(file, resumed.bytes);
  let seen = resumed?.from.boot ?? -1;
  async function* around(samples: AsyncIterable<Sample>) {
    if (resumed !== undefined) yield* keptSamples(resumed.file, resumed.bytes);
    for await (const sample of samples) {
      journal?.sample(sample);
      seen = Math.max(seen, sample.boot);
      yield sample;
    }
  }
  const isBesideOutput = resumed === undefined && keep === undefined;
  return {
    seed,
    hooks: {
      ...(resumed === undefined ? {} : { from: resumed.from }),
      onDone: (boots) => journal?.done(boots),
      onDevice: (fingerprint) => journal?.device(fingerprint),
      onNote: (note) => journal?.note(note),
    },
    around,
    ending: (ending, followed = []) => {
      const parts = unused.filter((part) => !followed.includes(part));
      const notes = [
        ...(resumed?.notes ?? []),
        ...(ending.notes ?? []),
        ...(resumed === undefined
          ? []
          : [`the run went on from ${resumed.file}, at boot ${resumed.from.done} of ${reboots}`]),
        ...(parts.length === 0
          ? []
          : [`not followed on this board: ${parts.join(", ")} of the campaign file`]),
      ];
      return { ...ending, notes: [...new Set(notes)] };
    },
    finish: async () => {
      if (isBesideOutput && file !== undefined) await rm(file, { force: true });
    },
    tell: (terminal, resumable) => {
      if (seen < 0) return;
      if (!resumable) {
        const kept = file === undefined ? "lost" : `kept in ${file}`;
        terminal.err(
          `isnkit: what was seen is ${kept}; a run on an emulated network cannot go on, as its packets are gone\n`,
        );
      } else if (file === undefined) {
        terminal.err("isnkit: what was seen is lost; with --keep FILE a run can go on\n");
      } else terminal.err(`isnkit: what was seen is kept: isnkit check --resume ${file}\n`);
    },
    close: () => {
      journal?.close();
      // Nothing was seen, so there is nothing to go on with.
      if (file !== undefined && seen < 0) rmSync(file, { force: true });
    },
  };
}
