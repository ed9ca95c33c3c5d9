/** Where `--output` may point besides a plain file: the place must stay what it is. */
import { execFileSync } from "node:child_process";
import {
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { isnkit } from "../../support/command.ts";

const MAIN = fileURLToPath(new URL("../../../dist/cli/main.js", import.meta.url));
const CHECK = ["check", "--reboots", "20", "--seed", "1", "--output"];
const LAST_LINE = /\nPASS|\nINCONCLUSIVE/;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "isnkit-output-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("--output", () => {
  it("writes to the file at the end of a link, and the link stays", async () => {
    const real = join(folder, "real.txt");
    const link = join(folder, "link.txt");
    writeFileSync(real, "old");
    symlinkSync(real, link);
    await isnkit([...CHECK, link]);
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
    expect(readFileSync(real, "utf8")).toMatch(LAST_LINE);
    expect(readdirSync(folder).sort()).toEqual(["link.txt", "real.txt"]);
  });

  it("writes into a named pipe, which stays one", async () => {
    const pipe = join(folder, "pipe");
    execFileSync("mkfifo", [pipe]);
    const received = readFile(pipe, "utf8");
    await isnkit([...CHECK, pipe]);
    expect(await received).toMatch(LAST_LINE);
    expect(lstatSync(pipe).isFIFO()).toBe(true);
  });

  it("writes to a descriptor that the shell opened, as in `--output >(gzip)`", () => {
    const through = ["-c", '"$0" "$@" 3>&1 >/dev/null | cat', process.execPath, MAIN];
    const text = execFileSync("sh", [...through, ...CHECK, "/dev/fd/3"], { encoding: "utf8" });
    expect(text).toMatch(LAST_LINE);
  });
});
