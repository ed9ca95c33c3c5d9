/**
 * The adapter for FreeRTOS+TCP, with the calling conventions of V2.3, V3.1, V4.0 and V4.4 played to it: byte orders,
 * the local address 0 of V4, and the states that a socket goes through.
 */
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Counts, playCommands, sumOf } from "../support/commanded-program.ts";
import {
  compileHostProgram,
  describeWithCompiler,
  type HostProgram,
} from "../support/host-program.ts";

/** V4.0 and V4.4 call alike, and hold the same fields. */
const MAJOR_VERSIONS = { "V2.3": 2, "V3.1": 3, "V4.0 and V4.4": 4 } as const;

const folder = (name: string) => fileURLToPath(new URL(name, import.meta.url));

describeWithCompiler("isnkit in FreeRTOS+TCP", () => {
  describe.each(Object.entries(MAJOR_VERSIONS))("as %s calls", (_, version) => {
    let program: HostProgram;
    beforeAll(() => {
      program = compileHostProgram(
        [
          "test/integration/freertos/conventions.c",
          "test/integration/ledger/counted_module.c",
          "boards/freertos-plus-tcp/isnkit_freertos.c",
        ],
        [
          ...["-fsanitize=address", `-DISNKIT_FREERTOS_PROTOTYPES=${version}`],
          ...["-I", folder("ledger"), "-I", folder("../../boards/freertos-plus-tcp")],
        ],
      );
    }, 60_000);
    afterAll(() => program?.remove());

    const play = (...commands: string[]): Counts[] => playCommands(program, commands);

    it("refuses nothing over 40 refused, 40 silent, 40 reset, 40 aborted and 200 good ones in one boot", () => {
      for (const role of ["connect", "accept", "unbound"]) {
        const answers = play(
          ...["refused", "silent", "reset", "aborted"].map((kind) => `${role} ${kind} 40`),
          `${role} good 200`,
        );
        expect(sumOf(answers, "opened")).toBe(360);
        expect([sumOf(answers, "failed"), sumOf(answers, "refused")]).toEqual([0, 0]);
        expect([sumOf(answers, "abandoned"), sumOf(answers, "closed")]).toEqual([80, 280]);
        expect(answers.at(-1)).toMatchObject({ open: 0 });
      }
    });

    it("notices a connection that comes and goes within one turn of the IP task", () => {
      for (const role of ["connect", "accept"]) {
        expect(play(`${role} fast 3`)[0]).toMatchObject({ connected: 3, closed: 3, open: 0 });
      }
    });

    it("reports progress, and ends a connection whose reports are refused", () => {
      expect(play("connect busy 1")[0]).toMatchObject({ cut: 0, closed: 1 });
      const answers = play("refuse a 1000000", "connect busy 1", "refuse none 0", "turn");
      expect(answers[1]).toMatchObject({ cut: 1, closed: 1, open: 0 });
      expect(answers[1]?.refused).toBeLessThan(100);
    });

    it("lets go of a socket that was bound and never connected, or connected elsewhere", () => {
      expect(play("idle 40")[0]).toMatchObject({ failed: 0, abandoned: 40, open: 0 });
      expect(play("elsewhere good 40")[0]).toMatchObject({ failed: 0, closed: 40, open: 0 });
      expect(play("elsewhere silent 40")[0]).toMatchObject({ failed: 0, abandoned: 80, open: 0 });
    });

    it("tells of ends again that the module refused, and opens no more than it can follow until then", () => {
      for (const kind of ["silent", "good"]) {
        const answers = play("refuse c 1000000", `connect ${kind} 20`, "refuse none 0", "turn");
        expect(answers[1]).toMatchObject({ opened: 16, failed: 4, open: 16 });
        expect(answers[3]).toMatchObject({ open: 0 });
      }
    });

    it("leaves nothing open when a port or an ISN is refused", () => {
      for (const call of ["i", "p"]) {
        const answers = play(`refuse ${call} 2`, "connect good 3", "turn");
        expect(answers[1]).toMatchObject({ failed: 2, connected: 1, open: 0 });
      }
    });

    it("keeps no place for connections that it refused", () => {
      for (const role of ["connect", "accept", "unbound"]) {
        const answers = play("refuse i 40", `${role} good 40`, "refuse none 0", `${role} good 20`);
        expect(answers[1]).toMatchObject({ failed: 40, open: 0 });
        expect(answers[3]).toMatchObject({ failed: 0, connected: 20, open: 0 });
      }
    });

    it("takes the next port while another socket holds the one that it was given", () => {
      expect(play("occupy 3", "connect good 1")[1]).toMatchObject({
        failed: 0,
        opened: 4,
        open: 0,
      });
    });
  });
});
