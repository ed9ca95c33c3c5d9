/** What holds for every command: help, environment twins, a place in the config file, a page in docs/. */
import { existsSync, readFileSync } from "node:fs";
import type { Command } from "commander";
import { describe, expect, it } from "vitest";
import { parseConfig } from "../../../host/cli/config-schema.ts";
import { buildProgram } from "../../../host/cli/program.ts";
import { environmentName, flagOf, SETTING_NAMES } from "../../../host/cli/settings.ts";
import { processTerminal } from "../../../host/cli/terminal.ts";
import { isnkit } from "../../support/command.ts";

const program = buildProgram(processTerminal(), { exitCode: 0 }, () => {});
const COMMANDS = program.commands.map((command) => [command.name(), command] as const);

/** Flags that end the command after a list, and the one that all programs have. */
const isPlain = (flag: string) => flag === "--help" || flag.startsWith("--list");
const flagsOf = (command: Command) => command.options.filter(({ long }) => !isPlain(long ?? ""));

const SCHEMAS: Readonly<Record<string, string>> = {
  check: "isnkit.check/2",
  simulate: "isnkit.simulate/1",
  analyze: "isnkit.analyze/1",
  boards: "isnkit.boards/1",
  flash: "isnkit.flash/1",
  provision: "isnkit.provision/1",
  monitor: "isnkit.monitor/1",
  reboot: "isnkit.reboot/1",
  doctor: "isnkit.doctor/1",
  report: "isnkit.check/2",
};

describe("all commands", () => {
  it("are those of the design", () => {
    expect(COMMANDS.map(([name]) => name).sort()).toEqual(Object.keys(SCHEMAS).sort());
  });

  it("give a variable one meaning: with a value, or a switch", () => {
    const kinds = new Map<string, Set<boolean>>();
    for (const [, command] of COMMANDS) {
      for (const { envVar = "", required } of flagsOf(command)) {
        kinds.set(envVar, (kinds.get(envVar) ?? new Set()).add(required));
      }
    }
    const twofold = [...kinds].filter(([, meanings]) => meanings.size > 1).map(([name]) => name);
    expect(twofold).toEqual([]);
  });
});

describe.each(COMMANDS)("isnkit %s", (name, command) => {
  it("has help with exit codes and examples", async () => {
    const { out, exitCode } = await isnkit([name, "--help"]);
    expect(exitCode).toBe(0);
    expect(out).toMatch(/^Examples:$/m);
    expect(out).toMatch(/\bExit codes?\b/);
    const examples = out.slice(out.indexOf("Examples:")).trimEnd().split("\n").slice(1);
    for (const example of examples) expect(example).toMatch(/^ {2}.*\bisnkit /);
    expect(examples.some((example) => example.includes(`isnkit ${name}`))).toBe(true);
  });

  it("has an environment twin for each flag", () => {
    for (const { long = "", envVar } of flagsOf(command)) {
      const twin = `ISNKIT_${long.slice(2).replaceAll("-", "_").toUpperCase()}`;
      expect([long, envVar]).toEqual([long, twin]);
    }
  });

  it("has a place in isnkit.config.json for each flag with a value", () => {
    for (const { long, envVar, required } of flagsOf(command)) {
      if (!required) continue;
      const setting = SETTING_NAMES.find((one) => flagOf(one) === long) ?? "board";
      expect([long, envVar]).toEqual([flagOf(setting), environmentName(setting)]);
      expect(parseConfig(JSON.stringify({ [setting]: "1" }), "a.json")).toEqual({ [setting]: "1" });
    }
  });

  it("has a page that names each flag and the schema of its JSON", () => {
    const file = new URL(`../../../docs/${name}.md`, import.meta.url);
    expect(existsSync(file)).toBe(true);
    const page = readFileSync(file, "utf8");
    const missing = [
      ...command.options.flatMap(({ long }) => (long === "--no-color" ? [] : (long ?? []))),
      SCHEMAS[name] ?? "",
    ].filter((word) => !new RegExp(`${word}(?![\\w-])`).test(page));
    expect(missing).toEqual([]);
  });

  it("answers a flag with a typing error with a guess", async () => {
    const { exitCode, err } = await isnkit([name, "--formatt", "json"]);
    expect(exitCode).toBe(2);
    expect(err).toContain("did you mean --format?");
    expect(err).toContain(`\`isnkit ${name} --help\` lists the options`);
  });
});
