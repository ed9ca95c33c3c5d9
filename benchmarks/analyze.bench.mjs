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
/** The least that tells one connection from another, checksums as they come: tshark at its fastest. */
const FEW = ["ip.src", "tcp.srcport", "ip.dst", "tcp.dstport", "tcp.seq_raw", "tcp.ack_raw"];
/** All that isnkit reads of a packet, as the test that takes tshark as the oracle has it printed. */
const ALL = [
  ...["frame.number", "frame.time_epoch", "frame.len", "frame.cap_len"],
  ...["ip.src", "ip.dst", "ipv6.src", "ipv6.dst", "tcp.srcport", "tcp.dstport"],
  ...["tcp.seq_raw", "tcp.ack_raw", "tcp.flags", "tcp.window_size_value", "tcp.len"],
  ...["tcp.options.timestamp.tsval", "tcp.options.timestamp.tsecr", "tcp.options.mss_val"],
  ...["tcp.options.wscale.shift", "tcp.checksum.status"],
];
const VERIFIED = ["-n", "-o", "tcp.check_checksum:TRUE"];

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
  const ours = [];
  const few = [];
  const all = [];
  // In turns, so that all meet the same load.
  for (let i = 0; i < RUNS; i++) {
    ours.push(await timed(process.execPath, [MAIN, "analyze", capture]));
    few.push(await timed("tshark", tsharkWords(capture, [], FEW)));
    all.push(await timed("tshark", tsharkWords(capture, VERIFIED, ALL)));
  }
  const seconds = shortest(ours) ?? Number.POSITIVE_INFINITY;
  const size = (await stat(capture)).size / 1e6;
  /** @param {string} what @param {number | null} tshark */
  const against = (what, tshark) => [
    {
      of,
      name: `tshark -T fields, ${what}`,
      value: tshark === null ? null : round(tshark),
      unit: "s",
      exact: false,
    },
    {
      of,
      name: `times as fast, ${what}`,
      value: tshark === null ? null : round(tshark / seconds),
      unit: "times",
      exact: false,
      ...(isLargest
        ? { goal: { bound: TIMES_TSHARK_MIN, sense: /** @type {const} */ ("at least") } }
        : {}),
    },
  ];
  return [
    {
      of,
      name: "analyze",
      value: round(seconds),
      unit: "s",
      exact: false,
      note: `${of}: ${packets / PACKETS_PER_CONNECTION} connections, ${size.toFixed(0)} MB`,
    },
    ...against("six fields", shortest(few)),
    ...against("all that is read", shortest(all)),
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

/** @param {string} capture @param {readonly string[]} options @param {readonly string[]} fields */
function tsharkWords(capture, options, fields) {
  return ["-r", capture, ...options, "-T", "fields", ...fields.flatMap((field) => ["-e", field])];
}

/** Seconds, or null if the program is not there. @param {readonly ({ seconds: number } | undefined)[]} runs */
function shortest(runs) {
  const seconds = runs.flatMap((run) => (run ? [run.seconds] : []));
  return seconds.length > 0 ? Math.min(...seconds) : null;
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
