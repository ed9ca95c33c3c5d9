/** Reboots as text and as JSON. */
import { formatDurationUs } from "../core/duration.ts";
import { printable, printableJson } from "../core/plain-text.ts";
import type { RungAttempt } from "../desk/ladder.ts";
import type { ProvenReboot } from "./reboot-board.ts";

const REBOOT_SCHEMA = "isnkit.reboot/1";

/** One reboot, one line, and one more for each rung that failed and each boot that nobody asked for. */
export function rebootText(reboot: ProvenReboot, count: number): string {
  const { number, rung, cause, absence, bootCount, attempts, unrequested, tookMs, port } = reboot;
  const gone = { port: ", was gone", console: ", was silent" };
  const facts = [
    `${rung}${absence === undefined ? "" : gone[absence]}`,
    `cause ${cause}`,
    `boot count ${bootCount.before} → ${bootCount.after}`,
    formatDurationUs(tookMs * 1000),
  ];
  const lines = [`reboot ${number} of ${count}: ${facts.join(", ")} (${port})`];
  for (const attempt of attempts) {
    if (attempt.failure !== undefined) lines.push(`  ${attemptText(attempt)}`);
  }
  for (const { boots, when, cause: why } of unrequested) {
    const cause = why === undefined ? "" : `, cause ${why}`;
    lines.push(
      `  unrequested: ${boots} ${boots === 1 ? "boot" : "boots"} ${when} this reboot${cause}`,
    );
  }
  return lines.map((line) => `${printable(line)}\n`).join("");
}

/** A rung that was tried. */
export function attemptText({ rung, failure, tookMs }: RungAttempt): string {
  if (failure === undefined) return `${rung}: done`;
  return `tried ${rung} for ${formatDurationUs(tookMs * 1000)}: ${failure.message}`;
}

export interface RebootRun {
  readonly board: string;
  /** What was asked for. */
  readonly count: number;
  readonly reboots: readonly ProvenReboot[];
  /** What ended it early. */
  readonly error?: { readonly code: string; readonly message: string; readonly next: string };
}

export function rebootJson(run: RebootRun): string {
  return `${printableJson({ schema: REBOOT_SCHEMA, proven: run.reboots.length, ...run })}\n`;
}
