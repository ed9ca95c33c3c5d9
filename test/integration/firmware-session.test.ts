import { describe, expect, it } from "vitest";
import type { Console } from "../../host/boards/powered-board.ts";
import { consoleChecksum } from "../../host/console/console-record.ts";
import { ConsoleSession } from "../../host/console/console-session.ts";

const line = (text: string) => `${text} *${consoleChecksum(text)}\r\n`;

/** A device that answers each command with what the test says, in one burst. */
function device(answer: (command: string) => string): Console & { cut(): void } {
  const queue: string[] = [];
  let wake: () => void = () => undefined;
  let on = true;
  const say = (text: string) => {
    queue.push(text);
    wake();
  };
  async function* output(): AsyncGenerator<Uint8Array> {
    while (on || queue.length > 0) {
      const text = queue.shift();
      if (text !== undefined) yield new TextEncoder().encode(text);
      else
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
    }
  }
  return {
    write: (text) => say(answer(text)),
    output: output(),
    cut: () => {
      on = false;
      wake();
    },
  };
}

describe("a console session", () => {
  it("gives each command its own answer", async () => {
    let n = 0;
    const session = new ConsoleSession(
      device((command) => line(`n=${n++} t=done re=${/id=(\d+)/.exec(command)?.[1]} ok=1`)),
    );
    expect((await session.command({ do: "a" })).fields.get("re")).toBe("1");
    expect((await session.command({ do: "b" })).fields.get("re")).toBe("2");
  });

  it("hands a burst of records to all who waited before it", async () => {
    const session = new ConsoleSession(
      device(() => line("n=0 t=done re=1 ok=1") + line("n=1 t=run-over")),
    );
    const over = session.record(({ type }) => type === "run-over", "the end");
    await session.command({ do: "run" });
    expect((await over).type).toBe("run-over");
  });

  it("blames the bench for a device that says nothing", async () => {
    const session = new ConsoleSession(
      device(() => ""),
      { silenceMs: 20 },
    );
    await expect(session.command({ do: "status" })).rejects.toMatchObject({
      code: "device-silent",
      exitCode: 3,
      message: expect.stringContaining("do=status"),
    });
  });

  it("ends all waits when the power goes, and each later one at once", async () => {
    const quiet = device(() => "");
    const session = new ConsoleSession(quiet);
    const waiting = session.record(() => true, "a record");
    quiet.cut();
    await expect(waiting).rejects.toMatchObject({ code: "console-closed" });
    await expect(session.record(() => true, "another")).rejects.toMatchObject({
      code: "console-closed",
    });
  });
});
