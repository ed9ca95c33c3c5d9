/** What the monitor makes of bytes: records, gaps, damage, restarts, text, and lines of any length. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ConsoleLines, PIECE_BYTES } from "../../../host/console/console-lines.ts";
import { consoleChecksum } from "../../../host/console/console-record.ts";
import { ConsoleWatch } from "../../../host/monitor/console-watch.ts";
import { type MonitorEvent, passes } from "../../../host/monitor/monitor-event.ts";
import { monitorJson } from "../../../host/monitor/monitor-json.ts";
import { MonitorText } from "../../../host/monitor/monitor-text.ts";

function line(text: string): string {
  return `${text} *${consoleChecksum(text)}\r\n`;
}

function watch(text: string, console = new ConsoleWatch(1_000_000), atUs = 0) {
  return console.push(Buffer.from(text, "latin1"), atUs);
}

/** `record 3`, `gap 4-5`, `text hello`. */
function told(text: string, console?: ConsoleWatch): string[] {
  return watch(text, console).map((one) => {
    if (one.kind === "record") return `record ${one.record.number}`;
    if (one.kind === "gap") return `gap ${one.first}-${one.last}`;
    if (one.kind === "restart") return `restart after ${one.last}`;
    return `${one.kind} ${one.text}`;
  });
}

describe("lines of a console", () => {
  it("come out the same however the bytes are cut, and no byte is lost", () => {
    const text = fc.string({
      unit: fc.constantFrom("a", "b", "\r", "\n", "\u00ff"),
      maxLength: 60,
    });
    fc.assert(
      fc.property(text, fc.array(fc.nat(60)), (bytes, cuts) => {
        const whole = new ConsoleLines();
        const pieces = new ConsoleLines();
        const expected = whole.push(Buffer.from(bytes, "latin1"));
        const places = [0, ...cuts.map((cut) => Math.min(cut, bytes.length)), bytes.length];
        const sorted = places.sort((a, b) => a - b);
        const got = sorted
          .slice(1)
          .flatMap((to, i) => pieces.push(Buffer.from(bytes.slice(sorted[i], to), "latin1")));
        expect(got).toEqual(expected);
        expect(pieces.waiting).toBe(whole.waiting);
      }),
    );
  });

  it("of a megabyte come in pieces that add up, and hold no more than a piece", () => {
    const lines = new ConsoleLines();
    let bytes = 0;
    let pieces = 0;
    for (let i = 0; i < 1024; i++) {
      for (const piece of lines.push(Buffer.alloc(1024, 0x61))) {
        expect(piece).toMatchObject({ end: "cut" });
        bytes += piece.text.length;
        pieces++;
      }
      expect(lines.waiting.length).toBeLessThanOrEqual(PIECE_BYTES);
    }
    const [last] = lines.push(Buffer.from("\n"));
    expect(last?.end).toBe("line");
    expect(bytes + (last?.text.length ?? 0)).toBe(1024 * 1024);
    expect(pieces).toBe(255);
  });
});

describe("a console that is watched", () => {
  const [first, second, fourth] = [0, 1, 3].map((n) => line(`n=${n} t=open lp=${n}`));

  it("shows records, and the numbers of those that are missing", () => {
    expect(told(`${first}${second}${fourth}`)).toEqual([
      "record 0",
      "record 1",
      "gap 2-2",
      "record 3",
    ]);
  });

  it("does not call a gap what was sent before it was watched", () => {
    expect(told(line("n=57 t=open"))).toEqual(["record 57"]);
  });

  it("shows a wrong checksum as damage, and the record as missing", () => {
    const wrong = second?.replace("lp=1", "lp=9") ?? "";
    const seen = told(`${first}${wrong}${line("n=2 t=used")}`);
    expect(seen[1]).toMatch(/^damaged n=1 t=open lp=9 \*/);
    expect(seen.slice(2)).toEqual(["gap 1-1", "record 2"]);
  });

  it("tells a restart, and what is missing of the new life", () => {
    const seen = told(
      `${line("n=8 t=nvm")}${line("n=0 t=hello")}${line("n=7 t=nvm")}${line("n=2 t=nvm")}`,
    );
    expect(seen).toEqual([
      "record 8",
      "restart after 8",
      "record 0",
      "gap 1-6",
      "record 7",
      "restart after 7",
      "gap 0-1",
      "record 2",
    ]);
  });

  it("keeps its place when the port is lost in the middle of a record", () => {
    const console = new ConsoleWatch();
    expect(told(`${first}n=1 t=op`, console)).toEqual(["record 0"]);
    expect(console.lose(0)).toEqual([{ kind: "damaged", text: "n=1 t=op" }]);
    expect(told(fourth ?? "", console)).toEqual(["gap 1-2", "record 3"]);
  });

  it("finds the first record behind the noise of a start", () => {
    expect(told(`\u00ff\u0000boot${first}`)).toEqual(["text \ufffd\u0000boot", "record 0"]);
  });

  it("shows text of a device that does not speak the protocol, also what looks like it", () => {
    expect(told("Zephyr 3.7\r\n[00:01] n=5 up *beef\nn=5\n\n*dead\n")).toEqual([
      "text Zephyr 3.7",
      "text [00:01] n=5 up *beef",
      "text n=5",
      "text *dead",
    ]);
  });

  it("shows a prompt after a pause, but never half a record", () => {
    const console = new ConsoleWatch();
    told("login: ", console);
    expect(console.pause(0)).toEqual([{ kind: "text", text: "login: ", end: "cut" }]);
    expect(told("root\n", console)).toEqual(["text root"]);
    told("n=0 t=he", console);
    expect(console.pause(0)).toEqual([]);
    expect(told("", console)).toEqual([]);
  });

  it("survives any bytes, and still reads the record behind them", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (noise) => {
        const console = new ConsoleWatch();
        console.push(noise, 0);
        console.push(Buffer.from("\n"), 0);
        expect(told(line("n=900 t=hello"), console).at(-1)).toBe("record 900");
      }),
    );
  });
});

