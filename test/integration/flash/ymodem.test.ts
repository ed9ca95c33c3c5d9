/** Both ends of YMODEM: the receiver of the firmware, the sender of the harness, and lrzsz's. */
import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ByteLine, type ByteStream } from "../../../host/console/byte-line.ts";
import { Random } from "../../../host/core/random.ts";
import {
  crc16Xmodem,
  YMODEM,
  ymodemBlock,
  ymodemHeader,
} from "../../../host/flash/ymodem-block.ts";
import { sendYmodem, type YmodemPatience } from "../../../host/flash/ymodem-sender.ts";
import { findProgram } from "../../../host/system/guarded-process.ts";
import {
  compileHostProgram,
  describeWithCompiler,
  type HostProgram,
} from "../../support/host-program.ts";
import { streamPair } from "../../support/stream-pair.ts";

const HURRY: YmodemPatience = { inviteMs: 3000, answerMs: 300, tries: 10 };
const ROOM = 4096;

/** All that a sender says whose every block is taken at once. */
function wholeTransfer(bytes: Uint8Array, length = bytes.length): Uint8Array[] {
  const parts = [ymodemHeader("module.wasm", length)];
  for (let at = 0, number = 1; at < bytes.length; at += 1024, number++) {
    parts.push(ymodemBlock(number, bytes.subarray(at, at + 1024), YMODEM.filler));
  }
  return [...parts, Uint8Array.of(YMODEM.eot), ymodemHeader("", 0)];
}

describe("blocks of YMODEM", () => {
  it("carry CRC-16/XMODEM", () => {
    // The check value of this CRC in every catalogue.
    expect(crc16Xmodem(new TextEncoder().encode("123456789"))).toBe(0x31c3);
  });

  it("are as short as their data allow, and name files without folders or blanks", () => {
    expect(ymodemBlock(257, new Uint8Array(128), 0)).toHaveLength(133);
    expect(ymodemBlock(257, new Uint8Array(129), 0).subarray(0, 3)).toEqual(
      Uint8Array.of(YMODEM.stx, 1, 0xfe),
    );
    const header = ymodemHeader("/tmp/my module\u001b.wasm", 8166);
    expect(Buffer.from(header.subarray(3, 23)).toString("latin1").split("\u0000")).toEqual([
      "my_module_.wasm",
      "8166",
    ]);
  });
});

