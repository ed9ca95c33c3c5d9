// Prints the tables of docs/bench-arm.md: instructions a call, and flash and RAM of kit and firmware.
//   npm run bench:arm
import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { benchArm } from "../dist/boards/arm-bench.js";
import { IsnkitError } from "../dist/core/errors.js";

const ROOT = new URL("../build/firmware/", import.meta.url).pathname;

function table(head, rows) {
  const line = (cells) => `| ${cells.join(" | ")} |\n`;
  return line(head) + line(head.map(() => "---")) + rows.map(line).join("");
}

/** Flash and RAM of object files or programs, from the toolchain: text + data, data + bss. */
function sizes(files) {
  const lines = execFileSync("arm-none-eabi-size", files, { encoding: "utf8" }).trim().split("\n");
  return lines.slice(1).map((line) => {
    const [text, data, bss] = line.trim().split(/\s+/).map(Number);
    return { flash: text + data, ram: data + bss };
  });
}

function kitSize(board, runtime) {
  const parts = sizes([`${ROOT}${board}/libisnkit-${runtime}.a`]);
  const sum = (key) => parts.reduce((total, part) => total + part[key], 0);
  return [`kit, ${runtime}, ${board}`, sum("flash"), sum("ram")];
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
    for (const runtime of ["wasm2c", "wasm3"]) memory.push(kitSize(board.name, runtime));
    const programs = readdirSync(ROOT + board.name).filter((name) => name.endsWith(".elf"));
    for (const program of programs.sort()) {
      const [{ flash, ram }] = sizes([`${ROOT}${board.name}/${program}`]);
      memory.push([`${board.name}/${program}`, flash, ram]);
    }
  }
  process.stdout.write(table(["bytes", "flash", "RAM"], memory));
  process.stdout.write(`\nwasm3's arena at most: ${interpreter.arenaBytes} bytes\n`);
  return 0;
}

process.exitCode = await main().catch((error) => {
  if (!(error instanceof IsnkitError)) throw error;
  process.stderr.write(`bench-arm: ${error.message}\n  next: ${error.next}\n`);
  return error.exitCode;
});
