/** `isnkit monitor` on an emulated board behind a pseudo-terminal, through resets and power cuts. */
import { beforeAll, expect, it } from "vitest";
import { describeSerialBoard, PtyBoard } from "../../support/pty-board.ts";
import { runMonitor } from "../../support/running-monitor.ts";
import { buildFirmware } from "../emulated/tools.ts";

describeSerialBoard("the monitor on a board that is reset and switched off", () => {
  beforeAll(() => buildFirmware("lm3s6965evb"));

  it("sends commands, shows answers with device time, and follows the board through its lives", async () => {
    const board = await PtyBoard.create();
    try {
      board.switch("on");
      const monitor = runMonitor([board.port, "--format", "ndjson"]);
      await monitor.shows('"kind":"open"');
      monitor.type("do=start\n");
      await monitor.shows('"type":"boot"');
      board.switch("reset");
      await monitor.shows('"kind":"restart"');
      await monitor.shows('"type":"hello"');
      monitor.type("do=status\n");
      await monitor.shows('"type":"status"');
      board.switch("off");
      await monitor.shows('"kind":"lost"');
      await monitor.shows('"kind":"waiting"');
      board.switch("on");
      await monitor.shows('"kind":"open"', 2);
      // The first records of this life may have been said to nobody; then they show as a gap.
      monitor.type("do=status\n");
      await monitor.shows('"type":"status"', 2);
      monitor.interrupt();
      expect(await monitor.exitCode).toBe(130);
      const events = monitor
        .out()
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line));
      const records = events.filter((event) => event.kind === "record");
      // The rate of its counter is known from its first hello on.
      const told = records.slice(records.findIndex((event) => event.type === "hello"));
      expect(told.length).toBeGreaterThan(1);
      for (const { deviceUs, fields } of told) {
        expect(deviceUs).toBe(Math.round(Number(fields.at) / 12.5));
      }
      expect(events.filter((event) => event.kind === "damaged")).toEqual([]);
      expect(events.filter((event) => event.kind === "restart").length).toBe(2);
      const last = records.findLast((event) => event.type === "status");
      const before = events.slice(0, events.indexOf(last)).map((event) => event.kind);
      expect(before.lastIndexOf("restart")).toBeGreaterThan(before.lastIndexOf("waiting"));
    } finally {
      await board.dispose();
    }
  });

  it("watches a board that it switches on itself, and leaves no emulator behind", async () => {
    const monitor = runMonitor(["qemu:lm3s6965evb:wasm2c"]);
    await monitor.shows(/\+0\.\d{3} +0 hello +board=lm3s6965evb/);
    monitor.type("do=status\n");
    await monitor.shows(/status +re=0/);
    monitor.interrupt();
    expect(await monitor.exitCode).toBe(130);
  });
});
