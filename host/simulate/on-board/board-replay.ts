/** The line that shows a failure on an emulated board, where the fault can be made there. */
import { HONEST } from "../../virtual/campaign.ts";
import type { LifeScript } from "../../virtual/life-script.ts";
import type { Campaign } from "../campaign.ts";
import { caseReplay } from "../replay.ts";
import { REPLAY_BOARD, whyNotOnBoard } from "./board-case.ts";

/** undefined: the board cannot play it, or its firmware holds the module and not what failed. */
export function boardReplay(
  campaign: Campaign,
  script: LifeScript,
  text: string,
): string | undefined {
  if (campaign.generator !== HONEST || whyNotOnBoard(script) !== undefined) return undefined;
  return caseReplay({ ...campaign, board: REPLAY_BOARD }, text);
}
