/** The table of `npm run demo:mail`. Pure. */
import type { MailCampaignResult, MailFirmware } from "./mail-campaign.ts";
import type { MailEvidence } from "./mail-evidence.ts";
import type { MailOutage } from "./mail-outage.ts";

export interface MailRow {
  readonly campaign: MailCampaignResult;
  readonly evidence: MailEvidence;
  /** Absent where it was not tried. */
  readonly outage?: MailOutage;
  /** How often the server refused a SYN on the wire. */
  readonly refusals: number;
}

const BUILDS: Readonly<Record<MailFirmware, string>> = {
  "lwip-default": "lwIP's defaults",
  wasm2c: "isnkit, wasm2c",
  wasm3: "isnkit, wasm3",
};

const HEADINGS = [
  "build",
  "tcp_rfc1337",
  "boots",
  "mails sent",
  "SYN-ACK to first SYN",
  "connect, median / worst",
  "refusals",
  "not connected",
  "server down for 5 min",
  "rules broken",
];

/** One line a campaign, columns aligned, no trailing spaces. */
export function mailTable(rows: readonly MailRow[]): string {
  const cells = [HEADINGS, ...rows.map(mailRow)];
  const widths = HEADINGS.map((_, i) => Math.max(...cells.map((row) => (row[i] ?? "").length)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join("  ")
      .trimEnd();
  const [head, ...body] = cells.map(line);
  return [head, widths.map((width) => "-".repeat(width)).join("  "), ...body].join("\n");
}

function mailRow({ campaign, evidence, refusals, outage }: MailRow): string[] {
  const { mails } = campaign;
  const connected = mails.filter(({ connectMs }) => connectMs !== undefined);
  const first = connected.filter(({ repeats }) => repeats === 0);
  const broken = evidence.packets.rules.filter(({ status }) => status === "fail");
  return [
    BUILDS[campaign.firmware],
    campaign.rfc1337 ? "1" : "0",
    String(campaign.boots.length),
    `${mails.filter(({ sent }) => sent).length} of ${mails.length}`,
    `${first.length} of ${mails.length}`,
    times(connected.map(({ connectMs }) => connectMs ?? 0)),
    String(refusals),
    String(mails.length - connected.length),
    outage === undefined ? "–" : afterOutage(outage),
    broken.map(({ id }) => id).join(" ") || "none",
  ];
}

function afterOutage({ failed, refused, recoveryMs }: MailOutage): string {
  const attempts =
    refused === 0 ? `${failed} attempts` : `${failed} attempts, ${refused} without a number`;
  if (recoveryMs === undefined) return `${attempts}, then no mail in 60 s`;
  return `${attempts}, then sent in ${(recoveryMs / 1000).toFixed(1)} s`;
}

function times(ms: number[]): string {
  const sorted = [...ms].sort((a, b) => a - b);
  const median = sorted[sorted.length >> 1];
  const worst = sorted.at(-1);
  return median === undefined || worst === undefined ? "–" : `${median} / ${worst} ms`;
}
