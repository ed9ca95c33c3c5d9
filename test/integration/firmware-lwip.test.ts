/**
 * The glue on lwIP itself: whatever a connection ends by, the module hears of its end, once, and of numbers that cover
 * what the wire showed. The ledger in place of the module (ledger/counted_module.c) prints what breaks that.
 */
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Counts, playCommands, sumOf } from "../support/commanded-program.ts";
import type { HostProgram } from "../support/host-program.ts";
import { compileOnLwip, describeOnLwip } from "../support/lwip-host.ts";

const PEER = {
  ...{ good: 0, refuses: 1, silent: 2, resetsAfterHandshake: 3, resetsOnData: 4, resetsOnFin: 5 },
  ...{ resetsInFinWait: 6, vanishesAfterHandshake: 7, vanishesOnData: 8, vanishesOnFin: 9 },
  ...{ closesToo: 10, vanishesLate: 11 },
};
const DEVICE = {
  ...{ closes: 0, follows: 1, abortsOpening: 2, abortsConnected: 3, abortsSending: 4 },
  ...{ abortsAfterFinOfPeer: 5, closesUnread: 6, shutsOneWay: 7 },
};
/** Added to a peer that closes first. */
const FIRST = 100;
const FAMILIES = [4, 6] as const;
/** lwIP gives up a SYN after 75 s, and data after a quarter of an hour; TIME_WAIT takes 120 s. */
const ALL_OVER = ["run 1500000", "drop", "run 200000"];

