/**
 * Times `isnkit analyze` against `tshark -T fields` on the same generated captures, in one run:
 *
 *     npm run build && node bench/analyze.mjs [--check]
 *
 * With --check it fails unless isnkit is 20 times as fast at 1,000,000 packets, in at most 300 MB.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { PACKETS_PER_CONNECTION, writeBenchCapture } from "./analyze-capture.mjs";

const MAIN =
  process.env.ISNKIT_MAIN ?? fileURLToPath(new URL("../dist/cli/main.js", import.meta.url));
const SIZES = [10_000, 100_000, 1_000_000];
const RATIO_MIN = 20;
const MEGABYTES_MAX = 300;
const FIELDS = ["ip.src", "tcp.srcport", "ip.dst", "tcp.dstport", "tcp.seq_raw", "tcp.ack_raw"];

const folder = mkdtempSync(join(tmpdir(), "isnkit-bench-"));
try {
  const rows = [];
  for (const packets of SIZES) rows.push(await measure(packets));
  print(rows);
  if (process.argv.includes("--check")) check(rows.at(-1));
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function measure(packets) {
  const capture = join(folder, `${packets}.pcap`);
  writeBenchCapture(capture, packets);
  const runs = [];
  // Three runs each; the fastest says what the program needs, the others what else went on.
  for (let i = 0; i < 3; i++) runs.push(await timed(process.execPath, [MAIN, "analyze", capture]));
  const best = runs.reduce((a, b) => (b.seconds < a.seconds ? b : a));
  const fields = FIELDS.flatMap((field) => ["-e", field]);
  const tshark = await timed("tshark", ["-r", capture, "-T", "fields", ...fields]).catch(
    () => undefined,
  );
  return { packets, megabytes: statSync(capture).size / 1e6, best, tshark };
}

/** Wall-clock time and peak memory of a process whose output is thrown away. */
function timed(program, args) {
  const startNs = process.hrtime.bigint();
  const child = spawn(program, args, { stdio: ["ignore", "ignore", "ignore"] });
  let peakKb = 0;
  const probe = setInterval(async () => {
    const { readFile } = await import("node:fs/promises");
    const status = await readFile(`/proc/${child.pid}/status`, "utf8").catch(() => "");
    peakKb = Math.max(peakKb, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0));
  }, 20);
  return new Promise((resolve, reject) => {
    child.on("error", (error) => {
      clearInterval(probe);
      reject(error);
    });
    child.on("close", () => {
      clearInterval(probe);
      const seconds = Number(process.hrtime.bigint() - startNs) / 1e9;
      resolve({ seconds, peakMb: peakKb / 1024 });
    });
  });
}

function print(rows) {
  process.stdout.write(
    "| packets | connections | file | isnkit analyze | memory | tshark -T fields | ratio |\n",
  );
  process.stdout.write("| --- | --- | --- | --- | --- | --- | --- |\n");
  for (const { packets, megabytes, best, tshark } of rows) {
    const other = tshark ? `${tshark.seconds.toFixed(2)} s` : "not installed";
    const ratio = tshark ? (tshark.seconds / best.seconds).toFixed(1) : "-";
    process.stdout.write(
      `| ${packets.toLocaleString("en-US")} | ${(packets / PACKETS_PER_CONNECTION).toLocaleString("en-US")} | ${megabytes.toFixed(0)} MB | ${best.seconds.toFixed(2)} s | ${best.peakMb.toFixed(0)} MB | ${other} | ${ratio} |\n`,
    );
  }
}

function check({ best, tshark }) {
  const faults = [];
  if (tshark && tshark.seconds / best.seconds < RATIO_MIN)
    faults.push(`less than ${RATIO_MIN} times tshark`);
  if (best.peakMb > MEGABYTES_MAX) faults.push(`more than ${MEGABYTES_MAX} MB`);
  if (faults.length === 0) return;
  process.stderr.write(`bench/analyze: ${faults.join(", ")}\n`);
  process.exitCode = 1;
}
