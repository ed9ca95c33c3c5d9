/** Host programs that answer each command with one line of `key=number`, and print what is wrong as `fault:`. */
import { execFileSync } from "node:child_process";
import { expect } from "vitest";
import type { HostProgram } from "./host-program.ts";

export type Counts = Readonly<Record<string, number>>;

/** One answer a command; fails when the program finds a fault. */
export function playCommands(program: HostProgram, commands: readonly string[]): Counts[] {
  const input = `${commands.join("\n")}\n`;
  const lines = execFileSync(program.path, { input, encoding: "utf8" }).trim().split("\n");
  expect(lines.filter((line) => line.startsWith("fault:"))).toEqual([]);
  expect(lines).toHaveLength(commands.length);
  return lines.map((line) =>
    Object.fromEntries(
      line.split(" ").map((field): [string, number] => {
        const [key = "", value] = field.split("=");
        return [key, Number(value)];
      }),
    ),
  );
}

export function sumOf(answers: readonly Counts[], key: string): number {
  return answers.reduce((total, answer) => total + (answer[key] ?? 0), 0);
}
