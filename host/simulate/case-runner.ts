/** The runner that fits a campaign. */
import { type Campaign, type CaseRunner, swarmRunner } from "./campaign.ts";

export function caseRunner(campaign: Campaign): CaseRunner {
  return swarmRunner(campaign);
}
