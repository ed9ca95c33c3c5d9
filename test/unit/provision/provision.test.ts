/** Keys, fingerprints, and the record of a production line. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parseBench } from "../../../host/boards/bench-file.ts";
import type { AttachedPort } from "../../../host/console/attached-ports.ts";
import { formatConsoleCommand } from "../../../host/console/console-record.ts";
import { sipHashLow } from "../../../host/core/siphash.ts";
import type { ChangeSignal } from "../../../host/desk/change-signal.ts";
import { pluggedBoards } from "../../../host/desk/plugged-boards.ts";
import { fingerprintOf, provisionCommand } from "../../../host/provision/device-key.ts";
import {
  csvLine,
  type ProvisionEntry,
  ProvisionRecord,
} from "../../../host/provision/provision-record.ts";
import { sipHashLow as oracle } from "../../support/siphash.ts";

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });

describe("SipHash-2-4 on 32-bit halves", () => {
  it("gives what the paper's definition gives, for any key and length", () => {
    const message = fc.uint8Array({ maxLength: 40 });
    fc.assert(
      fc.property(bytes(16), message, (key, text) => {
        expect(sipHashLow(key, text)).toBe(oracle(key, text));
      }),
    );
  });

  it("gives the paper's vector", () => {
    const key = Uint8Array.from({ length: 16 }, (_, i) => i);
    const message = Uint8Array.from({ length: 15 }, (_, i) => i);
    // Appendix A: a129ca6149be45e5.
    expect(sipHashLow(key, message)).toBe(0x49be45e5);
  });
});

describe("the command that carries a key", () => {
  it("is a console command as any other, in bytes that can be wiped", () => {
    fc.assert(
      fc.property(bytes(16), fc.nat(3), (key, options) => {
        const line = provisionCommand(7, key, options);
        const hex = Buffer.from(key).toString("hex");
        const fields = { id: 7, do: "provision", options, key: hex };
        expect(Buffer.from(line).toString("latin1")).toBe(formatConsoleCommand(fields));
      }),
    );
  });

  it("has no fingerprint for no key", () => {
    expect(fingerprintOf(new Uint8Array(16))).toBe(0);
  });
});

const ENTRY: ProvisionEntry = {
  time: "2026-01-02T03:04:05.000Z",
  serial: "E66",
  board: "shelf",
  fingerprint: "8f3a01c2",
  result: "provisioned",
  detail: "",
};

describe("the record of a production line", () => {
  let folder = "";
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "isnkit-record-"));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it.each(["csv", "ndjson"] as const)("goes on with an earlier %s file", async (format) => {
    const file = join(folder, `keys.${format}`);
    const first = await ProvisionRecord.open(file, format);
    await first.add(ENTRY);
    await first.close();
    // A line that was cut short, as by a full disk or a power cut.
    await writeFile(file, `${await readFile(file, "utf8")}2026-01-0`);
    const second = await ProvisionRecord.open(file, format);
    expect(second.serialOf("8f3a01c2")).toBe("E66");
    expect(second.has("00000001")).toBe(false);
    await second.add({ ...ENTRY, serial: "E67", fingerprint: "00000001" });
    await second.close();
    const third = await ProvisionRecord.open(file, format);
    expect(third.serialOf("00000001")).toBe("E67");
    await third.close();
    expect(
      (await readFile(file, "utf8")).split("\n").filter((line) => line === "2026-01-0"),
    ).toEqual(["2026-01-0"]);
  });

  it("refuses a file that is something else, and leaves it as it is", async () => {
    const file = join(folder, "keys.csv");
    await writeFile(file, "name,amount\n");
    await expect(ProvisionRecord.open(file, "csv")).rejects.toMatchObject({
      code: "foreign-record",
      exitCode: 2,
    });
    await expect(ProvisionRecord.open(file, "ndjson")).rejects.toMatchObject({
      code: "foreign-record",
    });
    expect(await readFile(file, "utf8")).toBe("name,amount\n");
  });

  it("lets no serial number be a formula, a column or a control code", () => {
    expect(csvLine({ ...ENTRY, serial: '=cmd|"x",1' })).toContain(`,"'=cmd|""x"",1",shelf`);
    expect(csvLine({ ...ENTRY, serial: "a\u001b[31m\nb" })).toContain(",a\\x1b[31m\\x0ab,");
    expect(csvLine(ENTRY).split("\n")).toHaveLength(2);
  });
});

describe("boards as they are plugged in", () => {
  const port = (path: string, serial: string): AttachedPort => ({
    path,
    usb: { vid: "2e8a", pid: "000a", serial },
  });

  it("come one by one, those of the line only, and again after an unplug", async () => {
    const looks: AttachedPort[][] = [
      [port("/dev/a", "1"), { path: "/dev/other" }],
      [port("/dev/a", "1"), port("/dev/b", "2")],
      [port("/dev/b", "2")],
      [port("/dev/b", "2"), port("/dev/a", "1")],
    ];
    let look = 0;
    const signal: ChangeSignal = {
      next: async () => {
        look++;
      },
      close: () => undefined,
    };
    const desk = {
      bench: parseBench('{"boards": {}}'),
      descriptions: [],
      ports: async () => looks[look] ?? [],
    };
    const selector = { kind: "usb", text: "usb:2e8a:000a", vid: "2e8a", pid: "000a" } as const;
    const names: string[] = [];
    const isOver = () => look >= looks.length;
    for await (const board of pluggedBoards([selector], desk, signal, isOver)) {
      names.push(`${look} ${board.name}`);
    }
    expect(names).toEqual(["0 usb:2e8a:000a:1", "1 usb:2e8a:000a:2", "3 usb:2e8a:000a:1"]);
  });
});
