import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  parseBoardDescription,
  readBoardDescription,
} from "../../host/boards/board-description.ts";
import { parseEmulatedBoard } from "../../host/boards/emulated-selector.ts";
import {
  type ConsoleEvent,
  ConsoleReader,
  consoleChecksum,
  formatConsoleCommand,
  parseConsoleLine,
} from "../../host/console/console-record.ts";
import { emulatedNetwork } from "../../host/emulated/emulated-network.ts";
import { ConsoleSamples } from "../../host/sources/console-samples.ts";
import { openEmulatedSource } from "../../host/sources/emulated-source.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const line = (text: string) => `${text} *${consoleChecksum(text)}\r\n`;

/** Sent by the firmware on the emulated LM3S6965. */
const RECORDED = "n=9 t=run-over *c50b";

describe("a console line", () => {
  it("has the checksum of the CRC catalogue's CRC-16/CCITT-FALSE", () => {
    expect(consoleChecksum("123456789")).toBe("29b1");
  });

  it("is read into number, type and fields", () => {
    const text = "n=7 t=open la=10.77.0.2 lp=49153 isn=5f0c2a11";
    const record = parseConsoleLine(line(text).trimEnd());
    expect(record).toMatchObject({ number: 7, type: "open" });
    expect([...(record?.fields ?? [])]).toEqual([
      ["la", "10.77.0.2"],
      ["lp", "49153"],
      ["isn", "5f0c2a11"],
    ]);
  });

  it("with any single bit flipped is refused", () => {
    const good = line("n=3 t=boot state=2 boots=41").trimEnd();
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.nat(6), (at, bit) => {
        const flipped = String.fromCharCode(good.charCodeAt(at) ^ (1 << bit));
        expect(parseConsoleLine(good.slice(0, at) + flipped + good.slice(at + 1))).toBeUndefined();
      }),
    );
  });

  it("that a device sent is accepted, and with another checksum is not", () => {
    expect(parseConsoleLine(RECORDED)).toMatchObject({ number: 9, type: "run-over" });
    expect(parseConsoleLine(RECORDED.replace("c50b", "c50c"))).toBeUndefined();
  });

  it("as a command carries its own checksum", () => {
    const text = formatConsoleCommand({ id: 4, do: "start" });
    expect(text).toBe(`id=4 do=start *${consoleChecksum("id=4 do=start")}\n`);
  });
});

describe("the console reader", () => {
  it("gives the same records however the bytes are cut", () => {
    const stream = bytes(["n=0 t=hello", "n=1 t=boot re=1", "n=2 t=open lp=5"].map(line).join(""));
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }), (sizes) => {
        const reader = new ConsoleReader();
        const events: ConsoleEvent[] = [];
        for (let at = 0, i = 0; at < stream.length; i++) {
          const size = sizes[i % sizes.length] ?? 1;
          events.push(...reader.push(stream.subarray(at, at + size)));
          at += size;
        }
        expect(events.map((event) => event.kind)).toEqual(["record", "record", "record"]);
      }),
    );
  });

  it("finds the first record of a life behind the half line that a reset left", () => {
    const half = "n=116 t=open la=10.77.0.2 lp=26743 ra=10.77.0.1 rp=25 choice=allocated i";
    const events = new ConsoleReader({ joinsMidway: true }).push(bytes(half + line("n=0 t=hello")));
    expect(events).toMatchObject([
      { kind: "damaged", text: half },
      { kind: "record", record: { number: 0, type: "hello" } },
    ]);
    const damaged = line("n=0 t=hello cause=reset").replace("cause", "cau5e");
    expect(new ConsoleReader().push(bytes(half + damaged))).toMatchObject([{ kind: "damaged" }]);
  });

  it("that comes midway finds no gap before its first record, and finds those after it", () => {
    const events = new ConsoleReader({ joinsMidway: true }).push(
      bytes(line("n=41 t=status") + line("n=43 t=status")),
    );
    expect(events.map(({ kind }) => kind)).toEqual(["record", "gap", "record"]);
  });

  it("tells which records are missing", () => {
    const events = new ConsoleReader().push(bytes(line("n=0 t=hello") + line("n=4 t=status")));
    expect(events[1]).toEqual({ kind: "gap", first: 1, last: 3 });
  });

  it("reports a damaged line once, and the hole that it leaves", () => {
    const damaged = line("n=1 t=open lp=49153").replace("49153", "49157");
    const events = new ConsoleReader().push(
      bytes(line("n=0 t=hello") + damaged + line("n=2 t=used")),
    );
    expect(events.map((event) => event.kind)).toEqual(["record", "damaged", "gap", "record"]);
  });

  it("takes a device that counts from 0 again as a restart, not as a gap", () => {
    const events = new ConsoleReader().push(bytes(line("n=9 t=used") + line("n=0 t=hello")));
    expect(events.map((event) => event.kind)).toEqual(["gap", "record", "record"]);
  });

  it("cuts a line that never ends", () => {
    const events = new ConsoleReader().push(bytes("x".repeat(2000)));
    expect(events).toHaveLength(1);
    expect(events[0]?.kind).toBe("damaged");
  });
});

