// `isnkit monitor` on a pseudo-terminal that is never silent: throughput, loss and memory.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream, openSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const MAIN =
  process.env.ISNKIT_MAIN ?? fileURLToPath(new URL("../dist/cli/main.js", import.meta.url));
const MEGABYTE = 1_000_000;
const RECORDS_MB = 120;
const BABBLE_MB = 120;
/** Peaks of these parts of a run are compared: by the second quarter the heap has its size. */
const BEFORE = [0.25, 0.5];
const AFTER = [0.75, 2];
const MEGABYTES_A_SECOND_MIN = 1;
const GROWTH_MB_MAX = 10;

/** @param {import("./measure.mjs").Setting} setting */
export async function run({ progress }) {
  const folder = await mkdtemp(join(tmpdir(), "isnkit-bench-"));
  try {
    const figures = [];
    const records = join(folder, "records");
    progress(`${RECORDS_MB} MB of records`);
    const { count, bytes } = await writeRecords(records);
    for (const format of ["text", "ndjson"]) {
      progress(`records, --format ${format}`);
      const result = await watch(folder, records, bytes, format);
      figures.push(...figuresOf(`records, --format ${format}`, bytes, result));
      figures.push(exactly(`records, --format ${format}`, "records lost", count - result.records));
    }
    progress("a device that babbles");
    const babble = join(folder, "babble");
    await writeBabble(babble);
    const size = BABBLE_MB * MEGABYTE;
    const result = await watch(folder, babble, size, "ndjson");
    figures.push(...figuresOf("no line ends at all", size, result));
    figures.push(exactly("no line ends at all", "bytes lost", size - result.textBytes));
    return figures;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * @typedef {object} Watched
 * @property {number} seconds
 * @property {number} cpuSeconds
 * @property {number} records
 * @property {number} textBytes
 * @property {number} peakMb
 * @property {number} growthMb
 */

/** @param {string} of @param {number} bytes @param {Watched} result */
function figuresOf(of, bytes, { seconds, cpuSeconds, peakMb, growthMb }) {
  const speed = bytes / MEGABYTE / seconds;
  return [
    {
      of,
      name: "throughput",
      value: round(speed),
      unit: "MB/s",
      exact: false,
      goal: { bound: MEGABYTES_A_SECOND_MIN, sense: "at least" },
      note: `${of}: ${Math.round(bytes / MEGABYTE)} MB through two pseudo-terminals that socat joins`,
    },
    {
      of,
      name: "processor time",
      value: round(cpuSeconds / (bytes / MEGABYTE)),
      unit: "s/MB",
      exact: false,
    },
    { of, name: "peak memory", value: Math.round(peakMb), unit: "MB", exact: false },
    {
      of,
      name: "growth of memory, last quarter over second",
      value: round(growthMb),
      unit: "MB",
      exact: false,
      goal: { bound: GROWTH_MB_MAX, sense: "at most" },
    },
  ];
}

/** @param {string} of @param {string} name @param {number} value */
function exactly(of, name, value) {
  return { of, name, value, unit: "", exact: true, goal: { bound: 0, sense: "at most" } };
}

/**
 * Sends a file through the pair as fast as it goes, and reads what the monitor writes.
 *
 * @param {string} folder @param {string} file @param {number} bytes @param {string} format
 * @returns {Promise<Watched>}
 */
async function watch(folder, file, bytes, format) {
  const [host, device] = [join(folder, "host"), join(folder, "device")];
  const ends = [host, device].map((link) => `pty,raw,echo=0,link=${link}`);
  const socat = spawn("socat", ["-d", "-d", ...ends], { stdio: ["ignore", "ignore", "pipe"] });
  for await (const line of createInterface({ input: socat.stderr })) {
    if (line.includes("starting data transfer loop")) break;
  }
  const words = [MAIN, "monitor", host, "--read-only", "--format", format];
  const monitor = spawn(process.execPath, words, { stdio: ["ignore", "pipe", "inherit"] });
  const counter = new Counter(format);
  const over = new Promise((resolve, reject) => {
    monitor.stdout.on("data", (chunk) => {
      counter.take(chunk);
      if (counter.isOver) resolve(undefined);
    });
    monitor.once("exit", () => reject(new Error("the monitor ended by itself")));
  });
  await counter.opened;
  const memory = new MemoryProbe(monitor.pid, () => counter.part(bytes));
  const startNs = process.hrtime.bigint();
  const cat = spawn("cat", [file], { stdio: ["ignore", openSync(device, "w"), "inherit"] });
  await once(cat, "exit");
  await over;
  const seconds = Number(process.hrtime.bigint() - startNs) / 1e9;
  const { peakMb, growthMb } = memory.stop();
  const cpuSeconds = cpuOf(monitor.pid);
  monitor.kill("SIGINT");
  socat.kill("SIGTERM");
  await Promise.all([once(monitor, "close").catch(() => {}), once(socat, "exit")]);
  const { records, textBytes } = counter;
  return { seconds, cpuSeconds, records, textBytes, peakMb, growthMb };
}

/** Reads the monitor's lines: records must come in order, without a hole; the last line ends it. */
class Counter {
  records = 0;
  textBytes = 0;
  isOver = false;
  /** @type {Promise<void>} */
  opened;
  /** @type {() => void} */
  #onOpen = () => {};
  #rest = "";

  /** @param {string} format */
  constructor(format) {
    this.isJson = format === "ndjson";
    this.opened = new Promise((resolve) => {
      this.#onOpen = resolve;
    });
  }

  /** @param {number} bytes How much of the whole has come, 0 to 1, roughly. */
  part(bytes) {
    return Math.max(this.textBytes, this.records * RECORD_BYTES) / bytes;
  }

  /** @param {Buffer} chunk */
  take(chunk) {
    const lines = (this.#rest + chunk.toString("latin1")).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) this.#line(line);
  }

  /** @param {string} line */
  #line(line) {
    const number = this.isJson
      ? /"kind":"record","level":"info","n":(\d+),/.exec(line)?.[1]
      : / (\d+) open /.exec(line)?.[1];
    if (number !== undefined) {
      if (Number(number) === this.records) this.records++;
      return;
    }
    if (/"kind":"open"|- open/.test(line)) this.#onOpen();
    else if (line.includes("the end of it")) this.isOver = true;
    else if (line.includes('"kind":"text"')) this.textBytes += JSON.parse(line).text.length;
  }
}

class MemoryProbe {
  #timer;
  #peakKb = 0;
  #beforeKb = 0;
  #afterKb = 0;

  /** @param {number | undefined} pid @param {() => number} part */
  constructor(pid, part) {
    this.#timer = setInterval(() => {
      const kb = statusOf(pid, "VmRSS");
      this.#peakKb = Math.max(this.#peakKb, kb);
      if (isIn(part(), BEFORE)) this.#beforeKb = Math.max(this.#beforeKb, kb);
      if (isIn(part(), AFTER)) this.#afterKb = Math.max(this.#afterKb, kb);
    }, 50);
  }

  stop() {
    clearInterval(this.#timer);
    if (this.#beforeKb === 0 || this.#afterKb === 0) throw new Error("the run was too short");
    const growthKb = Math.max(0, this.#afterKb - this.#beforeKb);
    return { peakMb: this.#peakKb / 1024, growthMb: growthKb / 1024 };
  }
}

/** @param {number} part @param {number[]} range */
function isIn(part, [from = 0, to = 0]) {
  return part >= from && part < to;
}

/** @param {number | undefined} pid @param {string} name */
function statusOf(pid, name) {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? 0);
}

/**
 * User and system time of a process in seconds (proc(5), stat fields 14 and 15, 100 a second).
 *
 * @param {number | undefined} pid
 */
function cpuOf(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, "latin1")
    .replace(/^.*\) /, "")
    .split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** All of one length. @param {number} n */
function record(n) {
  const fields = `la=10.77.0.2 lp=${String(1024 + (n % 64_000)).padStart(5, "0")} isn=${(n >>> 0).toString(16).padStart(8, "0")}`;
  const text = `n=${String(n).padStart(8, "0")} t=open ${fields}`;
  return `${text} *${checksum(text)}\r\n`;
}

const CRC_TABLE = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8;
  for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1;
  return crc;
});

