// Runs the benches: `node benchmarks/run.mjs [--json] [--rounds N] [name …]`, all of them by default.
//
// A bench is a file benchmarks/<name>.bench.mjs that exports `run(setting)`, which returns figures. Exit
// code 1 says that a goal was missed that does not depend on the machine; 2, wrong usage.
import { readdir } from "node:fs/promises";
import { availableParallelism, cpus } from "node:os";
import { parseArgs } from "node:util";
import { missed } from "./measure.mjs";
import { table } from "./table.mjs";

const SUFFIX = ".bench.mjs";

/** @param {string} problem @returns {never} */
function usage(problem) {
  process.stderr.write(`bench: ${problem}\n`);
  process.exit(2);
}

function parsed() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        json: { type: "boolean", default: false },
        rounds: { type: "string", default: "5" },
      },
    });
  } catch (error) {
    usage(error instanceof Error ? error.message : String(error));
  }
}

const { values, positionals } = parsed();
const rounds = Number(values.rounds);
if (!Number.isInteger(rounds) || rounds < 1) usage(`--rounds ${values.rounds}: give 1 or more`);

const files = await readdir(new URL(".", import.meta.url));
const all = files
  .filter((file) => file.endsWith(SUFFIX))
  .map((file) => file.slice(0, -SUFFIX.length))
  .sort();
const unknown = positionals.find((name) => !all.includes(name));
if (unknown !== undefined) usage(`there is no bench ${unknown}; there are ${all.join(", ")}`);

/** @type {import("./table.mjs").Row[]} */
const rows = [];
for (const bench of positionals.length > 0 ? positionals : all) {
  const { run } = await import(`./${bench}${SUFFIX}`);
  /** @param {string} text */
  const progress = (text) => process.stderr.write(`${bench}: ${text}\n`);
  for (const figure of await run({ rounds, progress })) rows.push({ bench, ...figure });
}

const machine = {
  node: process.version,
  processor: cpus()[0]?.model ?? "unknown",
  cores: availableParallelism(),
};
const heading = `Node ${machine.node}, ${machine.processor}, ${machine.cores} cores, median of ${rounds} rounds`;
const notes = rows.flatMap(({ name, note }) => (note ? [`${name}: ${note}`] : []));
const text = [heading, "", table(rows), ...(notes.length > 0 ? ["", ...notes] : []), ""].join("\n");
const json = { schema: "isnkit.bench/1", ...machine, rounds, figures: rows };
process.stdout.write(values.json ? `${JSON.stringify(json, null, 2)}\n` : text);
if (rows.some(missed)) process.exitCode = 1;
