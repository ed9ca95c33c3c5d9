// `isnkit analyze` against `tshark -T fields` on the same generated captures, in one run.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { PACKETS_PER_CONNECTION, writeBenchCapture } from "./analyze-capture.mjs";

const MAIN =
  process.env.ISNKIT_MAIN ?? fileURLToPath(new URL("../dist/cli/main.js", import.meta.url));
const SIZES = [10_000, 100_000, 1_000_000];
const TIMES_TSHARK_MIN = 20;
const MEGABYTES_MAX = 300;
/** The shortest of three runs says what a program needs; the others, what else went on. */
const RUNS = 3;
const FIELDS = ["ip.src", "tcp.srcport", "ip.dst", "tcp.dstport", "tcp.seq_raw", "tcp.ack_raw"];

/** @param {import("./measure.mjs").Setting} setting */
export async function run({ progress }) {
  const folder = await mkdtemp(join(tmpdir(), "isnkit-bench-"));
  try {
    const figures = [];
    for (const packets of SIZES) {
      progress(`${packets} packets`);
      const capture = join(folder, `${packets}.pcap`);
      writeBenchCapture(capture, packets);
      figures.push(...(await compare(capture, packets)));
    }
    return figures;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** @param {string} capture @param {number} packets */
async function compare(capture, packets) {
  const isLargest = packets === SIZES.at(-1);
  const of = `${packets.toLocaleString("en-US")} packets`;
  const fields = FIELDS.flatMap((field) => ["-e", field]);
  const ours = [];
  const theirs = [];
  // In turns, so that both meet the same load.
  for (let i = 0; i < RUNS; i++) {
    ours.push(await timed(process.execPath, [MAIN, "analyze", capture]));
    theirs.push(await timed("tshark", ["-r", capture, "-T", "fields", ...fields]));
  }
  const seconds = Math.min(...ours.map((one) => one?.seconds ?? Number.POSITIVE_INFINITY));
  const others = theirs.flatMap((one) => (one ? [one.seconds] : []));
  const tshark = others.length > 0 ? Math.min(...others) : null;
  const size = (await stat(capture)).size / 1e6;
  return [
    {
      of,
      name: "analyze",
      value: round(seconds),
      unit: "s",
      exact: false,
      note: `${of}: ${packets / PACKETS_PER_CONNECTION} connections, ${size.toFixed(0)} MB`,
    },
    {
      of,
      name: "tshark -T fields",
      value: tshark === null ? null : round(tshark),
      unit: "s",
      exact: false,
    },
    {
      of,
      name: "times as fast",
      value: tshark === null ? null : round(tshark / seconds),
      unit: "times",
      exact: false,
      ...(isLargest ? { goal: { bound: TIMES_TSHARK_MIN, sense: "at least" } } : {}),
    },
    {
      of,
      name: "peak memory",
      value: Math.round(Math.max(...ours.map((one) => one?.peakMb ?? 0))),
      unit: "MB",
      exact: false,
      ...(isLargest ? { goal: { bound: MEGABYTES_MAX, sense: "at most" } } : {}),
    },
  ];
}

/**
 * Wall-clock time and peak memory of a process whose output is thrown away; undefined if the program
 * is not there.
 *
 * @param {string} program @param {string[]} args
 * @returns {Promise<{ seconds: number, peakMb: number } | undefined>}
 */
function timed(program, args) {
  const startNs = process.hrtime.bigint();
  const child = spawn(program, args, { stdio: "ignore" });
  let peakKb = 0;
  const probe = setInterval(() => {
    peakKb = Math.max(peakKb, peakOf(child.pid));
  }, 20);
  return new Promise((resolve) => {
    child.on("error", () => {
      clearInterval(probe);
      resolve(undefined);
    });
    child.on("close", () => {
      clearInterval(probe);
      resolve({ seconds: Number(process.hrtime.bigint() - startNs) / 1e9, peakMb: peakKb / 1024 });
    });
  });
}

/** Peak resident memory in KiB; 0 where there is no /proc. @param {number | undefined} pid */
function peakOf(pid) {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0);
  } catch {
    return 0;
  }
}

/** @param {number} value */
function round(value) {
  return Number(value.toPrecision(3));
}
