/** Keys for emulated boards behind a pseudo-terminal: given once, proved by fingerprint, never seen. */
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeAll, expect, it } from "vitest";
import { consoleChecksum } from "../../../host/console/console-record.ts";
import {
  MACHINE_EDGES,
  SerialConnection,
  type SerialEdges,
} from "../../../host/console/serial-connection.ts";
import { fingerprintOf, fingerprintText } from "../../../host/provision/device-key.ts";
import { provisionBoard } from "../../../host/provision/provision-board.ts";
import { isnkit } from "../../support/command.ts";
import { describeSerialBoard, PtyBoard } from "../../support/pty-board.ts";
import { buildFirmware } from "../emulated/tools.ts";

describeSerialBoard("isnkit provision", () => {
  beforeAll(() => buildFirmware("lm3s6965evb"));

  const ends: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });

  async function newBoard(): Promise<PtyBoard> {
    const board = await PtyBoard.create();
    ends.push(() => board.dispose());
    board.switch("on");
    return board;
  }

  function connect(board: PtyBoard, edges?: SerialEdges): SerialConnection {
    const connection = new SerialConnection({
      name: "the board",
      baud: 115_200,
      locate: board.locate,
      ...(edges === undefined ? {} : { edges }),
    });
    ends.push(() => connection.disconnect());
    return connection;
  }

  /** The key as the device keeps it: the bytes of its journal that have this fingerprint. */
  async function keyOf(board: PtyBoard, fingerprint: string): Promise<Buffer> {
    const image = await readFile(join(board.folder, "memory"));
    for (let at = 0; at + 16 <= image.length; at += 4) {
      const key = image.subarray(at, at + 16);
      if (fingerprintText(fingerprintOf(key)) === fingerprint) return key;
    }
    throw new Error(`no key with fingerprint ${fingerprint} in the journal`);
  }

  it("gives a key that only the device has, and refuses to give another", async () => {
    const board = await newBoard();
    const record = join(board.folder, "keys.csv");
    const words = ["provision", "--board", board.port, "--record", record];
    const first = await isnkit([...words, "--new", "--format", "json"]);
    expect(first.err).toBe("");
    const told = JSON.parse(first.out);
    expect(told).toMatchObject({ schema: "isnkit.provision/1", result: "provisioned", quietMs: 0 });
    const key = await keyOf(board, told.fingerprint);

    const second = await isnkit(words);
    expect(second.exitCode).toBe(2);
    expect(second.out).toBe("");
    expect(second.err).toContain(`has a key already (fingerprint ${told.fingerprint})`);

    const third = await isnkit([...words, "--replace"]);
    expect(third.exitCode).toBe(0);
    expect(third.out).toContain(`has another key (it was ${told.fingerprint})`);
    expect(third.out).toContain("it keeps quiet for 4 min now");
    const [, replaced = ""] = /: fingerprint ([0-9a-f]{8})/.exec(third.out) ?? [];
    expect(replaced).not.toBe(told.fingerprint);
    const newKey = await keyOf(board, replaced);

    const lines = (await readFile(record, "utf8")).trimEnd().split("\n");
    expect(lines.map((line) => line.split(",")[4])).toEqual([
      "result",
      "provisioned",
      "refused",
      "replaced",
    ]);
    // What was said and what lies about, whatever it is: no key in it.
    const files = (await readdir(board.folder)).filter((name) => /csv|console/.test(name));
    const texts = await Promise.all(
      files.map((name) => readFile(join(board.folder, name), "latin1")),
    );
    const all = [first, second, third]
      .flatMap(({ out, err }) => [out, err])
      .concat(texts)
      .join("\n");
    for (const secret of [key, newKey]) {
      for (const form of ["hex", "base64", "latin1"] as const) {
        expect(all.toLowerCase()).not.toContain(secret.toString(form).toLowerCase());
      }
    }
  });

  it("wipes the key, and draws another when its fingerprint is given out already", async () => {
    const board = await newBoard();
    const keys = [1, 2].map((byte) => new Uint8Array(16).fill(byte));
    const prints = keys.map((key) => fingerprintText(fingerprintOf(key)));
    let drawn = 0;
    const given = await provisionBoard({
      connection: connect(board),
      newKey: () => keys[drawn++] ?? new Uint8Array(16),
      newDevice: true,
      isTaken: (fingerprint) => fingerprint === prints[0],
    });
    expect(given.fingerprint).toBe(prints[1]);
    expect(keys).toEqual([new Uint8Array(16), new Uint8Array(16)]);
    expect(await keyOf(board, prints[1] ?? "")).toEqual(Buffer.alloc(16, 2));
  });

  it("sends the key again when the line damaged it, as the device refuses a bad checksum", async () => {
    const board = await newBoard();
    let transfers = 0;
    const damage = (line: Buffer) => {
      if (++transfers === 1) line.writeUInt8(line.readUInt8(40) ^ 1, 40);
    };
    const given = await provisionBoard({
      connection: connect(board, damaging(damage)),
      newKey: () => new Uint8Array(16).fill(3),
      newDevice: true,
    });
    expect(transfers).toBe(2);
    expect(await keyOf(board, given.fingerprint)).toEqual(Buffer.alloc(16, 3));
  });

  it("finds a damaged key that the checksum let through by its fingerprint", async () => {
    const board = await newBoard();
    const damage = (line: Buffer) => {
      const text = line.toString("latin1").replace("key=03", "key=13").replace(/ \*.*/s, "");
      line.write(`${text} *${consoleChecksum(text)}\n`, "latin1");
    };
    const error = await provisionBoard({
      connection: connect(board, damaging(damage)),
      newKey: () => new Uint8Array(16).fill(3),
      newDevice: true,
    }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "fingerprint-differs", exitCode: 3 });
    expect(JSON.stringify(error) + String(error)).not.toContain("0303");
  });

  it("gives up a line that damages every transfer, and leaves the device without a key", async () => {
    const board = await newBoard();
    const damage = (line: Buffer) => line.writeUInt8(line.readUInt8(40) ^ 1, 40);
    const connection = connect(board, damaging(damage));
    const options = { connection, newKey: () => new Uint8Array(16).fill(3), newDevice: true };
    await expect(provisionBoard(options)).rejects.toMatchObject({ code: "key-not-taken" });
    const status = await connection.ask({ do: "status" }, 5_000);
    expect(status.fields.get("fingerprint")).toBe("00000000");
  });

  it("survives an unplug right after the key was sent: the fingerprint tells whether it arrived", async () => {
    const board = await newBoard();
    let cut = false;
    const connection = connect(board, {
      ...MACHINE_EDGES,
      open: async (options) => {
        const link = await MACHINE_EDGES.open(options);
        return {
          ...proxied(link),
          write: async (bytes) => {
            await link.write(bytes);
            if (cut || !Buffer.from(bytes).includes("do=provision")) return;
            cut = true;
            board.switch("off");
            board.switch("on");
          },
        };
      },
    });
    const given = await provisionBoard({
      connection,
      newKey: () => new Uint8Array(16).fill(5),
    });
    expect(cut).toBe(true);
    expect(await keyOf(board, given.fingerprint)).toEqual(Buffer.alloc(16, 5));
  });

  it("works down a line of boards as they are plugged in, and no board twice", async () => {
    const [left, right] = [await newBoard(), await newBoard()];
    right.switch("off");
    const bench = join(left.folder, "bench.json");
    const record = join(left.folder, "keys.ndjson");
    const boards = {
      left: { model: "lm3s6965evb", port: left.port },
      right: { model: "lm3s6965evb", port: right.port },
    };
    await writeFile(bench, JSON.stringify({ boards }));
    const words = ["provision", "--batch", "--bench", bench, "--record", record, "--new"];
    let out = "";
    const line = await isnkit([...words, "--count", "2", "--format", "ndjson"], {
      out: async (text) => {
        out += text;
        if (!out.slice(0, -1).includes("\n")) right.switch("on");
      },
    });
    expect(line.exitCode).toBe(0);
    // The next day the line starts with a board that has its key.
    const again = await isnkit([...words, "--board", "left", "--count", "1", "--format", "ndjson"]);
    expect(again.exitCode).toBe(3);
    out += again.out;
    const entries = out
      .trimEnd()
      .split("\n")
      .map((text) => JSON.parse(text));
    expect(entries.map(({ board, result }) => `${board} ${result}`)).toEqual([
      "left provisioned",
      "right provisioned",
      "left refused",
    ]);
    expect(entries[2].fingerprint).toBe(entries[0].fingerprint);
    expect(entries[1].fingerprint).not.toBe(entries[0].fingerprint);
    expect(await readFile(record, "utf8")).toBe(out);
  }, 60_000);
});

/** Damages the line that carries the key. */
function damaging(damage: (line: Buffer) => void): SerialEdges {
  return {
    ...MACHINE_EDGES,
    open: async (options) => {
      const link = await MACHINE_EDGES.open(options);
      return {
        ...proxied(link),
        write: async (bytes) => {
          const line = Buffer.from(bytes);
          if (line.includes("do=provision")) damage(line);
          await link.write(line);
        },
      };
    },
  };
}

function proxied(link: Awaited<ReturnType<SerialEdges["open"]>>) {
  return {
    path: link.path,
    input: link.input,
    setLines: link.setLines.bind(link),
    setBaud: link.setBaud.bind(link),
    close: () => link.close(),
  };
}
