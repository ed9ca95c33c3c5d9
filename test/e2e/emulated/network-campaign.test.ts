/** The reboot campaign on a network: real connections, and packets that have to tell the same. */
import { randomBytes } from "node:crypto";
import { beforeAll, expect, it } from "vitest";
import { readBoardDescription } from "../../../host/boards/board-description.ts";
import { firmwarePath } from "../../../host/boards/board-firmware.ts";
import type { PoweredBoard } from "../../../host/boards/powered-board.ts";
import { checkSamples } from "../../../host/check/engine.ts";
import { RULES } from "../../../host/check/rules/index.ts";
import { consoleChecksum, parseConsoleLine } from "../../../host/console/console-record.ts";
import { networkCampaign, newNetworkReport } from "../../../host/sources/network-campaign.ts";
import { isnkit } from "../../support/command.ts";
import { describeNetwork } from "./network-tests.ts";
import { buildFirmware, emulatorsLeft } from "./tools.ts";

/** Power cuts with the network; a longer campaign by ISNKIT_ARM_REBOOTS. */
const REBOOTS = Number(process.env.ISNKIT_ARM_REBOOTS ?? 20);

describeNetwork("a campaign of power cuts on a network", () => {
  beforeAll(() => buildFirmware("lm3s6965evb"), 300_000);

  async function campaign(reboots: number, around?: (board: PoweredBoard) => PoweredBoard) {
    const description = await readBoardDescription("lm3s6965evb");
    const report = newNetworkReport();
    const samples = networkCampaign(
      {
        selector: "qemu:lm3s6965evb:network",
        ethernet: "stellaris",
        firmware: await firmwarePath("lm3s6965evb", "campaign-wasm2c"),
        description,
        seed: 3,
        reboots,
        nowUs: () => (performance.timeOrigin + performance.now()) * 1000,
        sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
        newKey: () => randomBytes(16),
        ...(around === undefined ? {} : { around }),
      },
      report,
    );
    const result = await checkSamples(samples, {
      rules: RULES,
      context: { twoMslUs: 240e6, source: "board", ports: description.ports },
    });
    return { result, report };
  }

  const broken = (rules: readonly { readonly id: string; readonly status: string }[]) =>
    rules.filter(({ status }) => status === "fail").map(({ id }) => id);

  it(
    `passes every rule over ${REBOOTS} power cuts, by the records and by the packets`,
    async () => {
      const { result, report } = await campaign(REBOOTS);
      expect(result.findings).toEqual([]);
      expect(result.rules.filter(({ status }) => status !== "pass")).toEqual([]);
      expect(result.counts.boots).toBe(REBOOTS + 1);
      const { evidence, opened, connected, repeated } = report;
      expect(evidence?.disagreements).toEqual([]);
      // lwIP sends the hook's value less one on an active open; the SYN has to show the module's number.
      expect(report.misgiven).toEqual([]);
      expect(evidence?.compared).toBe(result.counts.connections);
      // On the wire too: ISNs and timestamps of tuples that came back, and ports.
      for (const id of [
        "isn-reuse",
        "isn-backward",
        "isn-window",
        "tsval-backward",
        "port-reuse",
      ]) {
        const rule = evidence?.verdict.rules.find((one) => one.id === id);
        expect(rule).toMatchObject({ id, status: "pass" });
        expect(rule?.judged).toBeGreaterThan(20);
      }
      // Each power cut may cost the connection under way; of a tuple that was half open the first SYN is
      // answered by an ACK of the old connection, reset, and sent again.
      expect(opened - connected).toBeLessThanOrEqual(REBOOTS + 1);
      expect(repeated).toBeLessThan(opened / 4);
      expect(emulatorsLeft()).toEqual([]);
    },
    REBOOTS * 5_000 + 60_000,
  );

  it("is what isnkit check does without further words", async () => {
    const words = ["--board", "qemu:lm3s6965evb", "--reboots", "6", "--seed", "11"];
    const { exitCode, out } = await isnkit(["check", ...words, "--format", "json"]);
    const { verdict, notes } = JSON.parse(out) as { verdict: string; notes: string[] };
    expect(notes[0]).toMatch(/^with a network: /);
    expect(notes[1]).toMatch(/^\d+ of \d+ connections came about/);
    expect({ verdict, exitCode, more: notes.slice(2) }).toMatchObject({ exitCode: 0, more: [] });
  }, 90_000);

  it("fails by both when the EEPROM is rolled back at each power cut", async () => {
    const { result, report } = await campaign(8, rolledBack);
    expect(broken(result.rules)).toEqual(
      expect.arrayContaining(["isn-backward", "tsval-backward", "port-repeats-after-boot"]),
    );
    expect(broken(report.evidence?.verdict.rules ?? [])).toEqual(
      expect.arrayContaining(["isn-backward", "tsval-backward", "port-repeats-after-boot"]),
    );
  }, 90_000);

  it.each([
    ["names another ISN", lying("open", "isn"), /device: .* ISN \d+ .*; wire: .* ISN \d+/],
    ["names another timestamp", lying("open", "ts"), /device: .* TSval \d+; wire: .* TSval \d+/],
    ["says that it used less", lying("used", "next"), /the device used its numbers up to/],
    ["keeps a connection to itself", silent(9), /device/],
  ])(
    "does not pass when the device %s",
    async (_, around, told) => {
      const { report } = await campaign(2, around);
      expect(report.evidence?.disagreements.join("\n")).toMatch(told);
    },
    60_000,
  );
});

