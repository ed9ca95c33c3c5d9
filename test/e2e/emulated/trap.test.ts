import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { deviceState } from "../../../host/console/conformance-device.ts";
import { decimalField, hexField } from "../../../host/console/console-record.ts";
import { reasonName } from "../../../host/sources/console-samples.ts";
import { FirmwareCarrier } from "./module-carriers.ts";
import { buildFirmware, describeArm } from "./tools.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

/** Traps of runtime.h. */
const BOUNDS = 1;
const UNREACHABLE = 2;

/** How many bytes of the page the kit has. */
const PAGE = { wasm2c: 4096, wasm3: 2048 } as const;
/** The offsets of the accesses at an address that is an argument: one into the margin of wasm2c, one beyond. */
const NEAR = 8;
const FAR = 1000;

/**
 * The module, with `unreachable` in `port4`, an access behind the page in `syn4`, and accesses at the first
 * argument in `isn6`, `timestamp6` and `advance6`.
 */
function spoiledModule(folder: string): string {
  const source = join(folder, "spoiled.wat");
  execFileSync("wasm2wat", [`${ROOT}build/isnkit.wasm`, "-o", source]);
  const spoil = (text: string, name: string, code: string) => {
    const index = new RegExp(`\\(export "${name}" \\(func (\\d+)\\)\\)`).exec(text)?.[1];
    const head = new RegExp(
      `(\\(func \\(;${index};\\) \\(type \\d+\\)(?: \\(param [^)]*\\))?(?: \\(result [^)]*\\))?(?:\\s*\\(local [^)]*\\))?)`,
    );
    if (!head.test(text)) throw new Error(`no body of ${name}`);
    return text.replace(head, `$1\n    ${code}`);
  };
  let text = readFileSync(source, "utf8");
  text = spoil(text, "port4", "unreachable");
  text = spoil(text, "syn4", "i32.const 4093 i32.load drop");
  text = spoil(text, "isn6", `local.get 0 i32.load offset=${NEAR} return`);
  text = spoil(text, "timestamp6", `local.get 0 i32.load offset=${FAR} return`);
  text = spoil(
    text,
    "advance6",
    `local.get 0 i32.const 7 i32.store offset=${NEAR} i32.const 0 return`,
  );
  writeFileSync(source, text);
  const wasm = join(folder, "spoiled.wasm");
  execFileSync("wat2wasm", [source, "-o", wasm]);
  return wasm;
}

describeArm("a trap inside the module", () => {
  let folder = "";

  beforeAll(() => {
    buildFirmware("lm3s6965evb");
    folder = mkdtempSync(join(tmpdir(), "isnkit-trap-"));
    const wasm = spoiledModule(folder);
    const build = join(folder, "firmware");
    const toolchain = `${ROOT}boards/cortex-m/arm-none-eabi.cmake`;
    execFileSync("cmake", [
      ...["-S", `${ROOT}boards`, "-B", build, "-G", "Ninja", "--toolchain", toolchain],
      ...["-DISNKIT_BOARD=lm3s6965evb", `-DISNKIT_WASM=${wasm}`],
    ]);
    execFileSync("nice", [
      "cmake",
      "--build",
      build,
      "-t",
      "conformance-wasm2c",
      "conformance-wasm3",
    ]);
  }, 300_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  for (const runtime of ["wasm2c", "wasm3"] as const) {
    it(`lets ${runtime} reach all of the page, and nothing behind it`, async () => {
      const carrier = await FirmwareCarrier.open(`qemu:lm3s6965evb:${runtime}`, {
        firmware: join(folder, "firmware", `conformance-${runtime}.elf`),
      });
      try {
        const session = await carrier.powerOn();
        const end = PAGE[runtime];
        for (const [fn, address, expected] of [
          ["isn6", end - NEAR - 4, 0],
          ["isn6", end, BOUNDS],
          ["isn6", 2 ** 32 - 1, BOUNDS],
          ["isn6", 2 ** 32 - NEAR, BOUNDS],
          ["timestamp6", end - FAR - 4, 0],
          ["timestamp6", end - FAR - 3, BOUNDS],
          ["timestamp6", 2 ** 32 - FAR, BOUNDS],
          ["advance6", end - NEAR - 4, 0],
          ["advance6", end, BOUNDS],
          ["advance6", 2 ** 32 - NEAR, BOUNDS],
        ] as const) {
          await session.command({ do: "start" });
          const answer = await session.command({ do: "call", fn, a: address });
          const trap = decimalField(answer, "trap");
          expect({ fn, address, trap }).toEqual({ fn, address, trap: expected });
        }
      } finally {
        await carrier.dispose();
      }
    });

    it.each([
      ["port4", { do: "run", count: 1 }, UNREACHABLE],
      ["syn4", { do: "verdict" }, BOUNDS],
    ] as const)(
      `ends the call ${runtime}: %s, then every call is refused until the next start`,
      async (_, command, trap) => {
        const carrier = await FirmwareCarrier.open(`qemu:lm3s6965evb:${runtime}`, {
          firmware: join(folder, "firmware", `conformance-${runtime}.elf`),
        });
        try {
          const session = await carrier.powerOn();
          await session.command({ do: "start" });
          const key = "00112233445566778899aabbccddeeff";
          const before = deviceState(await session.command({ do: "provision", key, options: 2 }));
          expect(before.state).toBe("ready");

          // Refused by a record of its own, or by the value 0.
          const told = session.record(
            ({ type }) => type === "refused" || type === "value",
            "what became of the call",
          );
          await session.command(command);
          const trapped = await told;
          expect(hexField(trapped, "v") ?? 0).toBe(0);
          expect(reasonName(decimalField(trapped, "reason") ?? 0)).toBe("trap");
          expect(decimalField(trapped, "trap")).toBe(trap);

          const refused = session.record(({ type }) => type === "refused", "the refusal");
          await session.command({ do: "run", count: 1 });
          expect(reasonName(decimalField(await refused, "reason") ?? 0)).toBe("trap");

          const again = deviceState(await session.command({ do: "start" }));
          expect(again).toMatchObject({ state: "ready", boots: before.boots + 1, trap: 0 });
        } finally {
          await carrier.dispose();
        }
      },
    );
  }
});