describeWithCompiler("the firmware's YMODEM receiver", () => {
  let program: HostProgram;
  beforeAll(() => {
    const sources = ["test/integration/firmware-ymodem.c", "boards/update/ymodem.c"];
    program = compileHostProgram(sources, ["-fsanitize=address", "-D_POSIX_C_SOURCE=200809L"]);
  }, 60_000);
  afterAll(() => program.remove());

  function receive(scripts: readonly Uint8Array[]) {
    const input = Buffer.concat(
      scripts.flatMap((bytes) => {
        const head = Buffer.alloc(4);
        head.writeUInt32LE(bytes.length);
        return [head, bytes];
      }),
    );
    const out = execFileSync(program.path, { input, encoding: "utf8", maxBuffer: 2 ** 28 });
    return out
      .trimEnd()
      .split("\n")
      .map((line) => {
        const [result = "", file = "", answers = ""] = line.split(" ");
        return { result, file: Buffer.from(file, "hex"), answers: Buffer.from(answers, "hex") };
      });
  }
  const receiveOne = (parts: readonly Uint8Array[]) => receive([Buffer.concat(parts)])[0];

  it("takes files of every length around its blocks, and not a byte more", () => {
    const lengths = [1, 127, 128, 129, 1023, 1024, 1025, 2048, 4095, 4096];
    const files = lengths.map((length) => new Uint8Array(randomBytes(length)));
    const done = receive(files.map((bytes) => Buffer.concat(wholeTransfer(bytes))));
    expect(done.map(({ result }) => result)).toEqual(lengths.map(() => "done"));
    for (const [i, bytes] of files.entries()) {
      expect(done[i]?.file.equals(Buffer.from(bytes))).toBe(true);
    }
  });

  it("answers as the protocol says", () => {
    const { ack, invite } = YMODEM;
    expect([...(receiveOne(wholeTransfer(new Uint8Array(1500)))?.answers ?? [])]).toEqual([
      ...[invite, ack, invite, ack, ack, ack, invite, ack],
    ]);
  });

  it("answers block 0 once, as often as its invitations brought it, so that the sender is not ahead", () => {
    const { ack, invite } = YMODEM;
    const [header = new Uint8Array(), ...rest] = wholeTransfer(new Uint8Array(1500));
    const done = receiveOne([header, header, header, ...rest]);
    expect(done?.result).toBe("done");
    expect([...(done?.answers ?? [])]).toEqual([invite, ack, invite, ack, ack, ack, invite, ack]);
  });

  it("answers a copy of block 0 that nothing follows: its answer was lost", () => {
    const { ack, can, backspace, invite } = YMODEM;
    const [header = new Uint8Array()] = wholeTransfer(new Uint8Array(1500));
    const done = receiveOne([header, header]);
    expect(done?.result).toBe("silent");
    expect([...(done?.answers ?? [])]).toEqual([
      ...[invite, ack, invite, ack, invite],
      ...[...Array(5).fill(can), ...Array(5).fill(backspace)],
    ]);
  });

  it("has the file of a sender that is ahead, and takes no answer to its last block for one to EOT", () => {
    // As sb sends when it has one ACK too many: block 2 again for the invitation, one EOT, the end.
    const bytes = new Uint8Array(randomBytes(3000));
    const [header, first, second, third, ...end] = wholeTransfer(bytes);
    if (!header || !first || !second || !third) throw new Error();
    const done = receiveOne([header, header, first, second, second, third, ...end]);
    expect(done?.result).toBe("done");
    expect(done?.file.equals(Buffer.from(bytes))).toBe(true);
  });

  const big = new Uint8Array(ROOM + 1);
  const block = (number: number) => ymodemBlock(number, new Uint8Array(1024), 0);
  const refused: readonly [string, string, () => Uint8Array[]][] = [
    ["silence", "silent", () => []],
    ["a sender that gives up", "cancelled", () => [Uint8Array.of(YMODEM.can, YMODEM.can)]],
    ["a file that is too long", "length", () => wholeTransfer(big)],
    ["a file of no bytes", "length", () => [ymodemHeader("x", 0)]],
    ["a file without a length", "length", () => [ymodemBlock(0, new TextEncoder().encode("x"), 0)]],
    ["an empty batch", "length", () => [ymodemHeader("", 0)]],
    [
      "a length that does not fit a number",
      "length",
      () => [ymodemBlock(0, new TextEncoder().encode("x\x004294967296999"), 0)],
    ],
    ["a block that was left out", "protocol", () => [ymodemHeader("x", 3000), block(1), block(3)]],
    ["more data than it said", "protocol", () => [ymodemHeader("x", 5), block(1), block(2)]],
    [
      "an end before all data",
      "length",
      () => [
        ymodemHeader("x", 3000),
        block(1),
        Uint8Array.of(YMODEM.eot),
        Uint8Array.of(YMODEM.eot),
      ],
    ],
    ["a sender that is unplugged", "silent", () => [ymodemHeader("x", 3000), block(1)]],
  ];
  it.each(refused)("ends at %s: %s", (_, result, script) => {
    expect(receiveOne(script())?.result).toBe(result);
  });

  it("takes a repeated block once", () => {
    const bytes = new Uint8Array(randomBytes(3000));
    const parts = wholeTransfer(bytes);
    const [header, first, second] = parts;
    if (header === undefined || first === undefined || second === undefined) throw new Error();
    const repeated = [header, header, first, first, second, second, second, ...parts.slice(3)];
    const done = receiveOne(repeated);
    expect(done?.result).toBe("done");
    expect(done?.file.equals(Buffer.from(bytes))).toBe(true);
  });

  it("never says done over a file that is not the one that was sent", () => {
    const scripts: { bytes: Uint8Array; script: Uint8Array }[] = [];
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 2500 }),
        fc.array(fc.tuple(fc.nat(6000), fc.integer({ min: 1, max: 255 }), fc.nat(3)), {
          maxLength: 5,
        }),
        (bytes, edits) => {
          let script = [...Buffer.concat(wholeTransfer(bytes))];
          for (const [place, value, kind] of edits) {
            const at = place % script.length;
            if (kind === 0) script.splice(at, 1);
            else if (kind === 1) script.splice(at, 0, value);
            else if (kind === 2) script = script.slice(0, at);
            else script[at] = (script[at] ?? 0) ^ value;
          }
          scripts.push({ bytes, script: Uint8Array.from(script) });
        },
      ),
      { numRuns: 3000 },
    );
    const done = receive(scripts.map(({ script }) => script));
    let whole = 0;
    done.forEach(({ result, file }, i) => {
      if (result !== "done") return;
      whole++;
      const sent = Buffer.from(scripts[i]?.bytes ?? []);
      if (!file.equals(sent))
        throw new Error(`case ${i}: done with ${file.length} of ${sent.length}`);
    });
    // Some are whole: those that were not damaged, or behind the data only.
    expect(whole).toBeGreaterThan(100);
    expect(whole).toBeLessThan(2500);
  });

  it("survives anything that a line can carry", () => {
    const scripts: Uint8Array[] = [];
    const special = fc.constantFrom(...Object.values(YMODEM), 0, 0xff);
    fc.assert(
      fc.property(fc.array(fc.oneof(special, fc.nat(255)), { maxLength: 3000 }), (bytes) => {
        scripts.push(Uint8Array.from(bytes));
      }),
      { numRuns: 1500 },
    );
    const results = new Set(receive(scripts).map(({ result }) => result));
    expect(
      [...results].every((result) => /^(silent|cancelled|noise|protocol|length)$/.test(result)),
    ).toBe(true);
  });

  /** A live receiver; `noise` damages what goes to it and what comes from it. */
  function live(noise: (bytes: Uint8Array) => Uint8Array) {
    const child: ChildProcessWithoutNullStreams = spawn(program.path, [String(ROOM)]);
    let said = "";
    child.stderr.on("data", (text) => {
      said += String(text);
    });
    child.stdin.on("error", () => undefined);
    const over = once(child, "close").then(() => {
      const [result = "", file = ""] = said.split(" ");
      return { result, file: Buffer.from(file, "hex") };
    });
    return { line: new ByteLine(childStream(child, noise)), over, child };
  }

  const hasSb = findProgram("sb") !== undefined || process.env.ISNKIT_REQUIRE_ALL === "1";
  if (!hasSb) console.warn("left out: sb behind its invitations (apt-get install lrzsz)");
  it.skipIf(!hasSb)(
    "takes a file from sb, which finds three invitations waiting",
    async () => {
      const folder = await mkdtemp(join(tmpdir(), "isnkit-sb-"));
      const bytes = new Uint8Array(randomBytes(ROOM));
      const file = join(folder, "new.wasm");
      await writeFile(file, bytes);
      const { over, child } = live((sent) => sent);
      const answers = child.stdout.pipe(new PassThrough());
      while (answers.readableLength < 3) await once(child.stdout, "data");
      const sb = spawn("sb", ["--ymodem", "-k", file]);
      try {
        answers.pipe(sb.stdin);
        sb.stdout.pipe(child.stdin);
        sb.stderr.resume();
        expect(await once(sb, "exit")).toEqual([0, null]);
        const done = await over;
        expect(done.result).toBe("done");
        expect(done.file.equals(Buffer.from(bytes))).toBe(true);
      } finally {
        sb.kill();
        child.kill();
        await rm(folder, { recursive: true, force: true });
      }
    },
    60_000,
  );

  it("and the sender get a file through a line that loses and damages bytes, or say that they did not", async () => {
    let through = 0;
    const runs = Array.from({ length: 12 }, async (_, seed) => {
      const random = new Random(seed + 1);
      const noise = (bytes: Uint8Array) => damaged(bytes, random);
      const bytes = new Uint8Array(2600);
      random.fill(bytes);
      const { line, over, child } = live(noise);
      const sent = await sendYmodem(line, { name: "x", bytes, patience: HURRY }).then(
        () => true,
        () => false,
      );
      child.stdin.end();
      // Unread words would keep the receiver's end from being told.
      child.stdout.destroy();
      const { result, file } = await over;
      if (result === "done")
        expect({ seed, same: file.equals(Buffer.from(bytes)) }).toEqual({ seed, same: true });
      // A sender that is content has a receiver that is.
      if (sent) expect({ seed, result }).toEqual({ seed, result: "done" });
      if (sent) through++;
    });
    await Promise.all(runs);
    expect(through).toBeGreaterThan(3);
  }, 120_000);
});

