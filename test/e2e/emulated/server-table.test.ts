/** The servers of a run, written over the console (boards/apps/server_table.h). */
import { afterEach, beforeAll, expect, it } from "vitest";
import type { ConsoleRecord } from "../../../host/console/console-record.ts";
import type { ConsoleSession } from "../../../host/console/console-session.ts";
import { parseAddress } from "../../../host/core/address.ts";
import { FirmwareCarrier } from "./module-carriers.ts";
import { buildFirmware, describeArm } from "./tools.ts";

const KEY = "000102030405060708090a0b0c0d0e0f";

describeArm("the firmware's table of servers", () => {
  const open: FirmwareCarrier[] = [];
  beforeAll(() => buildFirmware("lm3s6965evb"), 300_000);
  afterEach(async () => {
    await Promise.all(open.splice(0).map((carrier) => carrier.dispose()));
  });

  async function ready(): Promise<ConsoleSession> {
    const carrier = await FirmwareCarrier.open("qemu:lm3s6965evb:wasm2c");
    open.push(carrier);
    const session = await carrier.powerOn();
    await session.command({ do: "start" });
    await session.command({ do: "provision", key: KEY, options: 2 });
    return session;
  }

  const why = async (session: ConsoleSession, command: Record<string, string | number>) => {
    const { fields } = await session.command(command);
    return fields.get("ok") === "1" ? "done" : fields.get("why");
  };

  /** `remote:port` of each connection of a run, and the bytes that it sent. */
  async function called(session: ConsoleSession, run: Record<string, string | number>) {
    const opens: ConsoleRecord[] = [];
    const bytes: number[] = [];
    const over = session.record((record) => {
      const { fields, type } = record;
      const number = (key: string) => Number.parseInt(fields.get(key) ?? "", 16);
      if (type === "open") opens.push(record);
      if (type === "used") {
        const isn = Number.parseInt(opens.at(-1)?.fields.get("isn") ?? "", 16);
        bytes.push(((number("next") - isn) >>> 0) - 2);
      }
      return type === "run-over";
    }, "the end of the run");
    await session.command({ do: "run", ...run });
    await over;
    const servers = opens.map(({ fields }) => {
      const address = parseAddress(fields.get("ra") ?? "").text;
      const from = fields.get("choice") === "bound" ? ` from ${fields.get("lp")}` : "";
      return `[${address}]:${fields.get("rp")}${from}`;
    });
    return { servers, bytes };
  }

  it("is its own until another one is written, and again at count=0", async () => {
    const session = await ready();
    const own = [
      "[10.77.0.1]:25",
      "[10.77.0.1]:1883 from 5000",
      "[192.0.2.7]:443",
      "[fd00::1]:443",
      "[fd00::1]:1883 from 5001",
    ];
    expect(await called(session, { count: 5 })).toEqual({
      servers: own,
      bytes: [500, 821, 1142, 1463, 1784],
    });
    const rows = [
      ["198.51.100.4", 1, 5003],
      ["2001:db8:0:1:2:3:4:5", 65_535, undefined],
      ["2001:DB8::a", 80, undefined],
      ["::1", 7, 5000],
    ] as const;
    for (const [i, [ra, rp, lp]] of rows.entries()) {
      const bound = lp === undefined ? {} : { lp };
      expect(await why(session, { do: "server", i, ra, rp, ...bound })).toBe("done");
    }
    expect(await why(session, { do: "servers", count: 4 })).toBe("done");
    const run = await called(session, { count: 4, from: 1, bytes: "7,9" });
    expect(run.servers).toEqual([
      "[2001:db8:0:1:2:3:4:5]:65535",
      "[2001:db8::a]:80",
      "[::1]:7 from 5000",
      "[198.51.100.4]:1 from 5003",
    ]);
    for (const one of run.bytes) expect([7, 8, 9]).toContain(one);
    expect((await called(session, { count: 2, bytes: 200_000 })).bytes).toEqual([200_000, 200_000]);
    expect(await why(session, { do: "servers", count: 0 })).toBe("done");
    expect((await called(session, { count: 5, from: 0 })).servers).toEqual(own);
  }, 60_000);

  it("refuses what is out of range, and keeps what it had", async () => {
    const session = await ready();
    const row = { do: "server", i: 0, ra: "192.0.2.1", rp: 80 };
    expect(await why(session, row)).toBe("done");
    for (const i of ["16", "-1", "4294967296", "x", ""]) {
      expect(await why(session, { ...row, i }), `i=${i}`).toBe("row-0-to-15");
    }
    for (const rp of ["0", "65536", "4294967321", "80x"]) {
      expect(await why(session, { ...row, rp }), `rp=${rp}`).toBe("port-1-to-65535");
    }
    for (const lp of ["0", "4999", "5004", "49152", "70536", ""]) {
      expect(await why(session, { ...row, lp }), `lp=${lp}`).toBe("local-port-not-reserved");
    }
    const addresses = ["", "1.2.3", "1.2.3.4.5", "1.2.3.256", "0.0.0.0", "1..2.3", "host"];
    const six = [":", ":::", "1::2::3", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "12345::", "g::1"];
    const long = ["1:2:3:4:5:6:7:8::", "::1:2:3:4:5:6:7:8", "1:", `::${"0".repeat(60)}`];
    for (const ra of [...addresses, ...six, ...long]) {
      expect(await why(session, { ...row, ra }), `ra=${ra}`).toBe("no-address");
    }
    expect(await why(session, { do: "servers", count: 17 })).toBe("count-0-to-16");
    expect(await why(session, { do: "servers", count: 2 })).toBe("row-not-filled-in");
    for (const bytes of ["200001", "9,7", "x", ""]) {
      expect(await why(session, { do: "run", count: 1, bytes })).toBe("bytes-0-to-200000");
    }
    expect(await why(session, { do: "servers", count: 1 })).toBe("done");
    expect((await called(session, { count: 1 })).servers).toEqual(["[192.0.2.1]:80"]);
  }, 60_000);
});
