/** Judges a mail campaign twice, by the device's records and by the recorded packets, and compares. */
import { join } from "node:path";
import { type CheckResult, checkSamples } from "../check/engine.ts";
import { RULES } from "../check/rules/index.ts";
import { parseAddress } from "../core/address.ts";
import type { OpenSample, Sample } from "../core/sample.ts";
import type { Tuple } from "../core/tuple.ts";
import { joinCaptures } from "../emulated/joined-capture.ts";
import { DEVICE_ADDRESS, SERVER_ADDRESS } from "../emulated/network-lab.ts";
import { captureSamples } from "./capture/samples.ts";
import { reasonName } from "./console-samples.ts";
import type { MailBoot, MailCampaignResult, MailOutcome } from "./mail-campaign.ts";

const TWO_MSL_US = 240_000_000;
const SMTP_PORT = 25;

export interface MailEvidence {
  readonly records: CheckResult;
  readonly packets: CheckResult;
  /** One line for each connection that only one of the two knows, or with other numbers. */
  readonly disagreements: readonly string[];
  /** The packets of all boots, one after another. */
  readonly capture: string;
}

export async function judgeMailCampaign(
  campaign: MailCampaignResult,
  captureFolder: string,
): Promise<MailEvidence> {
  const records = await checkSamples(recordSamples(campaign), {
    rules: RULES,
    context: { twoMslUs: TWO_MSL_US, source: "board" },
  });
  const file = join(captureFolder, "all.pcap");
  const parts = campaign.boots.map(({ capture, timeUs }) => ({ file: capture, marksUs: [timeUs] }));
  const mismatches = await joinCaptures(parts, DEVICE_ADDRESS, file);
  const bootTimesUs = campaign.boots.slice(1).map(({ timeUs }) => timeUs);
  const opened: OpenSample[] = [];
  const samples = captureSamples(file, { device: parseAddress(DEVICE_ADDRESS), bootTimesUs });
  const packets = await checkSamples(noting(samples, opened), {
    rules: RULES,
    context: { twoMslUs: TWO_MSL_US, source: "capture" },
  });
  const lines = mismatches.map(
    ({ part, found }) => `boot ${part}: the device announced itself ${found} times on the wire`,
  );
  return {
    records,
    packets,
    disagreements: [...lines, ...disagreements(campaign.mails, opened)],
    capture: file,
  };
}

/** What the device said, as samples. */
function* recordSamples(campaign: MailCampaignResult): Generator<Sample> {
  for (const boot of campaign.boots) {
    const mails = campaign.mails.filter((mail) => mail.boot === boot.boot);
    yield* bootSamples(boot, mails);
  }
}

/** What the device said in one boot, as samples. */
export function* bootSamples(
  { boot, timeUs, persistedBootCount }: MailBoot,
  mails: readonly MailOutcome[],
): Generator<Sample> {
  const base = { kind: "boot", boot, timeUs, requested: boot > 0, cause: "power-cut" } as const;
  yield persistedBootCount === undefined ? base : { ...base, persistedBootCount };
  for (const mail of mails) yield* mailSamples(mail);
}

function* mailSamples(mail: MailOutcome): Generator<Sample> {
  const { boot, timeUs, localPort, isn, refused } = mail;
  if (refused !== undefined) {
    const reason = reasonName(refused);
    yield { kind: "refused", boot, timeUs, call: "isn", reason, expected: false };
  }
  if (localPort === undefined || isn === undefined) return;
  const tuple = tupleOf(localPort);
  yield { kind: "open", boot, timeUs, tuple, isn, portChoice: "allocated" };
}

function tupleOf(localPort: number): Tuple {
  return {
    localAddress: DEVICE_ADDRESS,
    localPort,
    remoteAddress: SERVER_ADDRESS,
    remotePort: SMTP_PORT,
  };
}

async function* noting(
  samples: AsyncIterable<Sample>,
  opened: OpenSample[],
): AsyncGenerator<Sample> {
  for await (const sample of samples) {
    if (sample.kind === "open") opened.push(sample);
    yield sample;
  }
}

/** Connections in order of their opening: record by record, SYN by SYN. */
function disagreements(mails: readonly MailOutcome[], opened: readonly OpenSample[]): string[] {
  const said = mails
    .filter(({ localPort }) => localPort !== undefined)
    .map(({ boot, localPort, isn }) => `boot ${boot} port ${localPort} isn ${isn}`);
  const seen = opened.map(
    ({ boot, tuple, isn }) => `boot ${boot} port ${tuple.localPort} isn ${isn}`,
  );
  const lines: string[] = [];
  for (let i = 0; i < Math.max(said.length, seen.length); i++) {
    if (said[i] === seen[i]) continue;
    lines.push(`device: ${said[i] ?? "nothing"}; wire: ${seen[i] ?? "nothing"}`);
  }
  return lines;
}
