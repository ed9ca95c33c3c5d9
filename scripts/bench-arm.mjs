// Prints the tables of docs/bench-arm.md: instructions a call, and flash and RAM of kit and firmware.
//   npm run bench:arm
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { IsnkitError } from "../dist/core/errors.js";
import { benchArm } from "../dist/emulated/arm-bench.js";

const ROOT = new URL("../build/firmware/", import.meta.url).pathname;

/** The kits for one kind of memory (boards/kit/kit.cmake). */
const MEMORIES = ["nor", "eeprom", "key_value"];

function table(head, rows) {
  const line = (cells) => `| ${cells.join(" | ")} |\n`;
  return line(head) + line(head.map(() => "---")) + rows.map(line).join("");
}

/** Flash and RAM of object files or programs, from the toolchain: text + data, data + bss. */
function sizes(files) {
  const lines = execFileSync("arm-none-eabi-size", files, { encoding: "utf8" }).trim().split("\n");
  return lines.slice(1).map((line) => {
    const [text, data, bss, , , name] = line.trim().split(/\s+/);
    return { name, flash: Number(text) + Number(data), ram: Number(data) + Number(bss) };
  });
}

/**
 * All of the kit, whether an application calls it or not. With wasm2c the module's bytes and its digest
 * are there only for applications that tell them.
 */
function kitSize(board, runtime) {
  const all = sizes([`${ROOT}${board}/libisnkit-${runtime}.a`]);
  const parts = runtime.startsWith("wasm2c")
    ? all.filter(({ name }) => name.startsWith("unity"))
    : all;
  const sum = (key) => parts.reduce((total, part) => total + part[key], 0);
  return [`kit, ${runtime}, ${board}`, sum("flash"), sum("ram")];
}

/** The part of a firmware's flash that comes from the kit: what of it the application calls, linked. */
function linkedKit(board, program) {
  const map = readFileSync(`${ROOT}${board}/${program}.map`, "utf8");
  const memory = map.slice(map.indexOf("Linker script and memory map"));
  let flash = 0;
  const parts = /^ \.(?:text|rodata|data)\S*\s+0x[0-9a-f]+\s+0x([0-9a-f]+) \S*libisnkit-/gm;
  for (const [, bytes = ""] of memory.matchAll(parts)) flash += Number.parseInt(bytes, 16);
  return [`of it in ${board}/${program}`, flash, ""];
}

async function main() {
  const [aot, interpreter] = [await benchArm("wasm2c"), await benchArm("wasm3")];
  const rows = aot.figures
    .filter(({ what }) => what !== "empty")
    .map(({ what, median, most }) => {
      const other = interpreter.figures.find((figure) => figure.what === what);
      return [what, median, most, other?.median ?? "–", other?.most ?? "–"];
    });
  rows.push(["lwIP's MD5 add-on (facts of the field)", 1438, "", "", ""]);
  const head = ["instructions", "wasm2c, median", "wasm2c, most", "wasm3, median", "wasm3, most"];
  process.stdout.write(`${table(head, rows)}\n`);
  const memory = [];
  for (const board of readdirSync(ROOT, { withFileTypes: true })) {
    if (!board.isDirectory()) continue;
    const kits = ["wasm2c", ...MEMORIES.map((memory) => `wasm2c-${memory}`), "wasm3"];
    for (const kit of kits) memory.push(kitSize(board.name, kit));
    const programs = readdirSync(ROOT + board.name).filter((name) => name.endsWith(".elf"));
    for (const program of programs.sort()) {
      const [{ flash, ram }] = sizes([`${ROOT}${board.name}/${program}`]);
      memory.push([`${board.name}/${program}`, flash, ram]);
      const name = program.slice(0, -".elf".length);
      if (/^(bench|mail)-wasm/.test(name)) memory.push(linkedKit(board.name, name));
    }
  }
  process.stdout.write(table(["bytes", "flash", "RAM"], memory));
  process.stdout.write(`\nwasm3's arena at least: ${interpreter.arenaBytes} bytes\n`);
  return 0;
}

process.exitCode = await main().catch((error) => {
  if (!(error instanceof IsnkitError)) throw error;
  process.stderr.write(`bench-arm: ${error.message}\n  next: ${error.next}\n`);
  return error.exitCode;
});
