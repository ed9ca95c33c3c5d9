/** The samples of an emulated board for `isnkit check --board qemu:…`, whatever runs on it. */

import { readBoardDescription } from "../boards/board-description.ts";
import { firmwarePath } from "../boards/board-firmware.ts";
import { parseEmulatedBoard } from "../boards/emulated-selector.ts";
import type { CheckContext, RuleId } from "../check/rule.ts";
import { expectServersFit } from "../console/conformance-servers.ts";
import { UsageError } from "../core/errors.ts";
import type { Sample } from "../core/sample.ts";
import { type Workload, workloadNames } from "../core/workload.ts";
import { expectServersReachable } from "../emulated/campaign-server.ts";
import { openEmulatedBoard, programOf } from "../emulated/emulated-board.ts";
import { emulatedNetwork } from "../emulated/emulated-network.ts";
import { poweredLives } from "../emulated/powered-lives.ts";
import { TemporaryFolder } from "../system/temporary-folder.ts";
import type { CampaignPosition } from "./boot-stream.ts";
import { type MailBootLog, type MailFirmware, mailBoots } from "./mail-campaign.ts";
import { bootSamples, judgeMailCampaign } from "./mail-evidence.ts";
import { type NetworkReport, networkCampaign, newNetworkReport } from "./network-campaign.ts";
import { rebootCampaign } from "./reboot-campaign.ts";

export interface EmulatedSourceOptions extends Workload {
  /** `qemu:lm3s6965evb`, `qemu:lm3s6965evb:lwip-default`, … */
  readonly selector: string;
  /** Reboots after the first power-on. */
  readonly reboots: number;
  /** u32: when and how the power is cut. */
  readonly seed: number;
  /** Microseconds since 1970, and never back. */
  readonly nowUs: () => number;
  readonly sleep: (ms: number) => Promise<void>;
  /** 16 bytes from the host's CSPRNG: the device's key. */
  readonly newKey: () => Uint8Array;
  /** Ends the run after the boot that is under way. */
  readonly signal?: AbortSignal;
  /** Where an earlier run ended. Its memory is gone with its emulator: storage lost, quiet time due. */
  readonly from?: CampaignPosition;
  readonly onDone?: (boots: number) => void;
  readonly onDevice?: (fingerprint: number) => void;
  /** The MSL that the device is started with; default: that of its description. */
  readonly mslMs?: number;
}

export interface EmulatedSource {
  /** Iterate once. Whatever happens, emulator and network are gone when the iteration has ended. */
  readonly samples: AsyncIterable<Sample>;
  readonly context: CheckContext;
  /** With or without a network, and why; one line. */
  readonly words: string;
  /** Whether a run that was cut short can go on. */
  readonly resumable: boolean;
  /** Rules that this source can settle; absent: all of them. */
  readonly asked?: readonly RuleId[];
  /** Parts of a campaign file that this source follows, and others do not. */
  readonly followed?: readonly string[];
  /** Complete when the iteration has ended. `incomplete`: records and packets disagree. */
  ending(): { readonly notes: readonly string[]; readonly incomplete: boolean };
}

const MAIL_FIRMWARE: Readonly<Record<string, MailFirmware>> = {
  mail: "wasm2c",
  "lwip-default": "lwip-default",
};

/** The mail device never comes back to a tuple, keeps its EEPROM, and tells nothing of its wear. */
const MAIL_RULES: readonly RuleId[] = [
  "isn-repeats-after-boot",
  "isn-predictable",
  "port-reuse",
  "port-repeats-after-boot",
  "port-predictable",
  "refused",
];

/** Opens the board that a selector names. UsageError for a bad selector, BenchError for the bench. */
export async function openEmulatedSource(options: EmulatedSourceOptions): Promise<EmulatedSource> {
  const { firmware } = parseEmulatedBoard(options.selector);
  const mail = firmware === undefined ? undefined : MAIL_FIRMWARE[firmware];
  return mail === undefined ? conformanceSource(options) : mailSource(options, mail);
}

