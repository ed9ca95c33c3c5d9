/**
 * The reboot campaign on a network: the device opens its connections over lwIP to servers of the Linux
 * kernel, and QEMU records each packet. What the device says goes to the rules as ever; at the end the
 * packets are judged too, and both have to tell the same.
 */
import { join } from "node:path";
import type { PoweredBoard } from "../boards/powered-board.ts";
import { type ConsoleRecord, decimalField, hexField } from "../console/console-record.ts";
import type { Sample } from "../core/sample.ts";
import type { Workload } from "../core/workload.ts";
import { startCampaignServer } from "../emulated/campaign-server.ts";
import { openEmulatedBoard } from "../emulated/emulated-board.ts";
import type { LabServer } from "../emulated/lab-server.ts";
import { DEVICE_ADDRESS, NetworkLab } from "../emulated/network-lab.ts";
import { poweredLives } from "../emulated/powered-lives.ts";
import { TemporaryFolder } from "../system/temporary-folder.ts";
import { type PacketEvidence, packetEvidence } from "./packet-evidence.ts";
import { type RebootCampaignOptions, rebootCampaign } from "./reboot-campaign.ts";

export interface NetworkCampaignOptions
  extends Omit<RebootCampaignOptions, "board" | "onMark" | "onRecord"> {
  /** `qemu:lm3s6965evb:network`. */
  readonly selector: string;
  /** QEMU's model of the board's Ethernet. */
  readonly ethernet: string;
  /** Path of the firmware. */
  readonly firmware: string;
  /** For tests: puts another board around the emulator's. */
  readonly around?: (board: PoweredBoard) => PoweredBoard;
}

/** What became of the connections; complete when the campaign is over. */
export interface NetworkReport {
  evidence: PacketEvidence | undefined;
  opened: number;
  connected: number;
  /** Of these, after a repeated SYN. */
  repeated: number;
  /** Ended before their time, by a reset or by the device's patience. */
  failed: number;
  /** One line for each SYN that does not carry the module's number: lwIP's hook is off. */
  readonly misgiven: string[];
}

export function newNetworkReport(): NetworkReport {
  return { evidence: undefined, opened: 0, connected: 0, repeated: 0, failed: 0, misgiven: [] };
}

/**
 * Runs the campaign and yields the device's records as samples; `report` is filled on the way. Whatever
 * happens, emulator, servers and network are gone at its end. BenchError as by rebootCampaign(), or when
 * there can be no network.
 */
export async function* networkCampaign(
  options: NetworkCampaignOptions,
  report: NetworkReport,
): AsyncGenerator<Sample> {
  const workload = closing(options);
  const lab = await NetworkLab.create();
  let server: LabServer | undefined;
  let folder: TemporaryFolder | undefined;
  try {
    server = await startCampaignServer(lab, { ...options, ...workload });
    folder = await TemporaryFolder.create("isnkit-network-");
    yield* new NetworkRun({ ...options, ...workload }, lab, folder.path, report).samples();
  } finally {
    await server?.stop();
    await lab.dispose();
    await folder?.remove();
  }
}

/** The servers of a file do not say who closes: both do in turn, as in `isnkit simulate`. */
function closing({ servers, closesFirst }: Workload): Pick<Workload, "servers" | "closesFirst"> {
  if (servers === undefined) return closesFirst === undefined ? {} : { closesFirst };
  return { servers, closesFirst: closesFirst ?? "either" };
}

class NetworkRun {
  readonly #options: NetworkCampaignOptions;
  readonly #lab: NetworkLab;
  readonly #folder: string;
  readonly #report: NetworkReport;
  readonly #parts: { readonly file: string; readonly marksUs: number[] }[] = [];

  constructor(
    options: NetworkCampaignOptions,
    lab: NetworkLab,
    folder: string,
    report: NetworkReport,
  ) {
    this.#options = options;
    this.#lab = lab;
    this.#folder = folder;
    this.#report = report;
  }

  async *samples(): AsyncGenerator<Sample> {
    const { selector, firmware, description, around } = this.#options;
    const { board } = await openEmulatedBoard(selector, {
      firmware,
      prefix: this.#lab.inside,
      extraOfCycle: (cycle) => this.#beginPart(cycle),
    });
    const said: Sample[] = [];
    const samples = rebootCampaign({
      ...this.#options,
      board: poweredLives(around?.(board) ?? board),
      onMark: (timeUs) => this.#parts.at(-1)?.marksUs.push(timeUs),
      onRecord: (record) => this.#count(record),
    });
    for await (const sample of samples) {
      said.push(sample);
      yield sample;
    }
    if (this.#parts.length === 0) return;
    this.#report.evidence = await packetEvidence({
      parts: this.#parts,
      device: DEVICE_ADDRESS,
      target: join(this.#folder, "all.pcap"),
      said,
      twoMslUs: 2 * description.mslMs * 1000,
      boundPorts: description.ports.reserved,
    });
  }

  /** Each power cycle has its own recording. */
  #beginPart(cycle: number): readonly string[] {
    const file = join(this.#folder, `cycle-${cycle}.pcap`);
    this.#parts.push({ file, marksUs: [] });
    return this.#lab.emulatorArguments(this.#options.ethernet, file);
  }

  #count(record: ConsoleRecord): void {
    const report = this.#report;
    if (record.type === "open") {
      report.opened++;
      const [isn, given] = [hexField(record, "isn"), hexField(record, "given")];
      if (isn !== given) report.misgiven.push(`the module gave ISN ${given}, the SYN has ${isn}`);
    }
    if (record.type === "failed") report.failed++;
    else if (record.type === "connected") {
      report.connected++;
      if ((decimalField(record, "repeats") ?? 0) > 0) report.repeated++;
    }
  }
}