/** A board whose memory goes back to what it held after the first boot. */
function rolledBack(board: PoweredBoard): PoweredBoard {
  let image: Uint8Array | undefined;
  return {
    ...passing(board),
    powerOff: async () => {
      await board.powerOff();
      image ??= await board.readStorage();
      await board.replaceStorage(image);
    },
    replaceStorage: async () => {},
  };
}

function passing(board: PoweredBoard): PoweredBoard {
  return {
    name: board.name,
    powerOn: () => board.powerOn(),
    powerOff: () => board.powerOff(),
    readStorage: () => board.readStorage(),
    replaceStorage: (contents) => board.replaceStorage(contents),
    dispose: () => board.dispose(),
  };
}

/** A board that tells a number one too low in the fourth record of a type. */
function lying(type: string, key: string) {
  let records = 0;
  return rewriting((line) => {
    const record = parseConsoleLine(line);
    const value = record?.fields.get(key);
    if (record?.type !== type || value === undefined || ++records !== 4) return line;
    const lower = ((Number.parseInt(value, 16) - 1) >>> 0).toString(16).padStart(8, "0");
    const text = line.slice(0, -6).replace(`${key}=${value}`, `${key}=${lower}`);
    return `${text} *${consoleChecksum(text)}`;
  });
}

/** A board that loses one `open` record. */
function silent(which: number) {
  let opens = 0;
  return rewriting((line) =>
    parseConsoleLine(line)?.type === "open" && ++opens === which ? undefined : line,
  );
}

/** A board whose console passes through `change`, line by line. */
function rewriting(change: (line: string) => string | undefined) {
  return (board: PoweredBoard): PoweredBoard => ({
    ...passing(board),
    powerOn: async () => {
      const { write, output } = await board.powerOn();
      return { write, output: changed(output, change) };
    },
  });
}

async function* changed(
  output: AsyncIterable<Uint8Array>,
  change: (line: string) => string | undefined,
): AsyncGenerator<Uint8Array> {
  let rest = "";
  for await (const bytes of output) {
    const lines = (rest + Buffer.from(bytes).toString("latin1")).split("\r\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const text = change(line);
      if (text !== undefined) yield Buffer.from(`${text}\r\n`, "latin1");
    }
  }
}
