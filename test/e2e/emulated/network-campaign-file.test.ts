/** A campaign file on the bench's network: which servers it can have there, and who closes first. */
import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeAll, expect, it } from "vitest";
import { firmwarePath } from "../../../host/boards/board-firmware.ts";
import { waitForHello } from "../../../host/console/conformance-device.ts";
import { sendServers } from "../../../host/console/conformance-servers.ts";
import { ConsoleSession } from "../../../host/console/console-session.ts";
import { startCampaignServer } from "../../../host/emulated/campaign-server.ts";
import { NetworkLab } from "../../../host/emulated/network-lab.ts";
import { QemuBoard } from "../../../host/emulated/qemu-board.ts";
import { TemporaryFolder } from "../../../host/system/temporary-folder.ts";
import { isnkit } from "../../support/command.ts";
import { describeNetwork } from "./network-tests.ts";
import { buildFirmware } from "./tools.ts";

describeNetwork("a campaign on the bench's network", () => {
  beforeAll(() => buildFirmware("lm3s6965evb"), 300_000);
  let folder: TemporaryFolder | undefined;
  afterEach(() => folder?.remove());

  it.each([
    ["2001:db8::7", "IPv6"],
    ["10.77.0.2", "the device's own"],
    ["10.77.0.255", "the network itself"],
    ["127.0.0.1", "loopback"],
    ["224.0.0.1", "no address of one host"],
  ])("refuses a server at %s, and names the board that takes it", async (address, why) => {
    folder = await TemporaryFolder.create("isnkit-campaign-");
    const file = join(folder.path, "campaign.json");
    const servers = [
      { address: "192.0.2.1", port: 80 },
      { address, port: 80 },
    ];
    await writeFile(file, JSON.stringify({ seed: 1, reboots: 1, workload: { servers } }));
    const words = ["check", "--board", "qemu:lm3s6965evb", "--campaign", file];
    const { exitCode, err } = await isnkit(words);
    expect(err).toContain("cannot call workload.servers.1 of the campaign file");
    expect(err).toContain(`${address} `);
    expect(err).toContain(why);
    expect(err).toContain("check qemu:lm3s6965evb:wasm2c");
    expect(exitCode).toBe(2);
  });

  it.each([
    ["server", "100", 4],
    ["server", "0", 4],
    ["device", "100", 0],
    ["either", "100", undefined],
  ] as const)(
    "lets the %s close first after %s bytes",
    async (closesFirst, bytes, waiting) => {
      const lab = await NetworkLab.create();
      const servers = [{ address: "203.0.113.9", port: 4433 }];
      const range = { min: Number(bytes), max: Number(bytes) };
      const workload = { servers, closesFirst, bytes: range };
      const server = await startCampaignServer(lab, workload);
      let connected = 0;
      const ends: (string | undefined)[] = [];
      const board = new QemuBoard({
        name: "the campaign's device",
        machine: "lm3s6965evb",
        firmware: await firmwarePath("lm3s6965evb", "campaign-wasm2c"),
        eepromBytes: 8192,
        prefix: lab.inside,
        extraOfCycle: () => lab.emulatorArguments("stellaris"),
      });
      try {
        const session = new ConsoleSession(await board.powerOn(), {
          silenceMs: 60_000,
          onEvent: (event) => {
            if (event.kind !== "record") return;
            if (event.record.type === "connected") connected++;
            if (event.record.type === "used") ends.push(event.record.fields.get("end"));
          },
        });
        await waitForHello(session);
        await session.command({ do: "start" });
        await session.command({
          do: "provision",
          key: "000102030405060708090a0b0c0d0e0f",
          options: 2,
        });
        await sendServers(session, workload.servers, board.name);
        const refused = await session.command({ do: "run", count: 1, closes: "nobody" });
        expect(refused.fields.get("why")).toBe("closes-device-server-or-either");
        const over = session.record(({ type }) => type === "run-over", "the end of the run");
        await session.command({ do: "run", count: 4, from: 0, bytes, closes: closesFirst });
        await over;
        expect(connected).toBe(4);
        // Where each side waits for the other, no TIME_WAIT is left either.
        expect(ends).toEqual(["closed", "closed", "closed", "closed"]);
        const held = await timeWaits(lab);
        if (waiting !== undefined) expect(held).toBe(waiting);
        else expect([1, 2, 3]).toContain(held);
      } finally {
        await board.dispose();
        await server.stop();
        await lab.dispose();
      }
    },
    60_000,
  );

  it("is not offered to go on when it is interrupted", async () => {
    let interrupt: () => void = () => undefined;
    let looks = 0;
    let said = "";
    const { exitCode } = await isnkit(
      ["check", "--board", "qemu:lm3s6965evb", "--reboots", "50", "--seed", "3"],
      {
        errIsTerminal: true,
        onInterrupt: (act) => {
          interrupt = act;
          return () => undefined;
        },
        err: (text) => {
          said += text;
          if (++looks === 2) interrupt();
        },
      },
    );
    expect(exitCode).toBe(130);
    expect(said).toContain("a run on an emulated network cannot go on");
    expect(said).not.toMatch(/--resume|--keep/);
  }, 120_000);
});

/** Who closed first keeps the TIME_WAIT: how many of them the server has (proc(5), state 06). */
async function timeWaits(lab: NetworkLab): Promise<number> {
  const [program = "", ...args] = [...lab.inside, "cat", "/proc/thread-self/net/tcp"];
  const { stdout } = await promisify(execFile)(program, args);
  return stdout.split("\n").filter((line) => line.trim().split(/\s+/)[3] === "06").length;
}
