/** The kit's hook in lwIP keeps what docs/abi.md asks of callers, also when the module refuses. */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  compileHostProgram,
  describeWithCompiler,
  type HostProgram,
} from "../support/host-program.ts";

const HEADERS = fileURLToPath(new URL("../../build/third-party/lwip/src/include", import.meta.url));
const LEFT_OUT = !existsSync(HEADERS) && process.env.ISNKIT_REQUIRE_ALL !== "1";
if (LEFT_OUT) console.warn("left out: the lwIP hook (no lwIP sources; run scripts/setup-arm)");

/** lwIP's `enum tcp_state`, and flags of RFC 9293 §3.1. */
const STATE = {
  ...{ listen: 1, established: 4, finWait1: 5, finWait2: 6, closeWait: 7 },
  ...{ closing: 8, lastAck: 9, timeWait: 10 },
};
const FLAG = { fin: 1, rst: 4, ack: 16 };

describe.skipIf(LEFT_OUT)("isnkit in lwIP", () => {
  describeWithCompiler("when a segment comes in", () => {
    let program: HostProgram;
    beforeAll(() => {
      program = compileHostProgram(
        ["test/integration/firmware-lwip.c", "boards/lwip/isnkit_lwip.c"],
        ["-std=gnu11", "-I", "boards/lwip", "-isystem", HEADERS],
      );
    }, 60_000);
    afterAll(() => program.remove());

    function hook(state: number, flags: number, next: number, answer: number, peerNext = 0) {
      const input = `${state} ${flags} ${next} ${peerNext} ${answer}\n`;
      return execFileSync(program.path, { input, encoding: "utf8" }).trim();
    }

    it("reports progress while the connection may send, and its end from its FIN on", () => {
      expect(hook(STATE.established, FLAG.ack, 100, 1)).toBe("advance 100 taken");
      expect(hook(STATE.closeWait, FLAG.ack, 4_000_000_000, 1)).toBe("advance 4000000000 taken");
      const { finWait1, finWait2, closing, lastAck, timeWait } = STATE;
      for (const state of [finWait1, finWait2, closing, lastAck, timeWait]) {
        expect(hook(state, FLAG.ack, 7, 1)).toBe("close 7 taken");
      }
      expect(hook(STATE.listen, FLAG.ack, 7, 0)).toBe("none 0 taken");
    });

    it("counts the peer's FIN among what the peer has used", () => {
      const ended = (flags: number, peerNext: number) =>
        hook(STATE.finWait2, flags, 7, 1, peerNext);
      expect(ended(FLAG.ack, 500)).toBe("close 7 from 500 taken");
      expect(ended(FLAG.fin | FLAG.ack, 500)).toBe("close 7 from 501 taken");
    });

    it("stops the connection while the module refuses, and tries again with the next segment", () => {
      expect(hook(STATE.established, FLAG.ack, 100, 0)).toBe("advance 100 dropped");
      expect(hook(STATE.lastAck, FLAG.ack, 100, 0)).toBe("close 100 dropped");
    });

    it("lets an RST end the connection all the same", () => {
      expect(hook(STATE.established, FLAG.rst, 100, 0)).toBe("advance 100 taken");
      expect(hook(STATE.finWait1, FLAG.rst, 100, 0)).toBe("close 100 taken");
    });
  });
});
