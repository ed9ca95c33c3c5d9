/**
 * A mail server that is down for five minutes, on the bench: first its port is closed, so that each SYN is refused,
 * then nothing of it answers at all. The device has one mail to send and tries again and again. Its clock, and that of
 * its TCP, runs FAST times as fast while the server is down.
 */
import { firmwarePath } from "../boards/board-firmware.ts";
import { type ConsoleRecord, decimalField } from "../console/console-record.ts";
import { ConsoleSession } from "../console/console-session.ts";
import { BenchError } from "../core/errors.ts";
import { MailServer } from "../emulated/mail-server.ts";
import { NetworkLab } from "../emulated/network-lab.ts";
import { QemuBoard } from "../emulated/qemu-board.ts";
import { PROVISION } from "../module/abi.ts";
import type { MailFirmware } from "./mail-campaign.ts";

const MODEL = "lm3s6965evb";
const EEPROM_BYTES = 8192;
const FAST = 50;
/** How long the server is down, on the device's clock, and how long the device waits between attempts. */
const OUTAGE_MS = 300_000;
const RETRY_S = 3;
/** Real time in which the mail has to be sent once the server is back. */
const RECOVERY_MS_MAX = 60_000;

export interface MailOutageOptions {
  readonly firmware: MailFirmware;
  readonly rfc1337: boolean;
  readonly newKey: () => Uint8Array;
  /** The bench's clock: microseconds since 1970, and never back. */
  readonly nowUs: () => number;
  readonly signal?: AbortSignal;
}

export interface MailOutage {
  /** Attempts that failed while the server was down. */
  readonly failed: number;
  /** Of these, those for which the module refused a number. */
  readonly refused: number;
  /** From the server's return until the mail was sent, in ms; absent when it was not sent in a minute. */
  readonly recoveryMs?: number;
}

/** BenchError when the machine has no network for it, or the device falls silent. */
export async function mailOutage(options: MailOutageOptions): Promise<MailOutage> {
  const lab = await NetworkLab.create();
  let server: MailServer | undefined;
  const board = new QemuBoard({
    name: `qemu:${MODEL}:mail-${options.firmware}`,
    machine: MODEL,
    firmware: await firmwarePath(MODEL, `mail-${options.firmware}`),
    eepromBytes: EEPROM_BYTES,
    prefix: lab.inside,
    extra: ["-cpu", "cortex-m3", ...lab.emulatorArguments("stellaris")],
  });
  const stop = () => void board.powerOff();
  options.signal?.addEventListener("abort", stop, { once: true });
  try {
    await lab.setRfc1337(options.rfc1337);
    server = await MailServer.start(lab);
    const device = await MailDevice.boot(board, options.newKey);
    await server.stop();
    await device.tryUntilSent();
    await device.failFor(OUTAGE_MS / 2);
    await lab.setCable(false);
    await device.failFor(OUTAGE_MS / 2);
    await lab.setCable(true);
    await device.slowDown();
    server = await MailServer.start(lab);
    const backUs = options.nowUs();
    const sent = await device.sent();
    const recovery = sent ? { recoveryMs: Math.round((options.nowUs() - backUs) / 1000) } : {};
    return { failed: device.failed, refused: device.refused, ...recovery };
  } finally {
    options.signal?.removeEventListener("abort", stop);
    await board.dispose();
    await server?.stop();
    await lab.dispose();
  }
}

class MailDevice {
  readonly #session: ConsoleSession;
  failed = 0;
  refused = 0;

  private constructor(session: ConsoleSession) {
    this.#session = session;
  }

  /** Powers on, and waits for the mails of a boot. */
  static async boot(board: QemuBoard, newKey: () => Uint8Array): Promise<MailDevice> {
    const device: { current?: MailDevice } = {};
    const session = new ConsoleSession(await board.powerOn(), {
      silenceMs: RECOVERY_MS_MAX,
      onEvent: (event) => {
        if (event.kind === "record") device.current?.take(event.record);
      },
    });
    const over = session.record(({ type }) => type === "mails-over", "the end of the mails");
    const booted = await session.record(({ type }) => type === "boot", "the boot record");
    if (decimalField(booted, "state") === 1) {
      const key = Buffer.from(newKey()).toString("hex");
      await session.command({ do: "provision", key, options: PROVISION.newDevice });
    }
    await over;
    device.current = new MailDevice(session);
    return device.current;
  }

  async tryUntilSent(): Promise<void> {
    await this.#session.command({ do: "speed", times: FAST });
    await this.#session.command({ do: "mail", count: 1, "retry-s": RETRY_S });
  }

  /** Lets time pass on the device, by the times that it tells of its attempts. */
  async failFor(ms: number): Promise<void> {
    let left = ms;
    while (left > 0) {
      const mail = await this.#session.record(({ type }) => type === "mail", "an attempt");
      left -= (decimalField(mail, "ms") ?? 0) + RETRY_S * 1000;
    }
  }

  async slowDown(): Promise<void> {
    await this.#session.command({ do: "speed", times: 1 });
  }

  /** False when the mail is not sent in RECOVERY_MS_MAX. */
  async sent(): Promise<boolean> {
    try {
      await this.#session.record(
        (record) => record.type === "mail" && decimalField(record, "ok") === 1,
        "the mail",
      );
      return true;
    } catch (error) {
      if (error instanceof BenchError && error.code === "device-silent") return false;
      throw error;
    }
  }

  private take(record: ConsoleRecord): void {
    if (record.type === "refused") this.refused++;
    if (record.type === "mail" && decimalField(record, "ok") !== 1) this.failed++;
  }
}
