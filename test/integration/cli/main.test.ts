/** The built command line as a process: exit codes, streams, files, interrupts. */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
/** What `npm run build` made; another build can be named to try it. */
const MAIN = process.env.TEST_CLI_MAIN ?? join(ROOT, "dist/cli/main.js");
const CAPTURES = join(ROOT, "test/fixtures/captures");
const C1 = join(CAPTURES, "c1_timewait_good_reuse_synack.pcap");

let folder = "";

beforeAll(() => {
  if (!existsSync(MAIN)) throw new Error(`${MAIN} is missing: run \`npm run build\` first`);
  folder = mkdtempSync(join(tmpdir(), "isnkit-cli-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Ended {
  readonly exitCode: number | null;
  readonly out: string;
  readonly err: string;
}

interface RunOptions {
  readonly environment?: Record<string, string>;
  /** Called at each piece of stdout. */
  readonly onOut?: (text: string) => void;
  /** Called when the process runs. */
  readonly onStart?: (child: ReturnType<typeof spawn>) => void;
}

function isnkit(args: readonly string[], options: RunOptions = {}): Promise<Ended> {
  const environment = { PATH: process.env.PATH ?? "", ...options.environment };
  const child = spawn(process.execPath, [MAIN, ...args], { cwd: folder, env: environment });
  let out = "";
  let err = "";
  child.stdout.on("data", (data: Buffer) => {
    out += data.toString();
  });
  child.stderr.on("data", (data: Buffer) => {
    err += data.toString();
  });
  if (options.onStart === undefined) child.stdin.end();
  else options.onStart(child);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (exitCode) => resolve({ exitCode, out, err }));
  });
}

/** One clear message: what and where, then the next step; no stack trace, no result. */
function expectRefusal(ended: Ended, exitCode: number): void {
  expect(ended.err).toMatch(/^isnkit: .+\n {2}next: .+\n$/);
  expect(ended.err).not.toMatch(/^\s+at /m);
  expect(ended.out).not.toMatch(/PASS|"pass"/);
  expect(ended.exitCode).toBe(exitCode);
}

describe("bad input", () => {
  const device = ["--device", "10.77.0.2"];
  it.each([
    ["an unknown command", ["chekc"]],
    ["an unknown flag", ["check", "--reboot", "5"]],
    ["a flag without its value", ["check", "--reboots"]],
    ["an argument too many", ["check", "now"]],
    ["an unknown generator", ["check", "--board", "sim:nothing"]],
    ["a board that nothing is called", ["check", "--board", "ttyUSB9"]],
    ["a number of reboots that is none", ["check", "--reboots", "many"]],
    ["a bare number as duration", ["check", "--msl", "120"]],
    ["an unknown rule", ["check", "--rules", "isn"]],
    ["a capture that is not there", ["check", "--capture", "none.pcap", ...device]],
    ["a folder as capture", ["check", "--capture", ".", ...device]],
    ["a file that is no capture", ["check", "--capture", MAIN, ...device]],
    ["no device", ["check", "--capture", C1]],
    ["a device that does not occur", ["check", "--capture", C1, "--device", "10.9.9.9"]],
    ["a device that is no address", ["check", "--capture", C1, "--device", "device"]],
    ["a report to nowhere", ["check", "--reboots", "1", "--output", "no/such/folder/x"]],
  ])("%s gives one clear message and exit code 2", async (_name, args) => {
    expectRefusal(await isnkit(args), 2);
  });

  it("a serial port that is not there is a fault of the bench: exit code 3", async () => {
    expectRefusal(await isnkit(["check", "--board", "/dev/ttyUSB9"]), 3);
  });

  it("an empty capture is refused, and one cut short is never a pass", async () => {
    const empty = join(folder, "empty.pcap");
    writeFileSync(empty, "");
    expectRefusal(await isnkit(["check", "--capture", empty, ...device]), 2);
    const cut = join(folder, "cut.pcap");
    const whole = readFileSync(C1);
    writeFileSync(cut, whole.subarray(0, whole.length - 7));
    const ended = await isnkit(["check", "--capture", cut, ...device]);
    expect(ended.exitCode).toBe(4);
    expect(ended.out).toMatch(/\nINCONCLUSIVE .*cut short\n$/);
  });

  it("a config file with a mistake is refused with the place", async () => {
    const config = join(folder, "isnkit.config.json");
    writeFileSync(config, '{"reboot": 5}');
    try {
      const ended = await isnkit(["check"]);
      expectRefusal(ended, 2);
      expect(ended.err).toContain("did you mean reboots?");
    } finally {
      rmSync(config);
    }
  });
});

describe("the streams", () => {
  it("reads a capture from standard input", async () => {
    const args = ["check", "--capture", "-", "--device", "10.77.0.2"];
    const ended = await isnkit(args, { onStart: (child) => child.stdin?.end(readFileSync(C1)) });
    expect(ended).toMatchObject({ exitCode: 0, err: "" });
  });

  it("keeps quiet when the reader of stdout has gone", async () => {
    const args = ["check", "--capture", C1, "--device", "10.77.0.2"];
    const ended = await isnkit(args, {
      onStart: (child) => {
        child.stdin?.end();
        child.stdout?.destroy();
      },
    });
    expect(ended).toMatchObject({ exitCode: 0, err: "" });
  });

  it("writes a whole report to a file, leaves no draft, and nothing on stdout", async () => {
    const args = ["check", "--capture", C1, "--device", "10.77.0.2", "--format", "json"];
    const ended = await isnkit([...args, "--output", "report.json"]);
    expect(ended).toMatchObject({ exitCode: 0, out: "", err: "" });
    expect(JSON.parse(readFileSync(join(folder, "report.json"), "utf8")).verdict).toBe("pass");
    expect(readdirSync(folder).filter((name) => name.includes("tmp"))).toEqual([]);
  });
});

describe("an interrupt", () => {
  it("ends a run that waits for input with 130 and partial results", async () => {
    const one = readFileSync(C1);
    const packets = one.subarray(24);
    const copies = Array.from({ length: 1500 }, () => packets);
    const long = Buffer.concat([one.subarray(0, 24), ...copies]);
    const ended = await isnkit(["check", "--capture", "-", "--device", "10.77.0.2"], {
      onStart: (child) => {
        // Two megabytes do not fit into the pipe: once they are written, the run is under way.
        child.stdin?.write(long, () => child.kill("SIGINT"));
        child.stdin?.on("error", () => {});
      },
    });
    expect(ended.exitCode).toBe(130);
    expect(ended.err).toMatch(/^isnkit: interrupted; partial results: /);
    expect(ended.out).toContain("note: the run was interrupted");
  });
});
