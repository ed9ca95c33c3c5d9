/**
 * Field case 1 on the bench: the mail device sends two mails at each boot to a real server in the Linux
 * kernel, which closes first and keeps the TIME_WAIT; then the power is cut, at once, and comes back.
 */
import { join } from "node:path";
import { firmwarePath } from "../boards/board-firmware.ts";
import { type ConsoleRecord, decimalField, hexField } from "../console/console-record.ts";
import { ConsoleSession } from "../console/console-session.ts";
import { MailServer } from "../emulated/mail-server.ts";
import { NetworkLab } from "../emulated/network-lab.ts";
import { QemuBoard } from "../emulated/qemu-board.ts";
import { PROVISION } from "../module/abi.ts";

export const MAIL_FIRMWARES = ["lwip-default", "wasm2c", "wasm3"] as const;
export type MailFirmware = (typeof MAIL_FIRMWARES)[number];

const MODEL = "lm3s6965evb";
const EEPROM_BYTES = 8192;
export const MAILS_PER_BOOT = 2;
/** lwIP gives a connect up after six repeats, about 90 s. */
const MAIL_MS_MAX = 150_000;

export interface MailCampaignOptions {
  readonly firmware: MailFirmware;
  /** Power cuts after the first boot. */
  readonly reboots: number;
  /** `net.ipv4.tcp_rfc1337` of the server. */
  readonly rfc1337: boolean;
  /** A folder for the recorded packets, one pcap a boot; it must exist. */
  readonly captureFolder: string;
  readonly newKey: () => Uint8Array;
  /** The bench's clock: microseconds since 1970, and never back. */
  readonly nowUs: () => number;
  /** Ends the campaign at once; the boot that runs is dropped. */
  readonly signal?: AbortSignal;
  readonly onMail?: (mail: MailOutcome) => void;
}

/** One attempt to send a mail. Numbers are those that the device reports. */
export interface MailOutcome {
  readonly boot: number;
  /** When it was over, on the bench's clock. */
  readonly timeUs: number;
  readonly mail: number;
  readonly sent: boolean;
  /** Absent when the module refused and no SYN was sent. */
  readonly localPort?: number;
  readonly isn?: number;
  /** The ISN that the module gave; absent in the build with lwIP's defaults. */
  readonly given?: number;
  /** Absent when no connection came about. */
  readonly connectMs?: number;
  /** How often the SYN was sent again before the connection was there. */
  readonly repeats?: number;
  /** Why the module refused: a REASON of host/module/abi.ts. */
  readonly refused?: number;
}

export interface MailBoot {
  readonly boot: number;
  readonly timeUs: number;
  /** The journal's boot count; absent in the build with lwIP's defaults. */
  readonly persistedBootCount?: number;
  readonly capture: string;
}

export interface MailCampaignResult {
  readonly firmware: MailFirmware;
  readonly rfc1337: boolean;
  readonly boots: readonly MailBoot[];
  readonly mails: readonly MailOutcome[];
  /** Mails that the server took. */
  readonly arrived: number;
}

/** A boot and what the device did in it. */
export interface MailBootLog {
  readonly boot: MailBoot;
  readonly mails: readonly MailOutcome[];
  /** Mails that the server has taken so far. */
  readonly arrived: number;
}

/** Runs the campaign. BenchError when the machine has no network for it, or something ends early. */
export async function mailCampaign(options: MailCampaignOptions): Promise<MailCampaignResult> {
  const { firmware, rfc1337 } = options;
  const logs: MailBootLog[] = [];
  for await (const log of mailBoots(options)) logs.push(log);
  return {
    firmware,
    rfc1337,
    boots: logs.map(({ boot }) => boot),
    mails: logs.flatMap(({ mails }) => mails),
    arrived: logs.at(-1)?.arrived ?? 0,
  };
}

/** The same, boot by boot. Whatever happens, emulator, server and network are gone at its end. */
export async function* mailBoots(options: MailCampaignOptions): AsyncGenerator<MailBootLog> {
  const lab = await NetworkLab.create();
  let server: MailServer | undefined;
  try {
    await lab.setRfc1337(options.rfc1337);
    server = await MailServer.start(lab);
    yield* new MailBench(options, lab, server).run();
  } finally {
    await server?.stop();
    await lab.dispose();
  }
}

