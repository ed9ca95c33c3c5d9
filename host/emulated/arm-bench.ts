/**
 * Runs the benchmark firmware (boards/apps/bench.c) in QEMU at one instruction a nanosecond, so that
 * the device's own counter counts instructions: the figures are the same on any machine.
 */
import { firmwarePath } from "../boards/board-firmware.ts";
import { decimalField } from "../console/console-record.ts";
import { ConsoleSession } from "../console/console-session.ts";
import { QemuBoard } from "./qemu-board.ts";

const MODEL = "lm3s6965evb";
const EEPROM_BYTES = 8192;
/** 200 MHz at one instruction a nanosecond. */
const INSTRUCTIONS_PER_TICK = 5;

/** Instructions of a call: at least, in the median, and at most, over 64 calls. */
export interface BenchFigure {
  readonly what: string;
  readonly least: number;
  readonly median: number;
  readonly most: number;
}

export interface ArmBench {
  readonly runtime: "wasm2c" | "wasm3";
  readonly figures: readonly BenchFigure[];
  /** The bytes that wasm3's arena must have at least; 0 for wasm2c. */
  readonly arenaBytes: number;
}

/** BenchError when QEMU or the firmware is missing, or the device does not finish. */
export async function benchArm(runtime: ArmBench["runtime"]): Promise<ArmBench> {
  const board = new QemuBoard({
    name: `qemu:${MODEL}:bench-${runtime}`,
    machine: MODEL,
    firmware: await firmwarePath(MODEL, `bench-${runtime}`),
    eepromBytes: EEPROM_BYTES,
    extra: ["-cpu", "cortex-m3", "-icount", "shift=0"],
  });
  const figures: BenchFigure[] = [];
  try {
    const session = new ConsoleSession(await board.powerOn(), {
      onEvent: (event) => {
        if (event.kind !== "record" || event.record.type !== "bench") return;
        const { record } = event;
        const instructions = (key: string) =>
          (decimalField(record, key) ?? 0) * INSTRUCTIONS_PER_TICK;
        figures.push({
          what: record.fields.get("what") ?? "",
          least: instructions("least"),
          median: instructions("median"),
          most: instructions("most"),
        });
      },
    });
    const over = await session.record(({ type }) => type === "bench-over", "the benchmark's end");
    return { runtime, figures, arenaBytes: decimalField(over, "arena") ?? 0 };
  } finally {
    await board.dispose();
  }
}
