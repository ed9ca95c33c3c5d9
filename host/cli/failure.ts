/** Turns whatever went wrong into one clear message and an exit code. */
import { CommanderError } from "commander";
import { EXIT, type ExitCode, IsnkitError } from "../core/errors.ts";
import { printable } from "../core/plain-text.ts";
import { nearest } from "./did-you-mean.ts";

export interface Failure {
  /** Lines for stderr; empty when the parser has printed what was asked for (help, version). */
  readonly message: string;
  readonly exitCode: ExitCode;
}

/**
 * `words`: commands and flags of the program, for a "did you mean"; `command`: the one that was
 * asked for, if it is one.
 */
export function describeFailure(
  error: unknown,
  words: readonly string[],
  command: string | undefined,
): Failure {
  if (error instanceof CommanderError) return describeUsage(error, words, command);
  if (error instanceof IsnkitError) {
    return { message: twoLines(error.message, error.next), exitCode: error.exitCode };
  }
  const reason = error instanceof Error ? error.message : String(error);
  const next = "this is a fault of isnkit; report it with the command that you ran";
  return {
    message: twoLines(`something went wrong inside: ${reason}`, next),
    exitCode: EXIT.bench,
  };
}

function describeUsage(
  error: CommanderError,
  words: readonly string[],
  command: string | undefined,
): Failure {
  if (error.exitCode === 0) return { message: "", exitCode: EXIT.pass };
  const what = error.message.replace(/^error: /, "").replace(/\n?\(Did you mean .*\)$/s, "");
  const unknown = /^unknown (?:option|command) '([^']*)'/.exec(what)?.[1];
  const guess = unknown === undefined ? undefined : nearest(unknown.replace(/=.*$/s, ""), words);
  const help =
    command === undefined
      ? "`isnkit --help` lists the commands"
      : `\`isnkit ${command} --help\` lists the options, \`isnkit --help\` the commands`;
  const next = guess === undefined ? help : `did you mean ${guess}? ${help}`;
  return { message: twoLines(`${what} (command line)`, next), exitCode: EXIT.usage };
}

function twoLines(what: string, next: string): string {
  return `isnkit: ${printable(what)}\n  next: ${printable(next)}\n`;
}
