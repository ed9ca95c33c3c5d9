/** What a device meets when it goes on talking: answers, resets and retries, over all models. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { serialAdd } from "../../../host/core/serial.ts";
import { PEERS } from "../../../host/peers/index.ts";
import { LINUX } from "../../../host/peers/linux.ts";
import { LWIP } from "../../../host/peers/lwip.ts";
import { type PeerState, replyToSyn, stateAfterReset } from "../../../host/peers/peer-model.ts";

const R = 0xffff_fff0;
const S = 7000;
const STATES: readonly PeerState[] = [
  "CLOSED",
  "SYN_RECV",
  "ESTABLISHED",
  "CLOSE_WAIT",
  "FIN_WAIT",
  "FIN_WAIT_2_ORPHANED",
  "LAST_ACK",
  "CLOSING",
  "TIME_WAIT",
];
const u32 = fc.nat(2 ** 32 - 1);

describe("a dialogue with a server", () => {
  it("has an answer for every model, state and number, and the same one each time", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...PEERS),
        fc.constantFrom(...STATES),
        u32,
        u32,
        fc.option(u32, { nil: undefined }),
        (model, state, expected, isn, tsval) => {
          const times = tsval === undefined ? {} : { tsval, lastTsval: 4_000_000 };
          const syn = Object.freeze({ state, expected, next: S, isn, ...times });
          const reply = replyToSyn(model, syn);
          expect(replyToSyn(model, syn)).toEqual(reply);
          const after = { "syn-ack": "SYN_RECV", rst: "CLOSED", ack: state, silence: state };
          expect(reply.state).toBe(after[reply.answer.kind]);
        },
      ),
    );
  });

  it("goes through refusal, RST and retry on Linux, unless tcp_rfc1337 is set", () => {
    const syn = { expected: R, next: S, isn: serialAdd(R, -50) };
    const refused = replyToSyn(LINUX, { state: "TIME_WAIT", ...syn });
    expect(refused).toMatchObject({
      answer: { kind: "ack", acknowledgement: R },
      state: "TIME_WAIT",
    });
    const rst = { state: refused.state, expected: R, sequence: R };
    expect(stateAfterReset(LINUX, rst)).toBe("CLOSED");
    expect(replyToSyn(LINUX, { state: "CLOSED", ...syn }).answer.kind).toBe("syn-ack");
    expect(stateAfterReset(LINUX, { ...rst, rfc1337: true })).toBe("TIME_WAIT");
  });

  it("does not get past TIME_WAIT by RST where the server protects it", () => {
    const kept = PEERS.filter(
      (model) =>
        stateAfterReset(model, { state: "TIME_WAIT", expected: R, sequence: R }) !== "CLOSED",
    );
    expect(kept.map(({ name }) => name)).toEqual(["freebsd", "aix", "lwip"]);
    expect(LWIP.resetEndsTimeWait).toBe(false);
  });

  it("ends a half-open connection by a RST with the exact number only", () => {
    for (const model of PEERS) {
      const state = "ESTABLISHED" as const;
      expect(stateAfterReset(model, { state, expected: R, sequence: R })).toBe("CLOSED");
      expect(stateAfterReset(model, { state, expected: R, sequence: R + 1 })).toBe(state);
    }
  });

  it("takes at most 10 microseconds a question, on any machine", () => {
    const ask = (isn: number) =>
      replyToSyn(LINUX, {
        state: "TIME_WAIT",
        expected: R,
        next: S,
        isn,
        tsval: isn,
        lastTsval: S,
      });
    for (let i = 0; i < 20_000; i++) ask(i);
    const startNs = process.hrtime.bigint();
    for (let i = 0; i < 100_000; i++) ask(Math.imul(i, 0x9e3779b1) >>> 0);
    expect(Number(process.hrtime.bigint() - startNs) / 100_000).toBeLessThan(10_000);
  });
});
