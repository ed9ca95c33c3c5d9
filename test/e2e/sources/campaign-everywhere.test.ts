/** One campaign file on every kind of board: what it says is what the device does. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeAll, expect, it } from "vitest";
import { planOf } from "../../../host/cli/check-files.ts";
import type { OpenSample, Sample } from "../../../host/core/sample.ts";
import { networkObstacle } from "../../../host/emulated/network-lab.ts";
import { simulateSection } from "../../../host/simulate/campaign-section.ts";
import { readCampaignFile } from "../../../host/sources/campaign-file.ts";
import { TemporaryFolder } from "../../../host/system/temporary-folder.ts";
import { DEFAULT_BOARD } from "../../../host/virtual/board.ts";
import { virtualBoardSamples } from "../../../host/virtual/campaign.ts";
import { RELEASE } from "../../support/builds.ts";
import { isnkit } from "../../support/command.ts";
import { describeSerialBoard, PtyBoard } from "../../support/pty-board.ts";
import { buildFirmware } from "../emulated/tools.ts";

const CAMPAIGN = {
  seed: 7,
  reboots: 12,
  msl: "60s",
  workload: {
    servers: [
      { address: "203.0.113.9", port: 4433 },
      { address: "198.51.100.4", port: 1883, boundPort: 5002 },
      { address: "2001:db8::7", port: 8883, boundPort: 5003 },
    ],
    connectionsPerBoot: [3, 6],
    bytes: [3_000, 5_000],
    uptime: ["1s", "1200ms"],
    off: ["50ms", "2s"],
  },
};
/** The emulated network has no IPv6. */
const OVER_IPV4 = JSON.parse(JSON.stringify(CAMPAIGN).replace("2001:db8::7", "192.0.2.200"));
/** Server and bound port, as the samples of a faithful board show them. */
const CALLED = [
  "198.51.100.4:1883 from 5002",
  "2001:db8::7:8883 from 5003",
  "203.0.113.9:4433 from any",
];

interface Report {
  readonly schema: string;
  readonly verdict: string;
  readonly counts: { readonly boots: number; readonly connections: number };
  readonly rules: readonly { readonly id: string; readonly status: string }[];
  readonly notes: readonly string[];
  readonly replay: string;
}