describe("device time", () => {
  const at = (console: ConsoleWatch, n: number, ticks: number, hostUs: number, more = "") => {
    const seen = watch(line(`n=${n} t=x at=${ticks}${more}`), console, hostUs).at(-1);
    return seen?.kind === "record" ? seen.deviceUs : undefined;
  };

  it("follows the device's counter through its wraps, with the rate that hello tells", () => {
    const console = new ConsoleWatch();
    expect(at(console, 0, 1000, 0)).toBeUndefined();
    const hz = 10_000_000;
    expect(at(console, 1, 5_000_000, 0, ` hz=${hz}`)).toBe(500_000);
    // 429.5 s a wrap: 2 wraps and 1 s later.
    const later = 500_000 + (2 * 2 ** 32 * 1e6) / hz + 1e6;
    expect(at(console, 2, 15_000_000, later)).toBeCloseTo(later, -1);
  });

  it("begins again with the device", () => {
    const console = new ConsoleWatch(1_000_000);
    expect(at(console, 5, 9_000_000, 0)).toBe(9_000_000);
    expect(at(console, 0, 2_000, 60e6)).toBe(2_000);
  });
});

describe("a restart that the numbers do not show", () => {
  const seenAfter = (passedUs: number, at: number) => {
    const console = new ConsoleWatch(1_000_000);
    watch(line("n=0 t=hello at=5000000"), console, 0);
    return watch(line(`n=1 t=status at=${at}`), console, passedUs).map((one) => one.kind);
  };

  it("is told by the device's counter, which stands lower and had no time to wrap", () => {
    expect(seenAfter(60e6, 4000)).toEqual(["restart", "gap", "record"]);
    expect(seenAfter(60e6, 65_000_000)).toEqual(["record"]);
  });

  it("is not made up when the counter wrapped", () => {
    expect(seenAfter(4290e6, 4000)).toEqual(["record"]);
  });
});

describe("what is shown", () => {
  const record = (n: number, fields: string): MonitorEvent => {
    const [seen] = watch(line(`n=${n} ${fields}`));
    if (seen === undefined) throw new Error("no record");
    return { ...seen, atUs: 1_700_000_000_123_456 };
  };

  it("stands in columns", () => {
    const text = new MonitorText();
    text.line(record(1, "t=open la=10.77.0.2 lp=65000 isn=00000001"));
    const [a, b] = [
      text.line(record(2, "t=open la=10.77.0.2 lp=1 isn=00000002")),
      text.line(record(3, "t=open la=10.77.0.2 lp=65001 isn=00000003")),
    ];
    expect(a.indexOf("isn=")).toBe(b.indexOf("isn="));
    expect(a).toMatch(
      /^\d\d:\d\d:\d\d\.123 {13,}2 open {7}la=10\.77\.0\.2 lp=1 {5}isn=00000002\n$/,
    );
  });

  it("holds no control character, whatever the device sends", () => {
    const nasty = "\u001b[2J\u0007\u009b31m\u0000\u202e\u2028";
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (noise) => {
        const bytes = Buffer.concat([Buffer.from(nasty), noise, Buffer.from("\n")]);
        for (const seen of new ConsoleWatch().push(bytes, 0)) {
          const event = { ...seen, atUs: 0 };
          for (const out of [new MonitorText().line(event), monitorJson(event)]) {
            // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what it looks for
            expect(out.slice(0, -1)).not.toMatch(/[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2028]/);
            expect(out.endsWith("\n")).toBe(true);
          }
        }
      }),
    );
  });

  it("is one JSON object a line for programs, with host time, device time and level", () => {
    const [seen] = watch(line("n=3 t=refused at=2000000 call=isn"));
    if (seen === undefined) throw new Error("no record");
    const json = JSON.parse(monitorJson({ ...seen, atUs: 1_700_000_000_123_456 }));
    expect(json).toMatchObject({
      at: "2023-11-14T22:13:20.123Z",
      kind: "record",
      level: "warn",
      n: 3,
      type: "refused",
      deviceUs: 2_000_000,
      fields: { call: "isn" },
    });
  });

  it("can be narrowed by level, type and pattern; gaps are always told", () => {
    const refused = record(1, "t=refused call=isn");
    const open = record(2, "t=open lp=1024");
    const gap: MonitorEvent = { kind: "gap", first: 1, last: 2, atUs: 0 };
    const text: MonitorEvent = { kind: "text", text: "hello", end: "line", atUs: 0 };
    const all = [refused, open, gap, text];
    expect(all.filter((one) => passes(one, { level: "warn" }))).toEqual([refused, gap]);
    expect(all.filter((one) => passes(one, { level: "error" }))).toEqual([gap]);
    expect(all.filter((one) => passes(one, { types: ["open"] }))).toEqual([open, gap]);
    expect(all.filter((one) => passes(one, { types: ["text"] }))).toEqual([gap, text]);
    expect(all.filter((one) => passes(one, { match: /lp=1024/ }))).toEqual([open, gap]);
    expect(passes(record(1, "t=boot state=4"), { level: "error" })).toBe(true);
    expect(passes(record(1, "t=note level=debug"), { level: "info" })).toBe(false);
  });
});