describe("console samples", () => {
  const moment = { boot: 3, timeUs: 17 };
  const record = (text: string) => {
    const parsed = parseConsoleLine(line(text).trimEnd());
    if (parsed === undefined) throw new Error(text);
    return parsed;
  };

  it("carry what the device said", () => {
    const samples = new ConsoleSamples(1_000_000);
    const text =
      "n=1 t=open la=fd00::2 lp=5000 ra=fd00:0::1 rp=443 choice=bound isn=ffffffff ts=00000001";
    expect(samples.sample(record(text), moment)).toEqual({
      kind: "open",
      boot: 3,
      timeUs: 17,
      tuple: {
        localAddress: "fd00::2",
        localPort: 5000,
        remoteAddress: "fd00::1",
        remotePort: 443,
      },
      isn: 0xffffffff,
      tsval: 1,
      portChoice: "bound",
    });
  });

  it("expect a refusal only for the reason that the scenario calls for", () => {
    const samples = new ConsoleSamples(1);
    const refused = record("n=1 t=refused call=port reason=4 trap=0");
    expect(samples.sample(refused, moment)).toMatchObject({ reason: "quiet", expected: false });
    const expected = samples.sample(refused, { ...moment, expectedRefusal: "quiet" });
    expect(expected).toMatchObject({ expected: true });
    const other = samples.sample(refused, { ...moment, expectedRefusal: "portsBusy" });
    expect(other).toMatchObject({ expected: false });
  });

  it("add up the writes of all boots", () => {
    const samples = new ConsoleSamples(1);
    samples.sample(record("n=1 t=nvm writes=3 erases=1"), moment);
    samples.booted();
    expect(samples.sample(record("n=1 t=nvm writes=2 erases=4"), moment)).toMatchObject({
      writes: 5,
      erasesMax: 4,
    });
  });
});

describe("a board description", () => {
  it("fits the firmware's geometry of the journal", async () => {
    const { nvm, counterHz } = await readBoardDescription("lm3s6965evb");
    expect(nvm).toMatchObject({ kind: "eeprom", sectorBytes: 2048, sectors: 4, granule: 32 });
    expect(counterHz).toBe(12_500_000);
  });

  it("with a typo names the field", async () => {
    const good = await readBoardDescription("lm3s6965evb");
    const bad = JSON.stringify({ ...good, nvm: { ...good.nvm, granule: 0 } });
    expect(() => parseBoardDescription(bad, "boards/x/board.json")).toThrow(
      /boards\/x\/board\.json:1: nvm\.granule/,
    );
    expect(() => parseBoardDescription("{", "boards/x/board.json")).toThrow(/board\.json:1:2: /);
  });

  it("says where no journal survives, and such a board is not checked", async () => {
    const options = { reboots: 1, seed: 1, nowUs: () => 0, sleep: () => Promise.resolve() };
    const newKey = () => new Uint8Array(16);
    const source = openEmulatedSource({ ...options, newKey, selector: "qemu:stm32f4" });
    // Without the firmware the build is asked for first.
    await expect(source).rejects.toMatchObject({
      code: expect.stringMatching(/^(no-journal|firmware-missing)$/),
    });
  });

  it("of an unknown model lists those that there are", async () => {
    await expect(readBoardDescription("lm3s")).rejects.toMatchObject({
      code: "unknown-board",
      exitCode: 2,
      next: expect.stringContaining("lm3s6965evb"),
    });
    await expect(readBoardDescription("../core")).rejects.toMatchObject({ exitCode: 2 });
  });
});

describe("a network for an emulated board", () => {
  it("is not there where the board has no Ethernet, and to ask for it is a fault of the bench", async () => {
    const pico = await readBoardDescription("rpi-pico");
    expect(emulatedNetwork(pico, undefined)).toMatchObject({ ethernet: undefined });
    expect(emulatedNetwork(pico, undefined).words).toMatch(/^without a network \(rpi-pico has no/);
    expect(() => emulatedNetwork(pico, "network")).toThrow(
      expect.objectContaining({ code: "no-network-lab", exitCode: 3 }),
    );
  });

  it("is not used when a runtime is named", async () => {
    const { ethernet, words } = emulatedNetwork(
      await readBoardDescription("lm3s6965evb"),
      "wasm2c",
    );
    expect(ethernet).toBeUndefined();
    expect(words).toMatch(/^without a network \(the firmware wasm2c was asked for\)/);
  });

  it("needs root, and the words say so", async () => {
    const board = await readBoardDescription("lm3s6965evb");
    const getuid = process.getuid;
    process.getuid = () => 1000;
    try {
      expect(emulatedNetwork(board, undefined).words).toMatch(/\(not running as root\)/);
      expect(() => emulatedNetwork(board, "network")).toThrow(/not running as root/);
    } finally {
      if (getuid !== undefined) process.getuid = getuid;
    }
  });
});

describe("a selector", () => {
  it("names emulator, model and firmware", () => {
    expect(parseEmulatedBoard("qemu:lm3s6965evb")).toEqual({
      emulator: "qemu",
      model: "lm3s6965evb",
      firmware: undefined,
    });
    expect(parseEmulatedBoard("qemu:lm3s6965evb:wasm3").firmware).toBe("wasm3");
  });

  it.each(["qemu:", "qemu:lm3s6965evb:basic", "qemu:a:wasm3:b", "bochs:pc"])(
    "%s is refused",
    (text) => {
      expect(() => parseEmulatedBoard(text)).toThrow(/is no emulated board/);
    },
  );
});