/** One byte in some 1,000 is changed, one in 3,000 lost: most blocks of 1 KiB are hit. */
function damaged(bytes: Uint8Array, random: Random): Uint8Array {
  const out: number[] = [];
  for (const byte of bytes) {
    const chance = random.int(0, 2999);
    if (chance === 0) continue;
    out.push(chance < 4 ? byte ^ (1 << random.int(0, 7)) : byte);
  }
  return Uint8Array.from(out);
}

function childStream(
  child: ChildProcessWithoutNullStreams,
  noise: (bytes: Uint8Array) => Uint8Array = (bytes) => bytes,
): ByteStream {
  return {
    input: (async function* () {
      for await (const bytes of child.stdout) yield noise(new Uint8Array(bytes as Buffer));
    })(),
    write: async (bytes) => void child.stdin.write(noise(bytes)),
  };
}

describe("the YMODEM sender", () => {
  it("gives up on a receiver that is silent, and on one that cancels", async () => {
    const { host, device, close } = streamPair();
    const hasty = { inviteMs: 50, answerMs: 50, tries: 3 };
    const options = { name: "x", bytes: new Uint8Array(10), patience: hasty };
    const line = new ByteLine(host);
    await expect(sendYmodem(line, options)).rejects.toMatchObject({
      code: "transfer-silent",
      exitCode: 3,
    });
    await device.write(Uint8Array.of(YMODEM.can, YMODEM.can));
    await expect(sendYmodem(line, options)).rejects.toMatchObject({
      code: "transfer-cancelled",
    });
    close();
  });

  it("is bounded by its patience when the line babbles", async () => {
    const { host, device, close } = streamPair();
    let over = false;
    const babble = (async () => {
      while (!over) {
        await device.write(Uint8Array.from(Buffer.from("n=1 t=hello nothing of the protocol\r\n")));
        await new Promise((resolve) => setImmediate(resolve));
      }
    })();
    const options = { name: "x", bytes: new Uint8Array(10), patience: { ...HURRY, inviteMs: 100 } };
    await expect(sendYmodem(new ByteLine(host), options)).rejects.toMatchObject({
      code: "transfer-silent",
    });
    over = true;
    await babble;
    close();
  });

  const hasRb = findProgram("rb") !== undefined;
  if (!hasRb && process.env.ISNKIT_REQUIRE_ALL !== "1")
    console.warn("left out: our sender against rb (apt-get install lrzsz)");
  it.skipIf(!hasRb && process.env.ISNKIT_REQUIRE_ALL !== "1")(
    "sends to rb of lrzsz",
    async () => {
      const folder = await mkdtemp(join(tmpdir(), "isnkit-rb-"));
      try {
        for (const length of [1, 8166]) {
          const bytes = new Uint8Array(randomBytes(length));
          const rb = spawn("rb", ["--ymodem", "--overwrite"], { cwd: folder });
          rb.stderr.resume();
          await sendYmodem(new ByteLine(childStream(rb)), { name: `f${length}`, bytes });
          rb.stdin.end();
          if (rb.exitCode === null) await once(rb, "exit");
          expect((await readFile(join(folder, `f${length}`))).equals(Buffer.from(bytes))).toBe(
            true,
          );
        }
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
    60_000,
  );
});