async function conformanceSource(options: EmulatedSourceOptions): Promise<EmulatedSource> {
  const { selector } = options;
  const { model, firmware } = parseEmulatedBoard(selector);
  const described = await readBoardDescription(model);
  const description = { ...described, mslMs: options.mslMs ?? described.mslMs };
  if (description.emulator?.persistent === false) {
    throw new UsageError(
      "no-journal",
      `${selector} keeps no journal over a power cut: its emulator has no model of that memory`,
      "check qemu:lm3s6965evb or rp2040js:rpi-pico; docs/bench-arm.md says what each board is for",
    );
  }
  const { ethernet, words } = emulatedNetwork(description, firmware);
  const { ports, mslMs } = description;
  const notes = [words];
  const context = { twoMslUs: 2 * mslMs * 1000, source: "board", ports } as const;
  const common = { ...options, description, onNote: (note: string) => notes.push(note) };
  if (ethernet === undefined) {
    expectServersFit(options, description, selector);
    const { board } = await openEmulatedBoard(selector);
    const samples = rebootCampaign({ ...common, board: poweredLives(board) });
    return {
      samples,
      context,
      words,
      resumable: true,
      ending: () => ({ notes, incomplete: false }),
    };
  }
  if (options.from !== undefined) throw notResumable(selector);
  expectServersFit(options, description, selector);
  expectServersReachable(options.servers, selector, `qemu:${model}:wasm2c`);
  const image = await firmwarePath(model, programOf("network"));
  const report = newNetworkReport();
  return {
    samples: networkCampaign({ ...common, ethernet, firmware: image }, report),
    context,
    words,
    resumable: false,
    followed: ["workload.closesFirst"],
    ending: () => networkEnding(report, notes),
  };
}

/** Disagreement and a network on which nothing came about leave the verdict open, whatever the rules say. */
function networkEnding(report: NetworkReport, notes: readonly string[]) {
  const { evidence, opened, connected, repeated, failed, misgiven } = report;
  const became = `${connected} of ${opened} connections came about, ${repeated} of them after a repeated SYN; ${failed} were cut short`;
  if (evidence === undefined) {
    return {
      notes: [...notes, `${became}; the run ended before the packets were read`],
      incomplete: true,
    };
  }
  const disagreements = [...misgiven, ...evidence.disagreements];
  return {
    notes: [
      ...notes,
      `${became}; ${evidence.compared} were compared with the packets`,
      ...disagreements.map((line) => `records and packets disagree: ${line}`),
    ],
    incomplete: disagreements.length > 0 || connected === 0,
  };
}

/** The mail device: its records go to the rules, and the packets on the wire must say the same. */
async function mailSource(
  options: EmulatedSourceOptions,
  firmware: MailFirmware,
): Promise<EmulatedSource> {
  if (options.from !== undefined) throw notResumable(options.selector);
  const words = "with a network: the device's records are judged, and compared with the packets";
  const asked = workloadNames(options);
  const notes =
    asked.length === 0
      ? [words]
      : [words, `not followed by the mail device: ${asked.join(", ")} of the campaign file`];
  let incomplete = false;
  async function* samples(): AsyncGenerator<Sample> {
    const folder = await TemporaryFolder.create("isnkit-mail-");
    const captureFolder = folder.path;
    const logs: MailBootLog[] = [];
    try {
      const campaign = { ...options, firmware, rfc1337: false, captureFolder };
      for await (const log of mailBoots(campaign)) {
        logs.push(log);
        yield* bootSamples(log.boot, log.mails);
      }
      const result = {
        firmware,
        rfc1337: false,
        boots: logs.map(({ boot }) => boot),
        mails: logs.flatMap(({ mails }) => mails),
        arrived: logs.at(-1)?.arrived ?? 0,
      };
      const { disagreements } = await judgeMailCampaign(result, captureFolder);
      notes.push(...disagreements.map((line) => `records and packets disagree: ${line}`));
      incomplete = disagreements.length > 0;
    } finally {
      await folder.remove();
    }
  }
  return {
    samples: samples(),
    context: { twoMslUs: 240_000_000, source: "board" },
    words,
    resumable: false,
    asked: MAIL_RULES,
    ending: () => ({ notes, incomplete }),
  };
}

/** The packets of the first part went with its network, and half of the evidence with them. */
function notResumable(selector: string): UsageError {
  return new UsageError(
    "not-resumable",
    `a run of ${selector} on a network cannot go on: its packets are gone`,
    "run it again from its start; runs without a network and of boards on a desk can go on",
  );
}
