/** Module updates of an emulated board behind a pseudo-terminal, by node-serialport. */
import { afterEach, beforeAll, expect, it } from "vitest";
import { openSerialLink } from "../../../host/console/serial-link.ts";
import type { ModuleFlashOptions } from "../../../host/flash/flash-module.ts";
import { moduleImage } from "../../../host/flash/module-image.ts";
import {
  BUILT_MODULE,
  FlashLab,
  isForward,
  isn,
  type SlotsDevice,
} from "../../support/flash-lab.ts";
import { USED_BYTES } from "../../support/slots-board.ts";
import { named, OP, withBody, withName } from "../../support/wasm-edit.ts";
import { buildFirmware, describeArm } from "../emulated/tools.ts";

describeArm("a module over the console", () => {
  beforeAll(() => buildFirmware("mps2-an385"), 300_000);
  const lab = new FlashLab();
  afterEach(() => lab.dispose());

  const flash = (at: SlotsDevice, bytes: Uint8Array, more: Partial<ModuleFlashOptions> = {}) =>
    lab.flash(at, bytes, more);

  it("goes into the slot that does not run, and the device tells its hash", async () => {
    const at = await lab.provisioned();
    const one = named(BUILT_MODULE, "one");
    const two = named(BUILT_MODULE, "two");
    const isnBefore = await isn(at.device);
    const first = await flash(at, one);
    expect(first.before).toMatchObject({ slot: "built-in", boots: 1 });
    expect(first.after).toMatchObject({
      slot: "a",
      boots: 2,
      module: moduleImage(one).sha256,
      trial: false,
      last: "confirmed",
    });
    const second = await flash(at, two);
    expect(second.after).toMatchObject({ slot: "b", boots: 3 });
    const same = await flash(at, two);
    expect(same).toMatchObject({ unchanged: true, after: { slot: "b", boots: 3 } });
    await at.device.restart("reset");
    expect(await at.device.started()).toMatchObject({
      slot: "b",
      module: second.after.module,
      boots: 4,
    });
    expect(isForward(isnBefore, await isn(at.device))).toBe(true);
  }, 60_000);

  /** In the self test the counter stands near 0; on a real one it passes this in a quarter of a second. */
  const onRealTime = (bad: readonly number[]) => [
    ...OP.call(0),
    ...OP.i32(400_000),
    ...OP.greater,
    ...OP.if,
    ...bad,
    ...OP.end,
    ...OP.i32(2),
    ...OP.end,
  ];

  // Each with the reason that the device gives, and whether the old module has to come back by a restart.
  const broken: readonly [string, string, () => Uint8Array][] = [
    ["another import", "import", () => withName(BUILT_MODULE, "import", "ticks", "tocks")],
    ["a missing export", "export", () => withName(BUILT_MODULE, "export", "poll", "pole")],
    ["half a module", "truncated", () => BUILT_MODULE.subarray(0, 4000)],
    [
      "another ABI version",
      "abi",
      () => withBody(BUILT_MODULE, "version", [...OP.i32(0x20000), ...OP.end]),
    ],
    [
      "numbers that are not SipHash's",
      "isn4",
      () => withBody(BUILT_MODULE, "isn4", [...OP.i32(4711), ...OP.end]),
    ],
    [
      "a trap in its self test",
      "isn4",
      () => withBody(BUILT_MODULE, "isn4", [...OP.unreachable, ...OP.end]),
    ],
    [
      "an endless loop in its self test",
      "watchdog",
      () => withBody(BUILT_MODULE, "isn4", [...OP.hang, ...OP.zero, ...OP.end]),
    ],
    [
      "a key of its own",
      "rehearsal",
      () => withBody(BUILT_MODULE, "fingerprint", [...OP.i32(0xdd0e0e31), ...OP.end]),
    ],
    [
      "a store outside its page",
      "isn4",
      () =>
        withBody(BUILT_MODULE, "isn4", [
          ...[...OP.i32(0x21000000 - 0x20000000), ...OP.zero, 0x36, 2, 0],
          ...[...OP.zero, ...OP.end],
        ]),
    ],
  ];
  it("that is broken is refused with the reason, and the old one runs on", async () => {
    const at = await lab.provisioned();
    const old = named(BUILT_MODULE, "old");
    await flash(at, old);
    let before = await at.device.started();
    let isnBefore = await isn(at.device);
    for (const [what, why, make] of broken) {
      const refused = await flash(at, make()).catch((error: unknown) => error);
      const message = expect.stringContaining(`(${why})`);
      expect({ what, refused }).toMatchObject({
        refused: { code: "module-rejected", message, exitCode: 3 },
      });
      const after = await at.device.started();
      expect({ what, after }).toMatchObject({
        after: { slot: "a", module: moduleImage(old).sha256, trial: false, state: 2 },
      });
      expect(after.boots).toBeGreaterThanOrEqual(before.boots);
      const isnAfter = await isn(at.device);
      expect(isForward(isnBefore, isnAfter)).toBe(true);
      [before, isnBefore] = [after, isnAfter];
    }
    // And it takes a good one afterwards.
    expect((await flash(at, named(BUILT_MODULE, "good"))).after).toMatchObject({ slot: "b" });
  }, 120_000);

  it("whose bytes are not those of its hash is never run", async () => {
    const at = await lab.provisioned();
    const image = { ...moduleImage(BUILT_MODULE), bytes: named(BUILT_MODULE, "evil") };
    await expect(
      flash(at, BUILT_MODULE, { image: { ...image, sha256: "0".repeat(64) } }),
    ).rejects.toMatchObject({ code: "module-rejected", message: expect.stringContaining("(sha)") });
    // By hand, past the check of the host.
    const { device } = at;
    await lab.send(at, named(BUILT_MODULE, "x"));
    const answer = await device.command({ do: "try", sha: "0".repeat(64) }, "checked");
    expect(Object.fromEntries(answer.fields)).toMatchObject({ ok: "0", why: "sha" });
    expect(await device.about()).toMatchObject({ slot: "built-in", boots: 1 });
  }, 60_000);

  it("that is larger than a slot is not taken", async () => {
    const at = await lab.provisioned();
    await expect(flash(at, new Uint8Array(25_000))).rejects.toMatchObject({
      message: expect.stringContaining("a slot 24576"),
    });
    expect(await at.device.about()).toMatchObject({ slot: "built-in" });
    // The device says what became of it to whoever believes that it is there.
    const { sha256 } = moduleImage(BUILT_MODULE);
    const answer = await at.device.command({ do: "try", sha: sha256 }, "checked");
    expect(Object.fromEntries(answer.fields)).toMatchObject({
      ok: "0",
      why: "nothing-received",
      transfer: "cancelled",
    });
  }, 60_000);

  it("that hangs on trial is ended by the watchdog", async () => {
    const at = await lab.provisioned();
    const hangs = withBody(BUILT_MODULE, "poll", onRealTime([0x03, 0x40, 0x0c, 0x00, 0x0b]));
    await expect(flash(at, hangs)).rejects.toMatchObject({
      code: "module-rejected",
      message: expect.stringContaining("(watchdog)"),
    });
    expect(await at.device.started()).toMatchObject({
      slot: "built-in",
      trial: false,
      state: 2,
      boots: 3,
    });
  }, 60_000);

  it("that traps on trial is taken back by the device itself", async () => {
    const at = await lab.provisioned();
    const traps = withBody(BUILT_MODULE, "poll", onRealTime(OP.unreachable));
    await expect(flash(at, traps)).rejects.toMatchObject({
      code: "module-rejected",
      message: expect.stringContaining("(trapped)"),
    });
    expect(await at.device.about()).toMatchObject({ slot: "built-in", trial: false });
  }, 60_000);

  it("is given up at Ctrl-C, at whatever step, and the old one runs", async () => {
    const at = await lab.provisioned();
    const old = moduleImage(named(BUILT_MODULE, "old")).sha256;
    await flash(at, named(BUILT_MODULE, "old"));
    for (const stop of ["sending", "checking", "trying"] as const) {
      const abort = new AbortController();
      const outcome = flash(at, named(BUILT_MODULE, stop), {
        signal: abort.signal,
        onStep: (step) => {
          const isMiddle = step.step !== "sending" || step.bytes > 4000;
          if (step.step === stop && isMiddle) abort.abort();
        },
      });
      await expect(outcome).rejects.toThrow("interrupted");
      expect(await at.device.find()).toMatchObject({ module: old, trial: false });
    }
  }, 60_000);

  it("takes the journal along only when told to, and then the device keeps quiet", async () => {
    const at = await lab.provisioned();
    const done = await flash(at, named(BUILT_MODULE, "w"), { wipeJournal: true });
    expect(done).toMatchObject({ journalWiped: true, after: { state: 1, journal: "wiped" } });
    // Even a production line that takes it for a new device cannot talk it out of its quiet time.
    const key = "0f0e0d0c0b0a09080706050403020100";
    const status = await at.device.command({ do: "provision", key, options: 2 }, "status");
    expect(status.fields.get("state")).toBe("3");
    expect(Number(status.fields.get("quiet-ms"))).toBeGreaterThan(230_000);
    expect(await at.device.about()).toMatchObject({ module: done.after.module, slot: "a" });
  }, 60_000);

  it("ends a wipe that a power cut broke off", async () => {
    const at = await lab.provisioned();
    await flash(at, named(BUILT_MODULE, "w"));
    const journal = (await at.board.readMemory()).slice(0, 8192);
    await flash(at, named(BUILT_MODULE, "x"), { wipeJournal: true });
    await lab.cut(at);
    // The memory as it is when the power fails behind the log's record and before the first sector.
    const memory = await at.board.readMemory();
    const log = memory.subarray(0x2000, 0x3000);
    const wiped = lastRecord(log);
    log.fill(0xff, wiped, wiped + 96);
    memory.set(journal, 0);
    expect(memory).toHaveLength(USED_BYTES);
    await at.board.writeMemory(memory);
    const again = await lab.powered(at.board);
    expect(await again.device.started()).toMatchObject({ state: 1, journal: "wiped" });
  }, 60_000);

  it("is not taken on a port where something else speaks", async () => {
    const at = await lab.provisioned();
    const link = await openSerialLink({ path: at.path, baud: 115_200 }).catch((error) => error);
    expect(link).toMatchObject({ code: "port-busy" });
  }, 60_000);
});

/** Where the newest record of the slots' log lies. */
function lastRecord(log: Uint8Array): number {
  const view = new DataView(log.buffer, log.byteOffset, log.length);
  let [found, newest] = [-1, -1];
  for (const sector of [0, 2048]) {
    for (let at = sector; at + 96 <= sector + 2048; at += 96) {
      if (view.getUint32(at, true) !== 0x314c5369 || view.getUint32(at + 4, true) < newest)
        continue;
      newest = view.getUint32(at + 4, true);
      found = at;
    }
  }
  return found;
}
