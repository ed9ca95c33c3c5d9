/** The command lines that show a run, or one case of it, again. */
import { shellWord } from "../core/shell-word.ts";
import { REBOOTS_PER_CASE } from "../virtual/life-settings.ts";
import type { Campaign } from "./campaign.ts";

/** The whole run. */
export function runReplay({ seed, board, flags }: Campaign): string {
  return command(["--board", board, ...flags, "--seed", String(seed)]);
}

/** One case, or what was left of it (`--case SEED:…`, case-text.ts). */
export function caseReplay({ seed, board, flags, settings }: Campaign, text: string): string {
  // How many cases there are does not matter to one of them, unless it is shorter than usual.
  const at = settings.rebootsPerCase < REBOOTS_PER_CASE ? -1 : flags.indexOf("--reboots");
  const deciding = at < 0 ? flags : flags.filter((_, i) => i !== at && i !== at + 1);
  return command(["--board", board, ...deciding, "--case", `${seed}:${text}`]);
}

function command(words: readonly string[]): string {
  // The usual board goes without saying.
  const short = words[0] === "--board" && words[1] === "sim" ? words.slice(2) : words;
  return ["isnkit", "simulate", ...short].map(shellWord).join(" ");
}
