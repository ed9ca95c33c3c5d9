/** Boards with slots, devices behind their ports, and updates of them; all put away at the end. */
import { readFileSync } from "node:fs";
import { ByteLine, type ByteStream } from "../../host/console/byte-line.ts";
import { type ConsoleEvent, hexField } from "../../host/console/console-record.ts";
import { openSerialLink, type SerialLink } from "../../host/console/serial-link.ts";
import { serialDistance } from "../../host/core/serial.ts";
import { FlashDevice } from "../../host/flash/flash-device.ts";
import {
  flashModule,
  type ModuleFlash,
  type ModuleFlashOptions,
} from "../../host/flash/flash-module.ts";
import { moduleImage } from "../../host/flash/module-image.ts";
import { sendYmodem } from "../../host/flash/ymodem-sender.ts";
import { SlotsBoard } from "./slots-board.ts";

export const BUILT_MODULE = new Uint8Array(
  readFileSync(new URL("../../build/isnkit.wasm", import.meta.url)),
);

export interface SlotsDevice {
  readonly board: SlotsBoard;
  readonly path: string;
  readonly link: SerialLink;
  readonly device: FlashDevice;
}

/** How a test looks on, and where it breaks the line. */
export interface Watch {
  readonly onEvent?: (event: ConsoleEvent) => void;
  readonly stream?: (link: SerialLink) => ByteStream;
}

export class FlashLab {
  readonly #ends: (() => Promise<void>)[] = [];

  async dispose(): Promise<void> {
    for (const end of this.#ends.splice(0).reverse()) await end();
  }

  async blankBoard(): Promise<SlotsBoard> {
    const board = await SlotsBoard.create();
    this.#ends.push(() => board.dispose());
    return board;
  }

  /** Opens the port of a board that has power. */
  async attached(board: SlotsBoard, path: string, watch: Watch = {}): Promise<SlotsDevice> {
    const link = await openSerialLink({ path, baud: 115_200 });
    this.#ends.push(() => link.close());
    const { onEvent, stream } = watch;
    const line = new ByteLine(stream?.(link) ?? link, onEvent === undefined ? {} : { onEvent });
    const device = new FlashDevice(line);
    return { board, path, link, device };
  }

  /** Switches a board on, and finds its device. */
  async powered(board: SlotsBoard, watch: Watch = {}): Promise<SlotsDevice> {
    const at = await this.attached(board, await board.powerOn(), watch);
    await at.device.find();
    return at;
  }

  /** A device with a key, booted once. */
  async provisioned(watch: Watch = {}): Promise<SlotsDevice> {
    const at = await this.powered(await this.blankBoard(), watch);
    await at.device.started();
    const key = "10112233445566778899aabbccddeeff";
    await at.device.command({ do: "provision", key, options: 2 }, "status");
    return at;
  }

  async cut({ board, link }: SlotsDevice): Promise<void> {
    await board.cutPower();
    await link.close();
  }

  flash(
    { device }: SlotsDevice,
    bytes: Uint8Array,
    more: Partial<ModuleFlashOptions> = {},
  ): Promise<ModuleFlash> {
    return flashModule({ device, image: moduleImage(bytes), name: "isnkit.wasm", ...more });
  }

  /** Only the transfer. */
  async send({ device }: SlotsDevice, bytes: Uint8Array): Promise<void> {
    await device.command({ do: "receive" }, "receive");
    await sendYmodem(device.line, { name: "module.wasm", bytes });
    await device.line.record(({ type }) => type === "received", 10_000);
  }
}

/** A new ISN of one tuple; the device has to be started. */
export async function isn(device: FlashDevice): Promise<number> {
  const answer = await device.command({ do: "call", fn: "isn4", a: "1,2,3,4" }, "value");
  const value = hexField(answer, "v");
  if (value === undefined || value === 0) throw new Error("no ISN");
  return value;
}

/** Serially after, and less than 2^31 ahead. */
export function isForward(before: number, after: number): boolean {
  return serialDistance(before, after) > 0;
}
