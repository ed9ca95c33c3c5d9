/** Settings of `isnkit check` that stand in files: a campaign, or a run that was kept. */

import { UsageError } from "../core/errors.ts";
import type { WorkloadServer } from "../core/workload.ts";
import type { CampaignFile, CampaignServer } from "../sources/campaign-file.ts";
import { type BenchPlan, type KeptRun, readKeptRun } from "../sources/kept-samples.ts";
import { flagOf, type Setting, type SettingName, type Settings } from "./settings.ts";

export interface CheckFiles {
  readonly plan: BenchPlan;
  /** The campaign file. */
  readonly campaign?: string;
  /** Parts of the campaign file that no board follows in a check but those that say so, by their paths in it. */
  readonly unused: readonly string[];
  readonly resumed?: KeptRun & { readonly file: string };
}

/** The settings with what the files say of them: flags and environment win over a campaign file. */
export async function withFiles(
  settings: Settings,
): Promise<{ merged: Settings; more: { files: CheckFiles } }> {
  const merged = new Map(settings);
  const resume = settings.get("resume");
  const campaign = settings.get("campaign");
  if (resume !== undefined) {
    const other = campaign ?? settings.get("keep");
    if (other?.origin === "flag") {
      throw new UsageError(
        "option-unused",
        `${other.place} has no meaning with ${resume.place}`,
        "leave it out: the run goes on as it began, and is kept in the same file",
      );
    }
    const resumed = { ...(await readKeptRun(resume.text)), file: resume.text };
    const { board, seed, reboots, plan } = resumed.header;
    merged.delete("capture");
    fill(merged, { board, seed: String(seed), reboots: String(reboots) }, resume.text);
    return { merged, more: { files: { plan, unused: [], resumed } } };
  }
  if (campaign === undefined) return { merged, more: { files: { plan: {}, unused: [] } } };
  // Loaded when there is one: its schema is large.
  const { readCampaignFile } = await import("../sources/campaign-file.ts");
  const { simulateSection } = await import("../simulate/campaign-section.ts");
  const file = await readCampaignFile(campaign.text, simulateSection);
  fill(
    merged,
    {
      ...(file.seed === undefined ? {} : { seed: String(file.seed) }),
      ...(file.reboots === undefined ? {} : { reboots: String(file.reboots) }),
      ...(file.msl === undefined ? {} : { msl: `${file.msl}us` }),
    },
    campaign.text,
  );
  return {
    merged,
    more: { files: { plan: planOf(file), unused: unusedBy(file), campaign: campaign.text } },
  };
}

export function planOf({ workload = {}, bench, msl }: CampaignFile): BenchPlan {
  const { servers, connectionsPerBoot, bytes, closesFirst, uptime, off } = workload;
  const rungs = bench?.rungs;
  return {
    ...(servers === undefined ? {} : { servers: servers.map(serverOf) }),
    ...(connectionsPerBoot === undefined ? {} : { connectionsPerBoot }),
    ...(bytes === undefined ? {} : { bytes }),
    ...(closesFirst === undefined ? {} : { closesFirst }),
    ...(uptime === undefined ? {} : { uptimeUs: uptime }),
    ...(off === undefined ? {} : { offUs: off }),
    ...(msl === undefined ? {} : { mslMs: msl / 1000 }),
    ...(rungs === undefined ? {} : { rungs }),
  };
}

function serverOf({ address, port, boundPort }: CampaignServer): WorkloadServer {
  return { address: address.text, port, ...(boundPort === undefined ? {} : { boundPort }) };
}

/** No server is simulated in a check, so none answers in a way of its own; and only on a network is one closed. */
function unusedBy({ workload = {} }: CampaignFile): string[] {
  const { servers = [], closesFirst } = workload;
  return [
    ...(servers.some(({ peer }) => peer !== undefined) ? ["workload.servers.peer"] : []),
    ...(closesFirst === undefined ? [] : ["workload.closesFirst"]),
  ];
}

/** Fills in what no flag and no variable says. */
function fill(
  settings: Map<SettingName, Setting>,
  values: Partial<Record<SettingName, string>>,
  file: string,
): void {
  for (const [key, text] of Object.entries(values)) {
    const name = key as SettingName;
    const given = settings.get(name);
    if (given !== undefined && given.origin !== "config") continue;
    settings.set(name, { text, origin: "config", place: `${flagOf(name)} in ${file}`, rank: 1 });
  }
}
