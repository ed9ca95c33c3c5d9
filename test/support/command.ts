/** Runs the command line in this process, without a terminal. */
import { runProgram } from "../../host/cli/program.ts";
import type { Terminal } from "../../host/cli/terminal.ts";

/** `isnkit` with these words; what it wrote and its exit code. */
export async function isnkit(words: readonly string[], more: Partial<Terminal> = {}) {
  let out = "";
  let err = "";
  const terminal: Terminal = {
    out: async (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    outIsTerminal: false,
    errIsTerminal: false,
    environment: {},
    onInterrupt: () => () => {},
    input: { async *[Symbol.asyncIterator]() {}, destroy: () => {} },
    ...more,
  };
  const exitCode = await runProgram(["node", "isnkit", ...words], terminal);
  return { exitCode, out, err };
}
