// Field case 1 and its cure, side by side: an emulated device sends mails to a real server, its power
// is cut, it comes back and sends again. Needs root, QEMU and the firmware (scripts/setup-arm).
//   npm run demo:mail [-- --reboots N]
import { randomBytes } from "node:crypto";
import { serverRefusals } from "../dist/analyze/server-refusals.js";
import { IsnkitError } from "../dist/core/errors.js";
import { MAIL_FIRMWARES, mailCampaign } from "../dist/sources/mail-campaign.js";
import { judgeMailCampaign } from "../dist/sources/mail-evidence.js";
import { mailOutage } from "../dist/sources/mail-outage.js";
import { mailTable } from "../dist/sources/mail-table.js";
import { TemporaryFolder } from "../dist/system/temporary-folder.js";

const say = (text) => process.stderr.write(`${text}\n`);
const stop = new AbortController();
process.once("SIGINT", () => stop.abort());

async function row(firmware, rfc1337, reboots) {
  const folder = await TemporaryFolder.create("isnkit-mail-");
  const captureFolder = folder.path;
  try {
    const campaign = await mailCampaign({
      firmware,
      rfc1337,
      reboots,
      captureFolder,
      newKey: () => randomBytes(16),
      nowUs: () => (performance.timeOrigin + performance.now()) * 1000,
      signal: stop.signal,
      onMail: (mail) => say(`${firmware}, tcp_rfc1337=${rfc1337 ? 1 : 0}: ${describe(mail)}`),
    });
    if (stop.signal.aborted) return undefined;
    const evidence = await judgeMailCampaign(campaign, captureFolder);
    for (const line of evidence.disagreements) say(`records and packets disagree: ${line}`);
    const outage = await mailOutage({
      firmware,
      rfc1337,
      newKey: () => randomBytes(16),
      nowUs: () => (performance.timeOrigin + performance.now()) * 1000,
      signal: stop.signal,
    });
    say(`${firmware}, tcp_rfc1337=${rfc1337 ? 1 : 0}: ${describeOutage(outage)}`);
    return { campaign, evidence, refusals: await serverRefusals(evidence.capture), outage };
  } finally {
    await folder.remove();
  }
}

function describe({ boot, mail, localPort, isn, sent, connectMs }) {
  const numbers = localPort === undefined ? "refused" : `port ${localPort}, ISN ${isn}`;
  const outcome = connectMs === undefined ? "no connection" : `connected in ${connectMs} ms`;
  return `boot ${boot}, mail ${mail}: ${numbers}, ${outcome}, ${sent ? "sent" : "NOT sent"}`;
}

function describeOutage({ failed, recoveryMs }) {
  const end = recoveryMs === undefined ? "NOT sent in a minute" : `sent after ${recoveryMs} ms`;
  return `server down for five minutes, ${failed} attempts, server back: ${end}`;
}

async function main() {
  const at = process.argv.indexOf("--reboots");
  const reboots = at < 0 ? 3 : Number(process.argv[at + 1]);
  if (!Number.isInteger(reboots) || reboots < 1) {
    say("demo-mail: --reboots wants a whole number of at least 1");
    return 2;
  }
  const rows = [];
  for (const rfc1337 of [false, true]) {
    for (const firmware of MAIL_FIRMWARES) {
      if (stop.signal.aborted) break;
      const done = await row(firmware, rfc1337, reboots);
      if (done !== undefined) rows.push(done);
    }
  }
  process.stdout.write(`${mailTable(rows)}\n`);
  return stop.signal.aborted ? 130 : 0;
}

process.exitCode = await main().catch((error) => {
  if (!(error instanceof IsnkitError)) throw error;
  say(`demo-mail: ${error.message}\n  next: ${error.next}`);
  return error.exitCode;
});