/** CRC-16/CCITT-FALSE. @param {string} text */
function checksum(text) {
  let crc = 0xffff;
  for (let i = 0; i < text.length; i++) {
    crc = ((crc << 8) ^ (CRC_TABLE[(crc >> 8) ^ text.charCodeAt(i)] ?? 0)) & 0xffff;
  }
  return crc.toString(16).padStart(4, "0");
}

const RECORD_BYTES = record(0).length;

const END = "the end of it\n";

/** @param {string} path */
async function writeRecords(path) {
  const file = createWriteStream(path);
  let count = 0;
  for (let bytes = 0; bytes < RECORDS_MB * MEGABYTE; ) {
    let block = "";
    for (let i = 0; i < 10_000; i++) block += record(count++);
    bytes += block.length;
    if (!file.write(block)) await once(file, "drain");
  }
  file.end(END);
  await once(file, "close");
  return { count, bytes: count * RECORD_BYTES };
}

/** @param {string} path */
async function writeBabble(path) {
  const file = createWriteStream(path);
  for (let i = 0; i < BABBLE_MB; i++) {
    if (!file.write(Buffer.alloc(MEGABYTE, 0x62))) await once(file, "drain");
  }
  file.end(`\n${END}`);
  await once(file, "close");
}

/** @param {number} value */
function round(value) {
  return Number(value.toPrecision(3));
}
