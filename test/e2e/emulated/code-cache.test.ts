import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { deviceState } from "../../../host/console/conformance-device.ts";
import { decimalField } from "../../../host/console/console-record.ts";
import { COUNTER_HZ, FirmwareCarrier, GEOMETRY, NodeCarrier } from "./module-carriers.ts";
import { runScript } from "./module-script.ts";
import { buildFirmware, describeArm } from "./tools.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
/** Trap of runtime.h: no room for the module. */
const MEMORY = 5;
/** The tables, the longest function, and little more: nearly every call finds another function's code. */
const TIGHT_ARENA_BYTES = 5_632;
const TOO_SMALL_ARENA_BYTES = 4_096;

/** Above this argument `counter` runs the loops below. */
const FROM = 1000;

/**
 * What compiled modules of this project seldom have: a table of branches with results, as a switch, in two loops
 * whose code is thrown out while they run.
 */
const LOOPS = `
  (func $long (param i32) (result i32)
    ${"local.get 0 i32.const 33 i32.mul i32.const 7 i32.add local.set 0\n".repeat(140)}
    local.get 0)
  (func $pick (param i32) (result i32)
    (block (result i32)
      (block (result i32)
        (block (result i32)
          i32.const 11
          local.get 0
          br_table 0 1 2 1)
        i32.const 5
        i32.add)
      i32.const 7
      i32.mul))
  (func $again (param i32) (result i32) (local i32)
    (loop
      (block (block (block
        local.get 0
        i32.const 3
        i32.and
        br_table 0 1 2)
        local.get 1
        i32.const 3
        i32.add
        local.set 1)
        local.get 1
        i32.const 5
        i32.mul
        local.set 1)
      local.get 0
      i32.const 1
      i32.sub
      local.tee 0
      br_if 0)
    local.get 1)
  (func $loops (param i32) (result i32) (local i32 i32 i32)
    (loop
      i32.const 4
      local.set 2
      (loop
        local.get 3
        i32.const 31
        i32.mul
        local.get 2
        call $pick
        i32.add
        call $long
        local.get 0
        i32.const 990
        i32.sub
        call $again
        i32.add
        local.set 3
        local.get 2
        i32.const 1
        i32.sub
        local.tee 2
        br_if 0)
      local.get 1
      i32.const 1
      i32.add
      local.tee 1
      i32.const 6
      i32.lt_u
      br_if 0)
    local.get 3)
`;

/** The module with those loops in `counter`. */
function moduleWithLoops(folder: string): string {
  const source = join(folder, "loops.wat");
  execFileSync("wasm2wat", [`${ROOT}build/isnkit.wasm`, "-o", source]);
  const text = readFileSync(source, "utf8");
  const index = (name: string) => {
    const found = new RegExp(`\\(export "${name}" \\(func (\\d+)\\)\\)`).exec(text)?.[1];
    if (found === undefined) throw new Error(`no export ${name}`);
    return found;
  };
  const head = new RegExp(
    `(\\(func \\(;${index("counter")};\\) \\(type \\d+\\) \\(param i32\\) \\(result i32\\)(?:\\s*\\(local [^)]*\\))?)`,
  );
  if (!head.test(text)) throw new Error("no body of counter");
  const entry = `local.get 0 i32.const ${FROM} i32.ge_u if local.get 0 call $loops return end`;
  const spoiled = text.replace(head, `$1\n    ${entry}`).replace(/\)\s*$/, `${LOOPS})\n`);
  writeFileSync(source, spoiled);
  const wasm = join(folder, "loops.wasm");
  execFileSync("wat2wasm", [source, "-o", wasm]);
  return wasm;
}

describeArm("wasm3 with a small cache of compiled code", () => {
  let folder = "";
  const open: { dispose(): Promise<void> }[] = [];

  function build(name: string, ...options: string[]): string {
    const to = join(folder, name);
    const toolchain = `${ROOT}boards/cortex-m/arm-none-eabi.cmake`;
    execFileSync("cmake", [
      ...["-S", `${ROOT}boards`, "-B", to, "-G", "Ninja", "--toolchain", toolchain],
      ...["-DISNKIT_BOARD=lm3s6965evb", ...options],
    ]);
    execFileSync("nice", ["cmake", "--build", to, "-t", "conformance-wasm3"]);
    return join(to, "conformance-wasm3.elf");
  }
  const device = async (firmware: string) => {
    const carrier = await FirmwareCarrier.open("qemu:lm3s6965evb:wasm3", { firmware });
    open.push(carrier);
    return carrier;
  };

  beforeAll(() => {
    buildFirmware("lm3s6965evb");
    folder = mkdtempSync(join(tmpdir(), "isnkit-cache-"));
  }, 300_000);
  afterEach(async () => {
    await Promise.all(open.splice(0).map((carrier) => carrier.dispose()));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("gives the same numbers when the code of callers is thrown out under them", async () => {
    const firmware = await device(build("tight", `-DISNKIT_ARENA_BYTES=${TIGHT_ARENA_BYTES}`));
    const node = new NodeCarrier();
    open.push(node);
    const expected = await runScript(node, 4, 60);
    expect(await runScript(firmware, 4, 60)).toEqual(expected);
    await firmware.cutPower();
    expect(Buffer.from(await firmware.storage()).equals(await node.storage())).toBe(true);
    expect(expected.filter((line) => line === "state() = 2").length).toBeGreaterThan(1);
  }, 300_000);

  it("finds back into loops, and branches by tables", async () => {
    const wasm = moduleWithLoops(folder);
    const arena = `-DISNKIT_ARENA_BYTES=${TIGHT_ARENA_BYTES}`;
    const firmware = await device(build("loops", arena, `-DISNKIT_WASM=${wasm}`));
    const node = new NodeCarrier(GEOMETRY, COUNTER_HZ, wasm);
    open.push(node);
    for (const carrier of [node, firmware]) await carrier.start(1_000_000);
    const answers = new Set<number>();
    for (let argument = FROM; argument < FROM + 8 * 4; argument += 4) {
      const expected = await node.call("counter", argument);
      expect(await firmware.call("counter", argument)).toBe(expected);
      answers.add(expected);
    }
    expect(answers.size).toBe(8);
  }, 300_000);

  it("refuses to start when a function has no room", async () => {
    const arena = `-DISNKIT_ARENA_BYTES=${TOO_SMALL_ARENA_BYTES}`;
    const session = await (await device(build("too-small", arena))).powerOn();
    const started = await session.command({ do: "start" });
    expect(deviceState(started).state).toBe("off");
    expect(decimalField(started, "trap")).toBe(MEMORY);
  }, 300_000);
});