class MailBench {
  readonly #options: MailCampaignOptions;
  readonly #lab: NetworkLab;
  readonly #server: MailServer;

  constructor(options: MailCampaignOptions, lab: NetworkLab, server: MailServer) {
    this.#options = options;
    this.#lab = lab;
    this.#server = server;
  }

  async *run(): AsyncGenerator<MailBootLog> {
    const { firmware, reboots, signal } = this.#options;
    const path = await firmwarePath(MODEL, `mail-${firmware}`);
    // The EEPROM has to outlive the boards, each of which records to its own capture.
    let eeprom = new Uint8Array(EEPROM_BYTES).fill(0xff);
    for (let boot = 0; boot <= reboots && !signal?.aborted; boot++) {
      const capture = join(this.#options.captureFolder, `boot-${boot}.pcap`);
      const board = new QemuBoard({
        name: `qemu:${MODEL}:mail-${firmware}`,
        machine: MODEL,
        firmware: path,
        eepromBytes: EEPROM_BYTES,
        eepromContents: eeprom,
        prefix: this.#lab.inside,
        extra: ["-cpu", "cortex-m3", ...this.#lab.emulatorArguments("stellaris", capture)],
      });
      const stop = () => void board.powerOff();
      signal?.addEventListener("abort", stop, { once: true });
      try {
        const log = await this.#runBoot(board, boot, capture);
        await board.powerOff();
        eeprom = new Uint8Array(await board.readStorage());
        yield { ...log, arrived: this.#server.mails.length };
      } catch (error) {
        // A boot that was ended on purpose is not told of.
        if (signal?.aborted !== true) throw error;
      } finally {
        signal?.removeEventListener("abort", stop);
        await board.dispose();
      }
    }
  }

  async #runBoot(
    board: QemuBoard,
    boot: number,
    capture: string,
  ): Promise<Omit<MailBootLog, "arrived">> {
    const mails: MailOutcome[] = [];
    const timeUs = Math.round(this.#options.nowUs());
    const log = new MailLog((mail) => {
      const outcome = { boot, timeUs: Math.round(this.#options.nowUs()), ...mail };
      mails.push(outcome);
      this.#options.onMail?.(outcome);
    });
    const session = new ConsoleSession(await board.powerOn(), {
      silenceMs: MAIL_MS_MAX,
      onEvent: (event) => {
        if (event.kind === "record") log.take(event.record);
      },
    });
    const over = session.record(({ type }) => type === "mails-over", "the end of the mails");
    const booted = await session.record(({ type }) => type === "boot", "the boot record");
    // The first boot is the factory's: the device gets its key, and sends its first mails.
    if (decimalField(booted, "state") === 1) {
      const key = Buffer.from(this.#options.newKey()).toString("hex");
      await session.command({ do: "provision", key, options: PROVISION.newDevice });
    }
    const last = await over;
    const count = decimalField(last, "boots");
    const base = { boot, timeUs, capture };
    return { boot: count === undefined ? base : { ...base, persistedBootCount: count }, mails };
  }
}

type Attempt = Omit<MailOutcome, "boot" | "timeUs">;

/** Puts the records of a boot together into attempts. */
class MailLog {
  readonly #done: (attempt: Attempt) => void;
  #now: Omit<Attempt, "mail" | "sent"> = {};

  constructor(done: (attempt: Attempt) => void) {
    this.#done = done;
  }

  take(record: ConsoleRecord): void {
    const number = (key: string) => decimalField(record, key) ?? 0;
    if (record.type === "open") {
      const given = hexField(record, "given");
      this.#now = {
        localPort: number("lp"),
        isn: hexField(record, "isn") ?? 0,
        ...(given === undefined ? {} : { given }),
      };
    } else if (record.type === "connected") {
      this.#now = { ...this.#now, connectMs: number("ms"), repeats: number("repeats") };
    } else if (record.type === "refused") {
      this.#now = { refused: number("reason") };
    } else if (record.type === "mail") {
      this.#done({ mail: number("mail"), sent: number("ok") === 1, ...this.#now });
      this.#now = {};
    }
  }
}
