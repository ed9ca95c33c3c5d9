import { beforeAll, expect, it } from "vitest";
import { waitForHello } from "../../../host/console/conformance-device.ts";
import { decimalField } from "../../../host/console/console-record.ts";
import { ConsoleSession } from "../../../host/console/console-session.ts";
import { openEmulatedBoard } from "../../../host/emulated/emulated-board.ts";
import { COUNTER_HZ, FirmwareCarrier } from "./module-carriers.ts";
import { buildFirmware, describeArm } from "./tools.ts";

/** SysTick counts 24 bits. */
const PERIOD_TICKS = 2 ** 24;
const PERIOD_MS = (PERIOD_TICKS / COUNTER_HZ) * 1000;

describeArm("the counter of the Cortex-M3", () => {
  beforeAll(() => buildFirmware("lm3s6965evb"), 300_000);

  it("starts near 0", async () => {
    const { board } = await openEmulatedBoard("qemu:lm3s6965evb");
    try {
      const hello = await waitForHello(new ConsoleSession(await board.powerOn()));
      expect(decimalField(hello, "ticks")).toBeLessThan(PERIOD_TICKS / 2);
    } finally {
      await board.dispose();
    }
  });

  it("neither jumps nor runs backwards where its 24 bits wrap", async () => {
    const carrier = await FirmwareCarrier.open("qemu:lm3s6965evb");
    try {
      const session = await carrier.powerOn();
      const ms = Math.ceil(3.5 * PERIOD_MS);
      const answer = await session.command({ do: "watch-counter", ms });
      expect(decimalField(answer, "reads")).toBeGreaterThan(100_000);
      // A busy machine may pause the emulator; a wrong wrap is a step of a period, or of 2^32 less.
      expect(decimalField(answer, "longest-step")).toBeLessThan(PERIOD_TICKS - COUNTER_HZ / 10);
    } finally {
      await carrier.dispose();
    }
  }, 60_000);
});
