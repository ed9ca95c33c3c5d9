/**
 * Module updates that end in a power cut (SIGKILL of QEMU, whose memory is a file that every store
 * reaches at once) or in an unplugged port: in every phase, and in the middle of the bytes.
 */
import { afterEach, beforeAll, expect, it } from "vitest";
import type { SerialLink } from "../../../host/console/serial-link.ts";
import type { DeviceModule } from "../../../host/flash/device-module.ts";
import type { FlashStep } from "../../../host/flash/flash-module.ts";
import { moduleImage } from "../../../host/flash/module-image.ts";
import {
  BUILT_MODULE,
  FlashLab,
  isForward,
  isn,
  type SlotsDevice,
} from "../../support/flash-lab.ts";
import { named } from "../../support/wasm-edit.ts";
import { buildFirmware, describeArm } from "../emulated/tools.ts";

describeArm("a module update that is broken off", () => {
  beforeAll(() => buildFirmware("mps2-an385"), 300_000);
  const lab = new FlashLab();
  afterEach(() => lab.dispose());

  interface Life {
    readonly module: string;
    readonly boots: number;
    readonly isn: number;
  }

  async function life(at: SlotsDevice): Promise<Life> {
    const { module, boots } = await at.device.started();
    return { module, boots, isn: await isn(at.device) };
  }

  /** What any restart has to leave: a module that runs, and the journal's count and numbers ahead. */
  function expectOn(now: DeviceModule & { isn: number }, before: Life, what: string): void {
    expect({ what, state: now.state }).toEqual({ what, state: 2 });
    expect(now.boots, what).toBeGreaterThan(before.boots);
    expect(isForward(before.isn, now.isn), what).toBe(true);
  }

  type Where =
    | { readonly step: FlashStep["step"]; readonly from?: number }
    | { readonly record: string }
    | { readonly written: number };

  /** Breaks the update off where it is told to, by `end`; the last words of the device may be lost. */
  function trap(where: Where, end: () => void) {
    let written = 0;
    const stream = (link: SerialLink) => ({
      input: link.input,
      write: async (bytes: Uint8Array) => {
        const limit = "written" in where ? where.written - written : Number.POSITIVE_INFINITY;
        written += bytes.length;
        if (bytes.length < limit) return link.write(bytes);
        await link.write(bytes.subarray(0, Math.max(0, limit)));
        end();
        return link.write(bytes.subarray(Math.max(0, limit)));
      },
    });
    return {
      stream,
      onRecord: (type: string) => {
        if ("record" in where && where.record === type) end();
      },
      onStep: (step: FlashStep) => {
        if (!("step" in where) || where.step !== step.step) return;
        if (step.step !== "sending" || step.bytes >= (where.from ?? 0)) end();
      },
    };
  }

  // Before the confirmation the old module has to come back; behind it the new one; at it either.
  const PLACES: readonly (readonly [string, Where, "old" | "new" | "either"])[] = [
    ["when the device is ready to receive", { record: "receive" }, "old"],
    ["in block 0", { written: 100 }, "old"],
    ["in the first block", { written: 600 }, "old"],
    ["between two blocks", { step: "sending", from: 3000 }, "old"],
    ["in the fifth block", { written: 5000 }, "old"],
    ["behind the last block", { step: "sending", from: BUILT_MODULE.length }, "old"],
    ["when all was received", { record: "received" }, "old"],
    ["before the check", { step: "checking" }, "old"],
    ["in the self test", { record: "checking" }, "old"],
    ["when the check is over", { record: "checked" }, "old"],
    ["in the trial", { step: "trying" }, "old"],
    ["when the confirmation is answered", { record: "confirmed" }, "either"],
    ["when it is confirmed", { step: "confirmed" }, "new"],
  ];

  /** An update of a board that already has a module in a slot, broken off at a place. */
  async function brokenOff(at: SlotsDevice, name: string, where: Where, end: () => void) {
    const trapped = trap(where, end);
    const image = moduleImage(named(BUILT_MODULE, name));
    const watched = await lab.attached(at.board, at.path, {
      stream: trapped.stream,
      onEvent: (event) => {
        if (event.kind === "record") trapped.onRecord(event.record.type);
      },
    });
    const outcome = await lab
      .flash(watched, image.bytes, { onStep: trapped.onStep })
      .catch((error: unknown) => error);
    await watched.link.close();
    return { image, outcome };
  }

  it("by a power cut, in every phase, leaves the old module or the confirmed new one", async () => {
    const board = await lab.blankBoard();
    let at = await provisionedOn(board);
    let before = await life(at);
    for (const [what, where, expected] of PLACES) {
      await at.link.close();
      let cut: Promise<void> | undefined;
      const { image, outcome } = await brokenOff(at, what, where, () => {
        cut ??= board.cutPower();
      });
      expect(cut, what).toBeDefined();
      await cut;
      if (expected === "old") expect(outcome, what).toBeInstanceOf(Error);
      at = await lab.powered(board);
      let now = { ...(await at.device.started()), isn: await isn(at.device) };
      expectOn(now, before, what);
      if (now.trial) {
        // The cut came between the check and the restart into the trial: that ends at the next start.
        expect({ what, tried: now.module }).toEqual({ what, tried: image.sha256 });
        const tried = { module: now.module, boots: now.boots, isn: now.isn };
        await lab.cut(at);
        at = await lab.powered(board);
        now = { ...(await at.device.started()), isn: await isn(at.device) };
        expectOn(now, tried, what);
      }
      const found = now.module === image.sha256 ? "new" : "old";
      if (found === "old") expect(now.module, what).toBe(before.module);
      if (expected !== "either") expect({ what, found }).toEqual({ what, found: expected });
      expect({ what, trial: now.trial }).toEqual({ what, trial: false });
      before = { module: now.module, boots: now.boots, isn: now.isn };
    }
    // Whatever was left behind, the next update goes through.
    const last = await lab.flash(at, named(BUILT_MODULE, "last"));
    expect(last.after).toMatchObject({ last: "confirmed" });
  }, 240_000);

  it("by an unplugged port leaves a device that the next update finds", async () => {
    const board = await lab.blankBoard();
    let at = await provisionedOn(board);
    let before = await life(at);
    const places = PLACES.filter(([what]) =>
      ["in the first block", "when all was received", "in the self test", "in the trial"].includes(
        what,
      ),
    );
    for (const [what, where] of places) {
      await at.link.close();
      const closing: { link?: SerialLink } = {};
      const trapped = trap(where, () => void closing.link?.close());
      const watched = await lab.attached(board, at.path, {
        stream: trapped.stream,
        onEvent: (event) => {
          if (event.kind === "record") trapped.onRecord(event.record.type);
        },
      });
      closing.link = watched.link;
      const image = moduleImage(named(BUILT_MODULE, what));
      await expect(
        lab.flash(watched, image.bytes, { onStep: trapped.onStep }),
        what,
      ).rejects.toMatchObject({ code: expect.stringMatching(/^port-/) });
      // The same port again, without any restart; the device may be in the middle of anything.
      at = await lab.attached(board, at.path);
      const done = await lab.flash(at, named(BUILT_MODULE, `${what}, again`));
      expect(done.before.module, what).toBe(before.module);
      expect(done.after, what).toMatchObject({ last: "confirmed", trial: false });
      const now = await life(at);
      expect(now.boots, what).toBeGreaterThan(before.boots);
      expect(isForward(before.isn, now.isn), what).toBe(true);
      before = now;
    }
  }, 240_000);

  /** With a key, and a module in a slot, so that the old one is not the built-in one. */
  async function provisionedOn(board: Awaited<ReturnType<FlashLab["blankBoard"]>>) {
    const at = await lab.powered(board);
    await at.device.started();
    const key = "10112233445566778899aabbccddeeff";
    await at.device.command({ do: "provision", key, options: 2 }, "status");
    await lab.flash(at, named(BUILT_MODULE, "old"));
    return at;
  }
});