describeOnLwip("hears of every end", () => {
  let program: HostProgram;
  beforeAll(() => {
    const port = "test/integration/lwip-host";
    const ledger = "test/integration/ledger";
    program = compileOnLwip({
      sources: [
        `${ledger}/counted_module.c`,
        `${port}/scripted_peer.c`,
        `${port}/failures.c`,
        "boards/lwip/isnkit_lwip.c",
      ],
      port,
      flags: ["-I", fileURLToPath(new URL("ledger", import.meta.url))],
    });
  }, 120_000);
  afterAll(() => program?.remove());

  const play = (...commands: string[]): Counts[] => playCommands(program, commands);

  it("whatever the peer does, whatever the device does, in either role and either family", () => {
    const cases = ["connect", "accept"].flatMap((role) =>
      FAMILIES.flatMap((family) =>
        Object.values(PEER).flatMap((peer) =>
          Object.values(DEVICE).flatMap((device) => [
            `${role} ${family} ${peer} ${device} 2 1000`,
            `${role} ${family} ${peer + FIRST} ${device} 2 1000`,
          ]),
        ),
      ),
    );
    const answers = play(...cases.flatMap((one) => [one, ...ALL_OVER]));
    for (const [index, what] of cases.entries()) {
      const own = answers.splice(0, 1 + ALL_OVER.length);
      expect([index, what, sumOf(own, "opened"), sumOf(own, "refused")]).toEqual([
        index,
        what,
        2,
        0,
      ]);
      expect([what, own.at(-1)?.open, own.at(-1)?.pcbs]).toEqual([what, 0, 0]);
    }
  }, 120_000);

  it("abandons what never became a connection, and closes what did", () => {
    const ends = (...command: (string | number)[]) => {
      const answers = play(command.join(" "), ...ALL_OVER);
      return [sumOf(answers, "closed"), sumOf(answers, "abandoned")];
    };
    for (const family of FAMILIES) {
      expect(ends("connect", family, PEER.refuses, DEVICE.closes, 3, 0)).toEqual([0, 3]);
      expect(ends("connect", family, PEER.silent, DEVICE.closes, 3, 0)).toEqual([0, 3]);
      expect(ends("connect", family, PEER.silent, DEVICE.abortsOpening, 3, 0)).toEqual([0, 3]);
      expect(ends("accept", family, PEER.refuses, DEVICE.closes, 3, 0)).toEqual([0, 3]);
      expect(ends("accept", family, PEER.silent, DEVICE.closes, 3, 0)).toEqual([0, 3]);
      expect(ends("connect", family, PEER.resetsAfterHandshake, DEVICE.closes, 3, 0)).toEqual([
        3, 0,
      ]);
      expect(ends("connect", family, PEER.good, DEVICE.abortsConnected, 3, 0)).toEqual([3, 0]);
      expect(ends("accept", family, PEER.vanishesOnData, DEVICE.closes, 3, 0)).toEqual([3, 0]);
    }
  });

  it("refuses nothing over 40 refused, 40 silent, 40 reset, 40 aborted and 200 good ones in one boot", () => {
    for (const family of FAMILIES) {
      for (const role of ["connect", "accept"]) {
        const good = [
          `${role} ${family} ${PEER.good} ${DEVICE.closes} 100 200000`,
          `${role} ${family} ${PEER.good + FIRST} ${DEVICE.follows} 100 1000`,
        ];
        const bad = [
          `${role} ${family} ${PEER.refuses} ${DEVICE.closes} 40 1000`,
          `${role} ${family} ${PEER.silent} ${DEVICE.closes} 40 400000`,
          `${role} ${family} ${PEER.resetsOnData} ${DEVICE.closes} 40 1000`,
          `${role} ${family} ${PEER.good} ${DEVICE.abortsSending} 40 1000`,
        ];
        const answers = play(...bad, ...good, ...ALL_OVER);
        expect(sumOf(answers, "opened")).toBe(360);
        expect(sumOf(answers, "connected")).toBe(280);
        expect([sumOf(answers, "refused"), sumOf(answers, "failed")]).toEqual([0, 0]);
        expect(answers.at(-1)).toMatchObject({ open: 0, pcbs: 0 });
      }
    }
  }, 60_000);

  it("tells of an end again that the module refused, when its storage works again", () => {
    for (const peer of [PEER.refuses, PEER.resetsAfterHandshake]) {
      const answers = play(
        "refuse c 1000000",
        `connect 4 ${peer} ${DEVICE.closes} 3 1000`,
        "refuse none 0",
        "run 100",
      );
      expect(answers[1]).toMatchObject({ open: 3, pcbs: 0, closed: 0, abandoned: 0 });
      expect(answers[3]).toMatchObject({ open: 0 });
      expect((answers[3]?.closed ?? 0) + (answers[3]?.abandoned ?? 0)).toBe(3);
    }
  });

  it("opens no more than it can keep track of while ends are refused", () => {
    const answers = play(
      "refuse c 1000000",
      `connect 4 ${PEER.refuses} ${DEVICE.closes} 20 1000`,
      "refuse none 0",
      `connect 4 ${PEER.good} ${DEVICE.closes} 1 1000`,
    );
    expect(answers[1]).toMatchObject({ opened: 5, failed: 15, open: 5 });
    expect(answers[3]).toMatchObject({ opened: 1, connected: 1, failed: 0, open: 0 });
  });

  it("stops a connection while its reports are refused, and lets it go on afterwards", () => {
    const answers = play(
      "refuse a 1000000",
      `connect 4 ${PEER.good + FIRST} ${DEVICE.follows} 1 5000`,
      "refuse none 0",
      "run 60000",
    );
    expect(answers[1]).toMatchObject({ open: 1, closed: 0 });
    expect(answers[3]).toMatchObject({ open: 0, closed: 1 });
  });

  it("leaves nothing open when a port or an ISN is refused", () => {
    for (const call of ["i", "p"]) {
      const answers = play(
        `refuse ${call} 2`,
        `connect 4 ${PEER.good} ${DEVICE.closes} 3 1000`,
        ...ALL_OVER,
      );
      expect(answers[1]).toMatchObject({ failed: 2, connected: 1 });
      expect(answers.at(-1)).toMatchObject({ open: 0 });
    }
  });

  it("takes the next port while something else on the device holds the one that it was given", () => {
    const answers = play("occupy 3", `connect 4 ${PEER.good} ${DEVICE.closes} 1 1000`);
    expect(answers[1]).toMatchObject({ failed: 0, connected: 1, opened: 4, abandoned: 3, open: 0 });
  });

  it("lets nothing in, and no attempt of others out, while the module refuses numbers", () => {
    for (const family of FAMILIES) {
      const answers = play(
        "refuse all 1",
        `accept ${family} ${PEER.good} ${DEVICE.closes} 2 1000`,
        `plain ${family} ${PEER.good} ${DEVICE.closes} 1 1000`,
        "refuse none 0",
        `accept ${family} ${PEER.good} ${DEVICE.closes} 1 1000`,
        ...ALL_OVER,
      );
      expect(answers[1]).toMatchObject({ connected: 0, opened: 0, pcbs: 0 });
      expect(answers[2]).toMatchObject({ connected: 0, opened: 0, unbacked: 1 });
      expect(answers[4]).toMatchObject({ connected: 1, opened: 1 });
    }
  });

  it("leaves nothing open of a SYN that lwIP makes no connection of", () => {
    const answers = play(`accept 4 ${PEER.silent} ${DEVICE.closes} 12 0`, "run 50", ...ALL_OVER);
    // Three wait to be accepted, and there is no place for more.
    expect(answers[1]).toMatchObject({ pcbs: 3, open: 3 });
    expect([sumOf(answers, "opened"), sumOf(answers, "abandoned")]).toEqual([12, 12]);
    expect(answers.at(-1)).toMatchObject({ open: 0 });
  });

  it("follows connections that tcp_connect() opened past it", () => {
    const answers = play(
      `plain 4 ${PEER.good} ${DEVICE.closes} 3 1000`,
      `plain 4 ${PEER.refuses} ${DEVICE.closes} 3 1000`,
    );
    expect(answers[0]).toMatchObject({ connected: 3, opened: 3, closed: 3, unbacked: 0 });
    expect(answers[1]).toMatchObject({ abandoned: 3, open: 0 });
  });
});