describeSerialBoard("one campaign file", () => {
  beforeAll(() => buildFirmware("lm3s6965evb", "rpi-pico"));

  const ends: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });

  async function campaignFile(content: object = CAMPAIGN) {
    const folder = await TemporaryFolder.create("isnkit-campaign-");
    ends.push(() => folder.remove());
    const file = join(folder.path, "campaign.json");
    await writeFile(file, JSON.stringify(content));
    return { file, folder: folder.path };
  }

  async function serialWords(): Promise<string[]> {
    const board = await PtyBoard.create();
    ends.push(() => board.dispose());
    board.switch("on");
    const bench = join(board.folder, "bench.json");
    const shell = {
      reset: board.command("reset"),
      off: board.command("off"),
      on: board.command("on"),
    };
    const boards = { shelf: { model: "lm3s6965evb", port: board.port, shell } };
    await writeFile(bench, JSON.stringify({ boards }));
    const words = ["--bench", bench, "--board", "shelf"];
    const { exitCode, err } = await isnkit(["provision", ...words, "--new"]);
    expect(err).not.toContain("next:");
    expect(exitCode).toBe(0);
    return words;
  }

  async function keptSamples(file: string): Promise<Sample[]> {
    const lines = (await readFile(file, "utf8")).trimEnd().split("\n").slice(1);
    return lines.flatMap((line) => JSON.parse(line).sample ?? []);
  }

  const opened = (samples: readonly Sample[]) =>
    samples.filter((sample): sample is OpenSample => sample.kind === "open");

  function expectFaithful(samples: readonly Sample[], named = CALLED) {
    const opens = opened(samples);
    const called = opens.map(({ tuple, portChoice }) => {
      const { remoteAddress, remotePort, localPort } = tuple;
      return `${remoteAddress}:${remotePort} from ${portChoice === "bound" ? localPort : "any"}`;
    });
    expect([...new Set(called)].sort()).toEqual([...named].sort());
    const ofBoot = new Map<number, OpenSample[]>();
    for (const open of opens) ofBoot.set(open.boot, [...(ofBoot.get(open.boot) ?? []), open]);
    const boots = [...ofBoot.values()];
    for (const one of boots) expect(one.length).toBeLessThanOrEqual(6);
    expect(Math.max(...boots.map((one) => one.length))).toBeGreaterThanOrEqual(3);
    // Without the file's times they come as fast as the console can tell them.
    const spansUs = boots.map((one) => (one.at(-1)?.timeUs ?? 0) - (one[0]?.timeUs ?? 0));
    expect(Math.max(...spansUs)).toBeGreaterThan(400_000);
    expect(bytesOf(samples).filter((bytes) => bytes > 5_000)).toEqual([]);
    // A connection that is cut off has sent less.
    const whole = bytesOf(samples).filter((bytes) => bytes >= 3_000);
    expect(whole.length).toBeGreaterThan(0.8 * bytesOf(samples).length);
  }

  /** Data of each connection, the SYN and the FIN not counted. */
  function bytesOf(samples: readonly Sample[]): number[] {
    const isnOf = new Map<string, number>();
    return samples.flatMap((sample) => {
      if (sample.kind !== "open" && sample.kind !== "used") return [];
      const name = `${sample.boot} ${JSON.stringify(sample.tuple)}`;
      if (sample.kind === "used") return [((sample.next - (isnOf.get(name) ?? 0)) >>> 0) - 2];
      isnOf.set(name, sample.isn);
      return [];
    });
  }

  const boards: [string, () => Promise<string[]>][] = [
    ["sim", async () => ["--board", "sim"]],
    ["rp2040js:rpi-pico", async () => ["--board", "rp2040js:rpi-pico"]],
    ["qemu:lm3s6965evb:wasm2c", async () => ["--board", "qemu:lm3s6965evb:wasm2c"]],
    ["a serial port", serialWords],
  ];

  it.each(boards)(
    "calls the servers that it names, with its numbers and times, on %s",
    async (name, wordsOf) => {
      const { file, folder } = await campaignFile();
      const kept = join(folder, "kept.ndjson");
      const words = await wordsOf();
      const keep = name === "sim" ? [] : ["--keep", kept];
      const check = ["check", ...words, "--campaign", file, ...keep, "--format", "json"];
      const { out, err } = await isnkit(check);
      expect(err).toBe("");
      const report: Report = JSON.parse(out);
      expect(report.schema).toBe("isnkit.check/2");
      expect(report.counts.boots).toBe(13);
      expect(report.rules.filter(({ status }) => status === "fail")).toEqual([]);
      expect(report.replay).toContain(`--campaign ${file}`);
      const unfollowed = report.notes.filter((note) => note.startsWith("not followed"));
      expect(unfollowed).toEqual(name === "a serial port" ? [expect.stringContaining(".off")] : []);
      if (name !== "sim") expectFaithful(await keptSamples(kept));
      else {
        const workload = planOf(await readCampaignFile(file, simulateSection));
        const settings = { ...DEFAULT_BOARD, mslMs: 60_000 };
        const asked = { generator: "isnkit", seed: 7, reboots: 12, wasm: RELEASE };
        const samples = [...virtualBoardSamples({ ...asked, settings, workload })];
        expect(opened(samples).length).toBe(report.counts.connections);
        expectFaithful(samples);
      }
    },
    90_000,
  );

  it.skipIf(networkObstacle() !== undefined)(
    "is followed on a network too, and the packets agree",
    async () => {
      const { file, folder } = await campaignFile(OVER_IPV4);
      const kept = join(folder, "kept.ndjson");
      const words = ["--board", "qemu:lm3s6965evb:network", "--campaign", file, "--keep", kept];
      const { out, err } = await isnkit(["check", ...words, "--format", "json"]);
      expect(err).toBe("");
      const report: Report = JSON.parse(out);
      expect(report.schema).toBe("isnkit.check/2");
      expect(report.counts.boots).toBe(13);
      expect(report.rules.filter(({ status }) => status === "fail")).toEqual([]);
      // What it has, and what became of its connections; nothing that was not followed, or disagrees.
      expect(report.notes.length).toBe(2);
      expect(report.notes[1]).toContain("were compared with the packets");
      const overIpv4 = CALLED.map((one) => one.replace("2001:db8::7", "192.0.2.200"));
      expectFaithful(await keptSamples(kept), overIpv4);
    },
    120_000,
  );

  it("is refused where the firmware cannot follow it, before anything starts", async () => {
    const refusalOf = async (board: string, workload: object) => {
      const { file } = await campaignFile({ seed: 1, reboots: 1, workload });
      const { exitCode, err } = await isnkit(["check", "--board", board, "--campaign", file]);
      expect(exitCode).toBe(2);
      return err;
    };
    const server = { address: "192.0.2.1", port: 80 };
    const qemu = "qemu:lm3s6965evb:wasm2c";
    expect(await refusalOf(qemu, { servers: [{ ...server, boundPort: 6000 }] })).toContain(
      "cannot bind port 6000",
    );
    expect(await refusalOf(qemu, { servers: Array(17).fill(server) })).toContain("16 servers");
    expect(await refusalOf(qemu, { bytes: 200_001 })).toContain("at most 200000 bytes");
  });
});
