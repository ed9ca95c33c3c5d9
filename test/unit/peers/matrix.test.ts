import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { serialAdd, serialDistance } from "../../../host/core/serial.ts";
import { PEERS } from "../../../host/peers/index.ts";
import { LINUX } from "../../../host/peers/linux.ts";
import { LWIP } from "../../../host/peers/lwip.ts";
import {
  type PeerModel,
  type PeerReply,
  type PeerState,
  replyToSyn,
  type SynSituation,
} from "../../../host/peers/peer-model.ts";

const cells = z
  .array(
    z.object({
      mode: z.string(),
      delta: z.string(),
      R: z.number(),
      S: z.number(),
      new: z.number(),
      resp: z.array(z.string()),
      pre: z.array(z.tuple([z.string(), z.string()])),
      post: z.array(z.tuple([z.string(), z.string()])),
    }),
  )
  .parse(
    JSON.parse(
      readFileSync(new URL("../../fixtures/timewait-matrix-linux.json", import.meta.url), "utf8"),
    ),
  );

const OLD_TSVAL = 4_000_000;
/** TSval of the new SYN by the mode of the cell; undefined: no timestamps on one of the sides. */
const TSVALS: Readonly<Record<string, number | undefined>> = {
  "noTS->noTS": undefined,
  "noTS->TS": undefined,
  "TS->noTS": undefined,
  "TS->TS +1": OLD_TSVAL + 1,
  "TS->TS +100000": OLD_TSVAL + 100_000,
  "TS->TS equal": OLD_TSVAL,
  "TS->TS -1": OLD_TSVAL - 1,
  "TS->TS boot (100)": 100,
  "TS->TS tsval=0": 0,
  "TS->TS +2^31-1": serialAdd(OLD_TSVAL, 2 ** 31 - 1),
  "TS->TS +2^31": serialAdd(OLD_TSVAL, 2 ** 31),
};

function situation(cell: (typeof cells)[number]): SynSituation {
  const tsval = TSVALS[cell.mode];
  const times = tsval === undefined ? {} : { tsval, lastTsval: OLD_TSVAL };
  return { state: "TIME_WAIT", expected: cell.R, next: cell.S, isn: cell.new, ...times };
}

/** The answer in the words of the table. */
function inWords({ answer }: PeerReply, { next, expected, isn }: SynSituation): string {
  if (answer.kind === "ack") {
    const seq = serialDistance(next, answer.sequence);
    return `ACK seq=S+${seq} ack=R+${serialDistance(expected, answer.acknowledgement)}`;
  }
  if (answer.kind !== "syn-ack") return answer.kind;
  const step = serialDistance(next, answer.isn ?? next);
  return `SYN-ACK ack=new+${serialDistance(isn, answer.acknowledgement)} sISN=S+${step}`;
}

describe("the Linux model against the measured matrix", () => {
  it("covers all 99 cells, and every mode of them", () => {
    expect(cells).toHaveLength(99);
    expect(new Set(cells.map(({ mode }) => mode))).toEqual(new Set(Object.keys(TSVALS)));
  });

  it.each(cells)("$mode, $delta: $resp", (cell) => {
    const syn = situation(cell);
    const reply = replyToSyn(LINUX, syn);
    const measured = (cell.resp[0] ?? "").replace(/ (noTS|TS|TSecr=old)$/, "");
    expect(inWords(reply, syn)).toBe(measured);
    const [state, timer] = cell.post[0] ?? ["", ""];
    const seconds = /timewait,(\d+)sec/.exec(timer)?.[1];
    // The probe comes 2 s after TIME_WAIT began: 57 s left mean that it goes on, 59 that it restarted.
    const effect = state !== "TIME-WAIT" ? "ends" : seconds === "59" ? "restarts" : "goes-on";
    expect(reply.timer).toBe(effect);
  });
});

describe("the other servers", () => {
  const R = 1_841_260_671;
  const ask = (name: string, syn: Partial<SynSituation>) => {
    const model = PEERS.find((one): one is PeerModel => one.name === name);
    if (!model) throw new Error(`no model ${name}`);
    const base = { state: "TIME_WAIT", expected: R, next: 7, isn: R + 500_000 } as const;
    return replyToSyn(model, { ...base, ...syn }).answer.kind;
  };

  it("FreeBSD drops what is not ahead in silence, and timestamps do not help", () => {
    expect(ask("freebsd", {})).toBe("syn-ack");
    expect(ask("freebsd", { isn: R })).toBe("silence");
    expect(ask("freebsd", { isn: R - 9, tsval: 9000, lastTsval: 1 })).toBe("silence");
    expect(ask("freebsd", { tsval: 1, lastTsval: 9000 })).toBe("syn-ack");
  });

  it("OpenBSD takes a newer timestamp or a higher number", () => {
    expect(ask("openbsd", { isn: R - 9, tsval: 9000, lastTsval: 1 })).toBe("syn-ack");
    expect(ask("openbsd", { tsval: 1, lastTsval: 9000 })).toBe("syn-ack");
    expect(ask("openbsd", { isn: R - 9, tsval: 1, lastTsval: 9000 })).toBe("ack");
  });

  it("AIX refuses the trace of field case 1 by a plain ACK, and takes 2^31 - 1", () => {
    expect(ask("aix", { isn: 4_074_992_888 })).toBe("ack");
    expect(ask("aix", { isn: serialAdd(R, 2 ** 31 - 1) })).toBe("syn-ack");
    expect(ask("aix", { isn: serialAdd(R, 2 ** 31) })).toBe("ack");
  });

  it("lwIP never opens TIME_WAIT anew: RST inside the window, else ACK", () => {
    expect(ask("lwip", { isn: R })).toBe("rst");
    expect(ask("lwip", { isn: R + 65_534 })).toBe("rst");
    expect(ask("lwip", { isn: R + 65_535 })).toBe("ack");
    expect(ask("lwip", { isn: R + 100, window: 50 })).toBe("ack");
    expect(LWIP.timeWaitUs).toBe(120e6);
  });

  it("Linux refuses with RST inside the window where nobody owns the connection", () => {
    expect(ask("linux", { state: "FIN_WAIT_2_ORPHANED", isn: R + 1 })).toBe("rst");
    expect(ask("linux", { state: "SYN_RECV", isn: R + 1 })).toBe("rst");
    expect(ask("linux", { state: "SYN_RECV", isn: R - 1 })).toBe("ack");
  });

  it("every model has an answer in every state, and a challenge for one that stands", () => {
    const states: readonly PeerState[] = [
      "CLOSED",
      "SYN_RECV",
      "ESTABLISHED",
      "CLOSE_WAIT",
      "FIN_WAIT",
      "FIN_WAIT_2_ORPHANED",
      "LAST_ACK",
      "TIME_WAIT",
    ];
    for (const { name } of PEERS) {
      for (const state of states) expect(ask(name, { state, isn: R - 1 })).toBeTypeOf("string");
      expect(ask(name, { state: "ESTABLISHED" })).toBe("ack");
      expect(ask(name, { state: "CLOSED" })).toBe("syn-ack");
    }
  });
});
