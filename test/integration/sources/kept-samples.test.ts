/** Runs that are kept and gone on with, on an emulated board without a network. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Sample } from "../../../host/core/sample.ts";
import { KeptSamples, keptSamples, readKeptRun } from "../../../host/sources/kept-samples.ts";
import { buildFirmware, describeArm } from "../../e2e/emulated/tools.ts";
import { isnkit } from "../../support/command.ts";

const RUN = { board: "shelf", seed: 5, reboots: 9, plan: {} };
const SAMPLES: Sample[] = [
  { kind: "boot", boot: 0, timeUs: 10, requested: false, persistedBootCount: 4, cause: "reset" },
  { kind: "nvm", boot: 0, timeUs: 12, writes: 3, erasesMax: 1, enduranceCycles: 100 },
  { kind: "storage-lost", boot: 1, timeUs: 20 },
];

let folder = "";
let file = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "isnkit-kept-"));
  file = join(folder, "kept.ndjson");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function all(bytes: number): Promise<Sample[]> {
  const samples: Sample[] = [];
  for await (const sample of keptSamples(file, bytes)) samples.push(sample);
  return samples;
}

describe("samples that are kept", () => {
  it("come back as they were, with where the run ended, whatever byte it was cut at", async () => {
    const kept = KeptSamples.begin(file, RUN);
    kept.device(7);
    for (const sample of SAMPLES) kept.sample(sample);
    kept.done(1);
    kept.note("a note");
    kept.close();
    const whole = await readKeptRun(file);
    expect(whole).toMatchObject({ header: RUN, notes: ["a note"] });
    expect(whole.from).toEqual({
      done: 1,
      boot: 1,
      timeUs: 20,
      writes: 3,
      bootCount: 4,
      fingerprint: 7,
    });
    expect(await all(whole.bytes)).toEqual(SAMPLES);
    const text = await readFile(file);
    const firstLine = text.indexOf("\n") + 1;
    for (let cut = firstLine; cut < text.length; cut++) {
      await writeFile(file, text.subarray(0, cut));
      const run = await readKeptRun(file);
      expect(run.bytes).toBe(text.subarray(0, cut).lastIndexOf("\n") + 1);
      expect(SAMPLES.slice(0, (await all(run.bytes)).length)).toEqual(await all(run.bytes));
      KeptSamples.goOn(file, run.bytes).close();
      expect((await readFile(file)).length).toBe(run.bytes);
    }
  });

  it("are never written over", () => {
    KeptSamples.begin(file, RUN).close();
    expect(() => KeptSamples.begin(file, RUN)).toThrow("is there already");
  });
});

describeArm("isnkit check --resume on an emulated board", () => {
  it("goes on as after a loss of its memory, and judges both parts", async () => {
    buildFirmware("rpi-pico");
    const words = ["check", "--board", "rp2040js:rpi-pico", "--reboots", "12", "--seed", "3"];
    let stop: () => void = () => undefined;
    const first = await isnkit([...words, "--keep", file, "--format", "json"], {
      onInterrupt: (callback) => {
        stop = callback;
        return () => undefined;
      },
      errIsTerminal: true,
      err: (text) => {
        if (/boot [3-9] /.test(text)) stop();
      },
    });
    expect(first.exitCode).toBe(130);
    const done = await isnkit(["check", "--resume", file, "--format", "json"]);
    expect(done.err).toBe("");
    const report = JSON.parse(done.out);
    expect(report.rules.filter(({ status }: { status: string }) => status !== "pass")).toEqual([]);
    expect(report.counts.boots).toBeGreaterThanOrEqual(13);
    expect(report.counts.storageLosses).toBeGreaterThanOrEqual(1);
    expect(done.exitCode).toBe(0);
  }, 60_000);
});
