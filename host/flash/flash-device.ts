/** The device as an update sees it: finds it at whatever it is doing, and asks it over its console. */

import type { ByteLine } from "../console/byte-line.ts";
import { type ConsoleRecord, decimalField } from "../console/console-record.ts";
import { BenchError } from "../core/errors.ts";
import { STATE } from "../module/abi.ts";
import { type DeviceModule, deviceModule } from "./device-module.ts";
import { YMODEM } from "./ymodem-block.ts";

export interface FlashDeviceOptions {
  /** How long the device may take to answer at first, and to start, in milliseconds. */
  readonly startMs?: number;
  /** How long it may take to answer a command. */
  readonly answerMs?: number;
}

const START_MS = 20_000;
const ANSWER_MS = 10_000;
/** Between two questions to a device that does not answer. */
const ASK_MS = 300;
/** A receiver in the middle of a block takes what comes for data until the line is silent for a second. */
const ABANDON_MS = 1500;

export class FlashDevice {
  readonly line: ByteLine;
  readonly #startMs: number;
  readonly #answerMs: number;

  constructor(
    line: ByteLine,
    { startMs = START_MS, answerMs = ANSWER_MS }: FlashDeviceOptions = {},
  ) {
    this.line = line;
    this.#startMs = startMs;
    this.#answerMs = answerMs;
  }

  /**
   * What the device runs, found even when it still waits for a file of an earlier, interrupted run.
   * BenchError `device-silent` or `no-about`.
   */
  async find(image = false): Promise<DeviceModule> {
    const deadlineMs = performance.now() + this.#startMs;
    let heard = false;
    for (let asked = 0; performance.now() < deadlineMs; asked++) {
      const abandons = asked % 3 === 2;
      // Ends a line that somebody began; a receiver of files has to be told otherwise.
      const start = abandons ? [YMODEM.can, YMODEM.can, 0x0a] : [0x0a];
      await this.line.write(Uint8Array.from(start));
      if (abandons) await this.line.record(() => false, ABANDON_MS);
      const id = await this.line.send({ do: "about", image: image ? 1 : 0 });
      const answer = await this.line.record(
        (record) => {
          heard = true;
          return decimalField(record, "re") === id;
        },
        abandons ? ABANDON_MS : ASK_MS * (asked + 1),
      );
      if (answer?.type === "about") return deviceModule(answer);
      if (answer !== undefined) throw noAbout();
    }
    throw heard ? noAbout() : this.silent("about");
  }

  async about(image = false): Promise<DeviceModule> {
    return deviceModule(await this.command({ do: "about", image: image ? 1 : 0 }, "about"));
  }

  /** As about(), with the module started: before that it cannot tell ABI, state and boot count. */
  async started(): Promise<DeviceModule> {
    const now = await this.about();
    if (now.state !== STATE.off) return now;
    await this.command({ do: "start" }, "boot");
    return this.about();
  }

  /**
   * Sends a command; its answer has to be of this type. BenchError `device-silent`,
   * `device-restarted`, `unexpected-answer`.
   */
  async command(
    fields: Readonly<Record<string, string | number>>,
    type: string,
  ): Promise<ConsoleRecord> {
    const id = await this.line.send(fields);
    const answer = await this.line.record(
      (record) => decimalField(record, "re") === id || record.type === "hello",
      this.#answerMs,
    );
    if (answer === undefined) throw this.silent(String(fields.do));
    if (answer.type === type) return answer;
    if (answer.type === "hello") {
      throw new BenchError(
        "device-restarted",
        `the device restarted instead of answering do=${fields.do}`,
        "look at it with `isnkit monitor`: its hello tells the cause",
      );
    }
    const why = answer.fields.get("why");
    throw new BenchError(
      "unexpected-answer",
      `the device answered do=${fields.do} with ${answer.type}${why === undefined ? "" : `, ${why}`}`,
      "look at it with `isnkit monitor`; its firmware may be of another version",
    );
  }

  /** Waits for the device to start, after something that restarts it. BenchError `no-restart`. */
  async hello(): Promise<void> {
    const hello = await this.line.record((record) => record.type === "hello", this.#startMs);
    if (hello !== undefined) return;
    throw new BenchError(
      "no-restart",
      `the device was not seen to start within ${this.#startMs / 1000} s`,
      "switch its power off and on: it then runs the module that was confirmed last",
    );
  }

  /** Restarts it by a command. */
  async restart(command: "reset" | "rollback"): Promise<void> {
    await this.line.send({ do: command });
    await this.hello();
  }

  silent(command: string): BenchError {
    return new BenchError(
      "device-silent",
      `the device did not answer do=${command}`,
      "check its power and the speed of the port, and that no other program reads it",
    );
  }
}

function noAbout(): BenchError {
  return new BenchError(
    "no-about",
    "something speaks on this port, but not the console protocol of an updatable firmware",
    "flash the firmware of isnkit first (docs/flash.md), or name another port: `isnkit boards`",
  );
}
