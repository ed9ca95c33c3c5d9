/** `isnkit analyze` without a process: a terminal that remembers. */
import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { DIAGNOSIS_IDS } from "../../../host/analyze/diagnosis.ts";
import type { Terminal } from "../../../host/cli/terminal.ts";
import { FIXTURES } from "../../support/captures.ts";
import { isnkit } from "../../support/command.ts";
import { inChunks, pcapFile } from "../../support/packets.ts";
import { Recording } from "../../support/sessions.ts";

const folder = mkdtempSync(join(tmpdir(), "isnkit-analyze-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const fixture = (letters: string) => {
  const name = readdirSync(FIXTURES).find(
    (one) => one.startsWith(`${letters}_`) && one.endsWith(".pcap"),
  );
  return join(FIXTURES, name ?? letters);
};

function run(args: readonly string[], more: Partial<Terminal> = {}) {
  return isnkit(["analyze", ...args], more);
}

/** Control characters, but for line feeds. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const RAW = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/;

describe("isnkit analyze", () => {
  it.each([
    ["a1", "timewait-reused-isn", 1],
    ["a3", "timewait-timestamp-behind", 1],
    ["b1", "timewait-isn-too-far", 1],
    ["c1", "timewait-reuse-ok", 0],
    ["d1", "halfopen-challenge-ack", 1],
    ["e1", "sequence-bit-flip", 1],
    ["e3", "no fault found", 0],
    ["f1", "synack-wrong-ack", 1],
    ["g1", "port-pool-wrap", 1],
    ["i1", "isn-predictable", 1],
    ["i5", "isn-repeats-after-boot", 1],
    ["i6", "no fault found", 0],
  ])("names the cause of %s in its first line: %s, exit %i", async (letters, cause, exitCode) => {
    const ended = await run([fixture(letters)]);
    expect(ended).toMatchObject({ exitCode, err: "" });
    expect(ended.out.split("\n")[0]).toContain(` ${cause}`);
    expect(ended.out.trimEnd().split("\n").at(-1)).toMatch(exitCode === 1 ? /^FAULT/ : /^CLEAN/);
    expect(ended.out).not.toMatch(RAW);
  });

  it("gives JSON whose findings carry rule, clause, numbers and filter", async () => {
    const report: unknown = JSON.parse((await run([fixture("i5"), "--format", "json"])).out);
    expect(report).toMatchObject({
      schema: "isnkit.analyze/1",
      verdict: "fault",
      counts: { connections: 12, analysed: 72 },
      findings: expect.arrayContaining([
        expect.objectContaining({
          rule: "timewait-reused-isn",
          severity: "fault",
          confidence: "certain",
          count: 6,
          clause: expect.stringContaining("RFC 9293"),
          filter: expect.stringContaining("tcp.port == 49153"),
        }),
      ]),
    });
  });

  it("gives JSON from which connections can be drawn over time, findings included", async () => {
    const report = JSON.parse((await run([fixture("c1"), "--format", "json"])).out);
    const [old, anew] = report.connections;
    expect(old.connectedUs).toBeGreaterThanOrEqual(old.openedUs);
    expect(old.server.finUs).toBeGreaterThan(old.connectedUs);
    expect(old.client.finUs).toBeGreaterThan(old.server.finUs);
    expect(old).toMatchObject({
      closedFirst: "server",
      challenges: 0,
      server: { state: "TIME_WAIT" },
    });
    const ok = report.findings.find(({ rule }: { rule: string }) => rule === "timewait-reuse-ok");
    expect(ok.connection).toBe(anew.connection);
    expect(ok.timeUs).toBeGreaterThanOrEqual(anew.openedUs);
    expect(ok.timeUs).toBeLessThanOrEqual(anew.lastUs);
    expect(anew).toMatchObject({ incarnation: 2, connection: old.connection });
  });

  it("gives NDJSON line by line, findings before the summary", async () => {
    const { out } = await run([fixture("a1"), "--format", "ndjson"]);
    const lines: { kind: string }[] = out
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    const kinds = lines.map(({ kind }) => kind);
    expect(kinds).toEqual(["connection", "finding", "connection", "summary"]);
  });

  it("narrates field case 3: absolute and relative numbers, +1, next number, TIME_WAIT", async () => {
    const { out } = await run([fixture("h1"), "--narrate"]);
    expect(out).toContain("seq 1126022296 (relative 0)");
    expect(out).toContain(
      "ack 1126022297 is the client's ISN + 1, because the SYN uses one number",
    );
    expect(out).toContain(
      "18 bytes, numbers 3916991172 to 3916991189; the next number is 3916991190",
    );
    expect(out).toContain("the FIN included, which is why it is one more than the data");
    expect(out).toMatch(/the server closed first and is in TIME_WAIT now: on Linux until 60.6 s/);
    expect(out).toContain("by the RFC (2 × MSL) until 4 min 1 s.");
    const shorter = await run([fixture("h1"), "--narrate", "--msl", "45s"]);
    expect(shorter.out).toContain("by the RFC (2 × MSL) until 90.6 s.");
  });

  it("says what a server does with the next SYN", async () => {
    const { out } = await run([fixture("a1"), "--peer", "freebsd"]);
    expect(out).toContain("the same ISN again: silence");
    expect(out).toContain("an ISN 500,000 ahead: syn-ack");
    const unknown = await run([fixture("a1"), "--peer", "freebds"]);
    expect(unknown).toMatchObject({ exitCode: 2, out: "" });
    expect(unknown.err).toContain("did you mean freebsd?");
  });

  it("looks at one host, port, connection or time only", async () => {
    const i5 = fixture("i5");
    const connections = async (...args: string[]) => {
      const report: { counts: { connections: number } } = JSON.parse(
        (await run([i5, "--format", "json", ...args])).out,
      );
      return report.counts.connections;
    };
    expect(await connections("--port", "49154")).toBe(2);
    expect(await connections("--to", "1s")).toBe(4);
    expect(await connections("--from", "4s", "--host", "10.77.0.2")).toBe(6);
    expect(await connections("--connection", "10.77.0.1:1021 > 10.77.0.2:49155")).toBe(2);
    const nothing = await run([i5, "--host", "10.9.9.9"]);
    expect(nothing).toMatchObject({ exitCode: 4, out: "" });
    expect(nothing.err).toContain("the filter lets none of them through");
    expect(nothing.err).toContain("10.77.0.2:49153 > 10.77.0.1:1021");
    expect(nothing.err).toMatch(/the capture covers \d/);
  });

  it.each([
    [["--port", "70000"], "no port"],
    [["--connection", "10.77.0.2"], "not a connection"],
    [["--from", "5"], "not a duration"],
    [["--from", "5s", "--to", "1s"], "lies after"],
    [["--format", "xml"], "not a format"],
    [["--host", "device"], "not an IP address"],
    [["--narrate", "--format", "ndjson"], "no meaning"],
  ])("refuses %j with exit 2", async (args, reason) => {
    const ended = await run([fixture("a1"), ...args]);
    expect(ended).toMatchObject({ exitCode: 2, out: "" });
    expect(ended.err).toContain(reason);
  });

  it("says clearly that there is nothing to analyse", async () => {
    expect(await run([])).toMatchObject({ exitCode: 2, out: "" });
    expect((await run(["/nowhere.pcap"])).err).toContain("there is no capture");
    const empty = join(folder, "no-tcp.pcap");
    writeFileSync(empty, new Recording().frame(new Uint8Array(60)).file());
    const ended = await run([empty]);
    expect(ended).toMatchObject({ exitCode: 4, out: "" });
    expect(ended.err).toContain("1 packet, and it cannot be read as TCP (1 of other protocols");
    writeFileSync(empty, pcapFile([]));
    const none = await run([empty]);
    expect(none.exitCode).toBe(4);
    expect(none.err).toContain("has no packet in it");
    const cut = new Recording().session(7, 9).records.map(({ data }) => data.subarray(0, 40));
    writeFileSync(empty, pcapFile(cut.map((data) => ({ data, originalLength: 54 }))));
    expect((await run([empty])).err).toContain(
      `${cut.length} cut before the end of the TCP header`,
    );
  });

  it("judges what lies before a damaged place, and does not call it clean", async () => {
    const damaged = join(folder, "damaged.pcap");
    const claim = new Uint8Array(16).fill(0x7f);
    writeFileSync(damaged, Buffer.concat([readFileSync(fixture("a1")), claim]));
    const fault = await run([damaged]);
    expect(fault).toMatchObject({ exitCode: 1, err: "" });
    expect(fault.out).toMatch(/note: .*damaged at byte 1337, after 18 packets.*not read/);
    writeFileSync(damaged, Buffer.concat([readFileSync(fixture("h1")), claim]));
    expect(await run([damaged])).toMatchObject({ exitCode: 4, err: "" });
    writeFileSync(damaged, Buffer.concat([readFileSync(fixture("h1")).subarray(0, 24), claim]));
    const nothing = await run([damaged]);
    expect(nothing).toMatchObject({ exitCode: 2, out: "" });
    expect(nothing.err).toContain("damaged at byte 24, after 0 packets");
  });

  it("does not call a capture clean that shows no SYN with its answer", async () => {
    const whole = new Recording().session(7, 900);
    const { records } = whole;
    const file = join(folder, "part.pcap");
    const parts = {
      "one direction": records.filter((_, i) => i !== 1 && i < 3),
      "the middle": records.slice(3),
      "a SYN": records.slice(0, 1),
    };
    for (const [name, part] of Object.entries(parts)) {
      writeFileSync(file, pcapFile(part));
      const ended = await run([file]);
      expect([name, ended.exitCode]).toEqual([name, 4]);
      expect(ended.out).toContain("it shows no SYN together with an answer to it");
    }
    writeFileSync(file, whole.file());
    expect((await run([file])).exitCode).toBe(0);
  });

  it("does not call a capture clean that is cut short", async () => {
    const cut = join(folder, "cut.pcap");
    writeFileSync(cut, readFileSync(fixture("h1")).subarray(0, -7));
    const ended = await run([cut]);
    expect(ended.exitCode).toBe(4);
    expect(ended.out).toContain("INCONCLUSIVE");
  });

  it("makes a hostile file name visible instead of printing it raw", async () => {
    const hostile = join(folder, "x\u001b[2J\u202e.pcap");
    writeFileSync(hostile, readFileSync(fixture("a1")));
    for (const format of ["text", "json", "ndjson"]) {
      expect((await run([hostile, "--format", format])).out).not.toMatch(RAW);
    }
    expect((await run([`${hostile}?`])).err).not.toMatch(RAW);
  });

  it("reads standard input as it comes", async () => {
    const bytes = readFileSync(fixture("a1"));
    const input = { [Symbol.asyncIterator]: () => inChunks(bytes, 100), destroy: () => {} };
    const ended = await run(["-"], { input });
    expect(ended.exitCode).toBe(1);
    expect(ended.out).toMatch(/^isnkit analyze standard input: timewait-reused-isn/);
  });

  it("follows a file that grows, tells a finding at once, and ends at Ctrl-C", async () => {
    const bytes = readFileSync(fixture("a1"));
    const growing = join(folder, "growing.pcap");
    // All but the answers to the SYN: no fault so far.
    writeFileSync(growing, bytes.subarray(0, 900));
    let interrupt = () => {};
    let told = "";
    const ended = await run([growing, "--follow"], {
      onInterrupt: (callback) => {
        interrupt = callback;
        // From here on the file is being read.
        appendFileSync(growing, bytes.subarray(900));
        return () => {};
      },
      out: async (text) => {
        told += text;
        if (text.startsWith("fault: timewait-reused-isn")) interrupt();
      },
    });
    expect(ended.exitCode).toBe(130);
    expect(ended.err).toContain("partial results: FAULT");
    expect(told).toContain("isnkit analyze");
  });

  it.each([
    ["port-pool-wrap", "g1", "\nfault: port-pool-wrap"],
    ["isn-predictable", "i1", "fault: isn-predictable"],
  ])(
    "tells %s while the file still grows",
    async (rule, name, words) => {
      const bytes = readFileSync(fixture(name));
      const growing = join(folder, `${rule}.pcap`);
      const half = Math.floor(bytes.length / 2);
      writeFileSync(growing, bytes.subarray(0, half));
      let interrupt = () => {};
      let told = "";
      const ended = await run([growing, "--follow"], {
        onInterrupt: (callback) => {
          interrupt = callback;
          // Nearly all of it, so that it has not ended when the finding is told.
          appendFileSync(growing, bytes.subarray(half, bytes.length - 40));
          return () => {};
        },
        out: async (text) => {
          told += text;
          if (`\n${text}`.includes(words)) interrupt();
        },
      });
      expect(ended.exitCode).toBe(130);
      const live = told.slice(0, told.indexOf("isnkit analyze"));
      expect(live).toContain(rule);
      // Times count from the first packet of the capture, not from the first finding.
      expect(live).not.toMatch(new RegExp(`${rule}[^]*, 0 s into the capture`));
      // The report has it once, with the final figures.
      expect(told.slice(live.length).split(`${rule} (`)).toHaveLength(2);
    },
    20_000,
  );

  it("lists every diagnosis", async () => {
    const { out } = await run(["--list-rules"]);
    expect(
      out
        .trimEnd()
        .split("\n")
        .map((line) => line.split(" ")[0]),
    ).toEqual([...DIAGNOSIS_IDS]);
  });
});
