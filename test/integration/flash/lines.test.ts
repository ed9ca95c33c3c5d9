/** How an STM32 is brought into its boot loader and out of it by DTR and RTS, in exact order. */
import { afterEach, describe, expect, it } from "vitest";
import { readBoardDescription } from "../../../host/boards/board-description.ts";
import type { SerialLines, SerialLink } from "../../../host/console/serial-link.ts";
import { type FirmwareMethod, flashFirmware } from "../../../host/flash/flash-firmware.ts";
import { Stm32Model } from "../../support/stm32-chip.ts";
import { streamPair } from "../../support/stream-pair.ts";

const HURRY = { answerMs: 300, eraseMs: 300, syncs: 3, syncMs: 50 };
/** DTR on BOOT0, RTS on reset, as on the usual adapters. */
const LINES = {
  enter: [{ dtr: true, rts: true }, { waitMs: 20 }, { rts: false }, { waitMs: 50 }],
  leave: [{ dtr: false, rts: true }, { waitMs: 20 }, { rts: false }],
};

describe("the lines of an STM32's boot loader", () => {
  const ends: (() => void)[] = [];
  afterEach(() => {
    for (const end of ends.splice(0)) end();
  });

  /** Flashes a chip whose reset and BOOT0 hang on the lines; what was done to them, in order. */
  async function flashed(isProtected: boolean) {
    const model = new Stm32Model();
    model.isProtected = isProtected;
    model.image = [{ address: 0x08000000, bytes: 100 }];
    const steps: string[] = [];
    const open = async (parity: "none" | "even"): Promise<SerialLink> => {
      steps.push(`open ${parity}`);
      const { host, device, close } = streamPair();
      ends.push(close);
      void model.serve(device);
      return {
        path: "port",
        input: host.input,
        write: host.write,
        setLines: async (lines: SerialLines) => {
          steps.push(JSON.stringify(lines));
          // Out of reset with BOOT0 low: the program runs.
          if (lines.rts === false && steps.at(-2) === "20 ms") {
            model.isRunning = steps.at(-3)?.includes('"dtr":false') === true;
          }
        },
        setBaud: async () => undefined,
        close: async () => {
          steps.push("close");
          close();
        },
      };
    };
    const description = await readBoardDescription("stm32f4");
    const described = description.flash?.find(({ method }) => method === "stm32-uart");
    const method = { ...described, lines: LINES } as FirmwareMethod;
    const device = await flashFirmware({
      file: new Uint8Array(100).fill(7),
      path: "x.bin",
      description,
      method,
      board: { port: "port" },
      wipeJournal: isProtected,
      edges: {
        open,
        sleep: async (ms) => void steps.push(`${ms} ms`),
        stm32: HURRY,
        startMs: 2000,
      },
      onStep: () => undefined,
    });
    return { steps, device };
  }

  const entered = ['{"dtr":true,"rts":true}', "20 ms", '{"rts":false}', "50 ms"];
  const left = ['{"dtr":false,"rts":true}', "20 ms", '{"rts":false}'];

  it("move as board.json says, with its waits, before and behind the transfer", async () => {
    const { steps, device } = await flashed(false);
    expect(steps).toEqual(["open even", ...entered, ...left, "close", "open none", "close"]);
    expect(device.board).toBe("stm32f4");
  });

  it("bring the chip back when it has reset itself to lose its protection", async () => {
    const { steps } = await flashed(true);
    expect(steps).toEqual([
      "open even",
      ...entered,
      ...entered,
      ...left,
      "close",
      "open none",
      "close",
    ]);
  });
});
