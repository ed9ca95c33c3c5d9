/** `npm run fuzz:module`: plays lives for as long as it is told, prints what breaks a promise, shrunk and replayable. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import type { Mode } from "./draw.ts";
import { describe, type Finding, Fuzzer } from "./fuzz.ts";
import type { Life } from "./life.ts";
import { Binary } from "./machine.ts";

const USAGE = `npm run fuzz:module -- [options]
  --operations N   calls of the module to play (default 1,000,000)
  --lives N        lives to play, in place of --operations
  --seed N         the first life's seed (default 1); each life has the next one
  --mode M         nor, eeprom, kv or all (default all)
  --wasm FILE      the binary (default build/isnkit.wasm)
  --keep-going     do not end at the first breach: one life of each kind is told
  --save FOLDER    writes each shrunk life there
  --replay FILE    plays one saved life, and tells what happens`;

/** With --keep-going: how many lives of a kind are shrunk, to see whether they differ. */
const SHRUNK_OF_A_KIND = 400;
const PLAIN_STEPS = ["boot", "pass", "poll", "run", "isn", "fork", "settle"];

const MODES: readonly string[] = ["nor", "eeprom", "kv", "all"];

function whole(text: string, flag: string): number {
  const value = Number(text.replaceAll(/[,_]/g, ""));
  if (!Number.isSafeInteger(value) || value < 0) fail(`--${flag}: "${text}" is no whole number`);
  return value;
}

function fail(line: string): never {
  console.error(`fuzz:module: ${line}\n${USAGE}`);
  process.exit(2);
}

function main(): number {
  const { values } = parseArgs({
    options: {
      operations: { type: "string", default: "1000000" },
      lives: { type: "string" },
      seed: { type: "string", default: "1" },
      mode: { type: "string", default: "all" },
      wasm: { type: "string", default: "build/isnkit.wasm" },
      "keep-going": { type: "boolean", default: false },
      save: { type: "string" },
      replay: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  if (!MODES.includes(values.mode)) fail(`--mode: "${values.mode}" is none of ${MODES.join(", ")}`);
  const fuzzer = new Fuzzer(new Binary(readFileSync(values.wasm)));
  if (values.replay !== undefined) return replay(fuzzer, values.replay);
  const mode = values.mode as Mode;
  const operations = whole(values.operations, "operations");
  const lives =
    values.lives === undefined ? Number.POSITIVE_INFINITY : whole(values.lives, "lives");
  const first = whole(values.seed, "seed");
  const { totals } = fuzzer;
  const told = new Map<string, number>();
  const signatures = new Set<string>();
  const start = performance.now();
  for (let seed = first; totals.lives < lives; seed++) {
    if (values.lives === undefined && totals.operations >= operations) break;
    const found = fuzzer.tryLife(seed, mode);
    if (found === undefined) continue;
    const kind = `${found.kind} ${found.life.setup.geometry.kind}`;
    const sofar = (told.get(kind) ?? 0) + 1;
    told.set(kind, sofar);
    if (sofar > SHRUNK_OF_A_KIND) continue;
    const finding = fuzzer.shrink(found);
    const name = signature(finding);
    if (signatures.has(name)) continue;
    signatures.add(name);
    console.log(`\nafter ${found.after.toLocaleString("en")} operations: ${describe(finding)}`);
    if (values.save !== undefined) save(values.save, finding);
    if (!values["keep-going"]) break;
  }
  const seconds = (performance.now() - start) / 1000;
  const count = (n: number): string => n.toLocaleString("en");
  console.log(
    `\n${count(totals.operations)} operations, ${count(totals.boots)} boots, ${count(totals.lives)} lives ` +
      `(${count(totals.refusedSettings)} with refused settings) in ${seconds.toFixed(1)} s, ` +
      `mode ${mode}, seeds from ${first}`,
  );
  for (const [clause, times] of [...totals.struck].sort())
    console.log(`  ${clause}: ${count(times)}`);
  for (const [name, times] of told) console.log(`  BREACH ${name}: ${count(times)} lives`);
  if (fuzzer.leaksAboveLimit()) {
    console.log("  BREACH the module wrote above the 4 KiB that docs/abi.md states");
    return 1;
  }
  if (told.size === 0) console.log("PASS  no promise was broken");
  return told.size === 0 ? 0 : 1;
}

/** Findings that need the same faults and settings are most likely one fault of the module. */
function signature({ kind, life }: Finding): string {
  const { geometry, leases, ports, policy, flicker, litter } = life.setup;
  const needed = new Set(
    life.steps.map((step) => (step.do === "die" ? `die ${step.death}` : step.do)),
  );
  for (const step of PLAIN_STEPS) needed.delete(step);
  const settings = [
    geometry.sectors === 2 && "two sectors",
    leases && "leases",
    ports && "ports",
    policy > 0 && `policy ${policy}`,
    flicker !== "none" && "flicker",
    litter > 0 && "litter",
  ].filter(Boolean);
  return [kind, geometry.kind, ...[...needed].sort(), ...settings].join(", ");
}

function save(folder: string, finding: Finding): void {
  mkdirSync(folder, { recursive: true });
  const name = `${finding.kind}-${finding.life.setup.geometry.kind}-${finding.seed}`;
  writeFileSync(`${folder}/${name}.txt`, `${describe(finding)}\n`);
  writeFileSync(`${folder}/${name}.json`, `${JSON.stringify(finding.life, undefined, 1)}\n`);
}

function replay(fuzzer: Fuzzer, file: string): number {
  const { breach } = fuzzer.play(JSON.parse(readFileSync(file, "utf8")) as Life, console.log);
  console.log(breach === undefined ? "no promise is broken" : `${breach.kind}: ${breach.detail}`);
  return breach === undefined ? 0 : 1;
}

process.exitCode = main();
