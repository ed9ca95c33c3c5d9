/** The runner that fits a campaign. */
import { type Campaign, type CaseRunner, swarmRunner } from "./campaign.ts";
import { exhaustiveRunner } from "./exhaustive/exhaustive-runner.ts";

export function caseRunner(campaign: Campaign): CaseRunner {
  return campaign.mode === "exhaustive" ? exhaustiveRunner(campaign) : swarmRunner(campaign);
}
