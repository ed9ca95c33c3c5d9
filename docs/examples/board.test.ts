import { type OpenBoard, openBoard } from "isnkit";
// With Jest leave this line out: its globals have the same names.
import { afterAll, beforeAll, describe, expect, it } from "vitest";

describe("my device", () => {
  let board: OpenBoard;

  beforeAll(async () => {
    // A serial port, usb:<vid>:<pid>, or a name of bench.json.
    const bench = process.env.BENCH;
    board = await openBoard(process.env.BOARD ?? "shelf", bench ? { bench } : {});
    const { fingerprint } = await board.status();
    if (fingerprint === 0) await board.provision({ newDevice: true });
  }, 60_000);

  afterAll(() => board.close());

  it("comes back after a reset with the same key", async () => {
    const before = await board.status();
    const { cause, bootCount } = await board.reboot({ rungs: ["console"] });
    expect(cause).toBe("reset");
    expect(bootCount.after).toBe(bootCount.before + 1);
    const after = await board.status();
    expect(after.state).toBe("ready");
    expect(after.fingerprint).toBe(before.fingerprint);
  }, 60_000);

  it("never opens two connections with the same number", async () => {
    const numbers: (string | undefined)[] = [];
    const forget = board.listen((event) => {
      if (event.kind === "record" && event.record.type === "open") {
        numbers.push(event.record.fields.get("isn"));
      }
    });
    const over = board.record(({ type }) => type === "run-over", "the end of the connections");
    await board.command({ do: "run", count: 20 });
    await over;
    forget();
    expect(numbers).toHaveLength(20);
    expect(new Set(numbers).size).toBe(20);
  }, 60_000);

  it("holds all rules over ten reboots", async () => {
    const { verdict, findings } = await board.check({ reboots: 10, seed: 42 });
    expect(findings).toEqual([]);
    expect(verdict).toBe("pass");
  }, 120_000);
});
