/** The models against the expectations of public conformance suites, as data. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { serialAdd } from "../../../host/core/serial.ts";
import { FREEBSD } from "../../../host/peers/freebsd.ts";
import { LINUX } from "../../../host/peers/linux.ts";
import {
  type PeerSettings,
  type PeerState,
  replyToSyn,
  stateAfterReset,
} from "../../../host/peers/peer-model.ts";

const [R, S, WINDOW] = [0xffff_fff0, 7000, 32_768];

const { cells } = z
  .object({
    source: z.string(),
    cells: z.array(
      z.object({
        script: z.string(),
        packet: z.enum(["syn", "rst"]),
        state: z.enum([
          "SYN_RECV",
          "ESTABLISHED",
          "CLOSE_WAIT",
          "FIN_WAIT",
          "LAST_ACK",
          "CLOSING",
          "TIME_WAIT",
        ]),
        at: z.enum(["outside-left", "left-edge", "right-edge", "outside-right"]),
        setting: z.enum(["secure", "insecure"]),
        expects: z.enum(["closed", "challenge", "kept", "silence", "syn-ack"]),
      }),
    ),
  })
  .parse(
    JSON.parse(
      readFileSync(
        new URL("../../fixtures/peer-conformance-freebsd.json", import.meta.url),
        "utf8",
      ),
    ),
  );

const OFFSETS = {
  "outside-left": -1,
  "left-edge": 0,
  "right-edge": WINDOW - 1,
  "outside-right": WINDOW,
} as const;

describe("the FreeBSD model against tcp-testsuite", () => {
  it("has all cells of its scripts for SYN and RST", () => {
    expect(cells).toHaveLength(128);
    expect(new Set(cells.map(({ state }) => state)).size).toBe(7);
  });

  it.each(cells)("$script, $at, $setting: $expects", ({ packet, state, at, setting, expects }) => {
    const number = serialAdd(R, OFFSETS[at]);
    const isInsecure = setting === "insecure";
    if (packet === "rst") {
      const settings = { insecureRst: isInsecure, window: WINDOW };
      const after = stateAfterReset(FREEBSD, { state, expected: R, sequence: number, ...settings });
      // A challenge ACK and silence both leave the connection as it is.
      expect(after).toBe(expects === "closed" ? "CLOSED" : state);
      return;
    }
    const settings = { insecureSyn: isInsecure, window: WINDOW };
    const { answer } = replyToSyn(FREEBSD, {
      state,
      expected: R,
      next: S,
      isn: number,
      ...settings,
    });
    const kinds = { closed: "rst", challenge: "ack", kept: "silence", silence: "silence" };
    expect(answer.kind).toBe(expects === "syn-ack" ? "syn-ack" : kinds[expects]);
  });

  it("has no TIME_WAIT between two ends of one machine with nolocaltimewait", () => {
    const syn = { state: "TIME_WAIT", expected: R, next: S, isn: R } as const;
    expect(replyToSyn(FREEBSD, syn).answer.kind).toBe("silence");
    expect(replyToSyn(FREEBSD, { ...syn, noLocalTimeWait: true }).answer.kind).toBe("syn-ack");
  });
});

/** Measured on Linux 6.18, but for CLOSING (sapi-ts); offset from R, and whether the server lets go. */
const LINUX_RESETS: readonly [PeerState, number, boolean][] = [
  ["ESTABLISHED", -1, false],
  ["ESTABLISHED", 0, true],
  ["ESTABLISHED", 1, false],
  ["FIN_WAIT", -1, false],
  ["FIN_WAIT", 0, true],
  ["CLOSE_WAIT", -2, false],
  ["CLOSE_WAIT", -1, true],
  ["CLOSE_WAIT", 0, true],
  ["CLOSE_WAIT", 1, false],
  ["LAST_ACK", -1, true],
  ["LAST_ACK", 0, true],
  ["LAST_ACK", 1, false],
  ["CLOSING", -1, true],
  ["CLOSING", 0, true],
  ["FIN_WAIT_2_ORPHANED", -1, false],
  ["FIN_WAIT_2_ORPHANED", 0, true],
  ["FIN_WAIT_2_ORPHANED", 1, true],
  ["FIN_WAIT_2_ORPHANED", 1000, true],
  ["FIN_WAIT_2_ORPHANED", WINDOW, false],
  ["TIME_WAIT", -1, false],
  ["TIME_WAIT", 0, true],
  ["TIME_WAIT", 1, false],
];

/** sapi-ts, and a program that has ended (measured): ISN from R, settings, the answer. */
const LINUX_SYNS: readonly [PeerState, number, PeerSettings, string][] = [
  ["TIME_WAIT", 1, {}, "syn-ack"],
  ["TIME_WAIT", 2 ** 31, {}, "syn-ack"],
  ["TIME_WAIT", 0, {}, "ack"],
  ["TIME_WAIT", -1, {}, "ack"],
  ["TIME_WAIT", 1, { nobodyListens: true }, "ack"],
  ["TIME_WAIT", -1, { nobodyListens: true }, "ack"],
  ["CLOSED", 1, { nobodyListens: true }, "rst"],
  ["CLOSED", 1, {}, "syn-ack"],
  ["CLOSING", 1, {}, "ack"],
];

describe("the Linux model", () => {
  it.each(LINUX_RESETS)("in %s a RST at R%i ends it: %s", (state, offset, ends) => {
    const sequence = serialAdd(R, offset);
    const after = stateAfterReset(LINUX, { state, expected: R, sequence, window: WINDOW });
    expect(after).toBe(ends ? "CLOSED" : state);
  });

  it.each(LINUX_SYNS)("in %s a SYN at R%i, with %o, gets %s", (state, offset, settings, kind) => {
    const isn = serialAdd(R, offset);
    const syn = { state, expected: R, next: S, isn, ...settings };
    expect(replyToSyn(LINUX, syn).answer.kind).toBe(kind);
  });
});
