/** Transcripts in the docs: their commands, and whether what is printed today still is what they show. */

export interface TranscriptStep {
  readonly command: string;
  /** What it printed, both streams; `…` stands for any lines, `> ` before what a person typed. */
  readonly lines: readonly string[];
}

/** The steps of all ```console blocks of a page, in order. */
export function transcriptSteps(page: string): TranscriptStep[] {
  const steps: { command: string; lines: string[] }[] = [];
  for (const [, block = ""] of page.matchAll(/^```console\n(.*?)^```$/gms)) {
    for (const line of block.trimEnd().split("\n")) {
      if (line.startsWith("$ ")) steps.push({ command: line.slice(2), lines: [] });
      else steps.at(-1)?.lines.push(line);
    }
  }
  return steps;
}

/** What differs from run to run: times, durations, hashes, folders, sizes, counters. */
const MASKS: readonly (readonly [RegExp, string])[] = [
  [/isnkit-desk-\w+/g, "DESK"],
  [/^\d\d:\d\d:\d\d\.\d{3}( +[+-]\d+\.\d{3} +\d+)?/, "TIME"],
  [/\b[0-9a-f]{16,64}\b/g, "HASH"],
  [/\b(fingerprint[ =]|isn=|ts=|next=)[0-9a-f]{8}\b/g, "$1HEX"],
  [/\b(arena|locks|writes|erases|lp|ticks|hz|module-bytes)=\d+/g, "$1=N"],
  [/\b\d+(\.\d+)? m?s\b/g, "DURATION"],
  [/\b\d+ (bytes|connections)\b/g, "N $1"],
  [/^\d+ of \d+ statistics/, "N of N statistics"],
  [/\b\d+\.\d+\.\d+\b/g, "VERSION"],
  [/\bABI \d+\.\d+/g, "ABI N"],
  [/\b(pass +)\d+$/g, "$1N"],
  [/\b(its last record was) \d+/g, "$1 N"],
  [/ +/g, " "],
];

export function masked(line: string): string {
  return MASKS.reduce((text, [pattern, mask]) => text.replace(pattern, mask), line.trimEnd());
}

/**
 * The first line of the page that is not where it should be, or a line that the page does not have;
 * undefined when the output is what the page shows.
 */
export function firstDifference(expected: readonly string[], output: string): string | undefined {
  const seen = output.trimEnd().split("\n").map(masked);
  let at = 0;
  let isOpen = false;
  for (const line of expected) {
    if (line === "…") {
      isOpen = true;
      continue;
    }
    const wanted = masked(line);
    const found = isOpen ? seen.indexOf(wanted, at) : seen[at] === wanted ? at : -1;
    if (found < 0) return `the page has "${wanted}", and the output "${seen[at] ?? "no more"}"`;
    at = found + 1;
    isOpen = false;
  }
  return isOpen || at === seen.length || output === ""
    ? undefined
    : `not in the page: "${seen[at]}"`;
}
