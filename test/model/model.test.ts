/** The model of the journal (docs/model.md), checked exhaustively; and proof that it can fail. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { findProgram } from "../../host/system/guarded-process.ts";

const MODEL = fileURLToPath(new URL("journal.pml", import.meta.url));
const NAME = "the formal model of the journal";

const hasTools = findProgram("spin") !== undefined && findProgram("gcc") !== undefined;
const left = !hasTools && process.env.ISNKIT_REQUIRE_ALL !== "1";
if (left) console.warn(`left out: ${NAME} (no spin or no gcc; apt-get install spin gcc)`);

interface Result {
  /** The claim that a path of the model breaks. */
  readonly broken: string | undefined;
  readonly states: number;
}

/** Searches all states, with no state left out: no bit-state hashing, no bound on depth reached. */
function search(flags: string): Result {
  const folder = mkdtempSync(join(tmpdir(), "isnkit-model-"));
  try {
    const options = { cwd: folder, encoding: "utf8", maxBuffer: 2 ** 26 } as const;
    const defines = flags.split(" ").map((flag) => `-D${flag}`);
    execFileSync("spin", [...defines, "-a", MODEL], options);
    const compile = ["-O2", "-w", "-DSAFETY", "-DCOLLAPSE", "-DMEMLIM=4000"];
    execFileSync("gcc", [...compile, "-o", "pan", "pan.c"], options);
    const report = execFileSync(join(folder, "pan"), ["-m1000000"], options);
    return judge(report);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function judge(report: string): Result {
  const errors = /errors: (\d+)/.exec(report)?.[1];
  const states = Number(/([\d.e+]+) states, stored/.exec(report)?.[1]);
  if (errors === undefined || !(states > 0)) throw new Error(`no result:\n${report}`);
  const broken = /assertion violated (.*) \(at depth/.exec(report)?.[1];
  if (errors !== "0" && broken === undefined) throw new Error(`stopped:\n${report}`);
  const isCut = /max search depth too small|out of memory|Search not completed/.test(report);
  if (broken === undefined && isCut) throw new Error(`not exhaustive:\n${report}`);
  return { broken, states };
}

/** The longest search takes 15 s of an idle core. */
const TIMEOUT_MS = 900_000;

/** Name, flags, and how many states there are at least: a model that is stuck has few. */
const CLEAN: readonly (readonly [string, string, number])[] = [
  ["two sectors, two cuts and two errors", "CUTS=2 ERRORS=2 REPLACES=1 SLOTS=3", 900_000],
  ["three sectors, two cuts and two errors", "SECTORS=3 CUTS=2 ERRORS=2 CALLS=1", 500_000],
  ["three sectors, a cut, an error, a key", "SECTORS=3 CUTS=1 ERRORS=1 REPLACES=1", 200_000],
  ["two sectors, a cut, nothing taken for lost", "CUTS=1 REPLACES=1 SLOTS=4 NO_LOSS", 4_000],
  [
    "three sectors, two cuts, nothing taken for lost",
    "SECTORS=3 CUTS=2 REPLACES=1 SLOTS=3 NO_LOSS",
    70_000,
  ],
  ["three sectors, one of them dead", "SECTORS=3 CUTS=1 DEAD=1 REPLACES=1", 900_000],
  [
    "three sectors, one not readable in one boot",
    "SECTORS=3 CUTS=1 UNREADABLE=1 SLOTS=4 NO_HOLDER",
    170_000,
  ],
  ["flicker, two sectors, a cut a record", "FLICKER ROW=1 REPLACES=2 SLOTS=4", 8_000],
  ["flicker, three sectors, a cut a record", "SECTORS=3 FLICKER ROW=1 REPLACES=1 SLOTS=5", 600_000],
  ["flicker, three sectors, two cuts", "SECTORS=3 FLICKER CUTS=2 SLOTS=4", 30_000],
  [
    "flicker, three sectors, two cuts, a key",
    "SECTORS=3 FLICKER CUTS=2 REPLACES=1 SLOTS=4 NO_HOLDER",
    140_000,
  ],
];

const FORGOTTEN = /v>=ackCeiling/;
const ONLY_HOLDER = /rv!=/;

/** An old rule is found by the faults that it does not stand, and not without one of them. */
const OLD = "SECTORS=3 CALLS=1";
const OLD_RULES: readonly (readonly [string, string, string, readonly string[]])[] = [
  ["A", "RULE_A", "DEAD=1", ["ERRORS=1", "CUTS=1"]],
  ["A2", "RULE_A2", "CUTS=1 ERRORS=1", ["ERRORS=1", "CUTS=1"]],
  ["O", "RULE_O", "FLICKER CUTS=2", ["DEAD=0"]],
  ["B", "RULE_B", "FLICKER CUTS=1", ["CUTS=1"]],
  ["M", "RULE_M", "CUTS=1", ["ERRORS=1"]],
];

/** A rule of today is taken away. */
const MUTANTS: readonly (readonly [string, string, RegExp])[] = [
  ["any sector may be erased", "NEW_ERASE_ANY CUTS=1 ERRORS=1 REPLACES=1 SLOTS=3", ONLY_HOLDER],
  [
    "numbers before the record of the boot",
    "NEW_NUMBERS_BEFORE_RECORD CUTS=1 ERRORS=1 SLOTS=3 NO_DURABLE",
    /v>=used/,
  ],
  [
    "no epoch past a torn key",
    "NEW_SAME_EPOCH SECTORS=3 FLICKER ROW=1 REPLACES=1 SLOTS=3",
    /keysOpen/,
  ],
  [
    "acknowledged with one copy",
    "NEW_SECOND_UNWRITTEN SECTORS=3 CUTS=1 UNREADABLE=1 NO_HOLDER",
    FORGOTTEN,
  ],
  [
    "a failed replacement ends quiet time",
    "NEW_REPLACE_ENDS_QUIET CUTS=1 ERRORS=1 REPLACES=2 SLOTS=3 NO_DURABLE",
    /owed/,
  ],
];

/** Lives that today's rules do not stand: docs/model.md, "What is open". */
const OPEN: readonly (readonly [string, string, RegExp])[] = [
  ["two sectors, two cuts with flicker", "FLICKER CUTS=2 SLOTS=4 NO_HOLDER NO_DURABLE", FORGOTTEN],
  [
    "two sectors, a cut and an error with flicker",
    "FLICKER CUTS=1 ERRORS=1 SLOTS=4 NO_HOLDER NO_DURABLE",
    FORGOTTEN,
  ],
  [
    "two sectors of six records, a cut a record, a key",
    "FLICKER ROW=1 SLOTS=6 REPLACES=1 NO_HOLDER NO_DURABLE",
    FORGOTTEN,
  ],
  [
    "three sectors, a key, the only settled holder is erased",
    "SECTORS=3 FLICKER CUTS=2 REPLACES=1 SLOTS=4",
    ONLY_HOLDER,
  ],
  [
    "an error, and the only holder is not readable",
    "SECTORS=3 ERRORS=1 UNREADABLE=1 NO_HOLDER",
    FORGOTTEN,
  ],
  [
    "two cuts, and the only holder is not readable",
    "SECTORS=3 CUTS=2 UNREADABLE=1 NO_HOLDER",
    FORGOTTEN,
  ],
  [
    "three sectors, three cuts with flicker",
    "SECTORS=3 FLICKER CUTS=3 SLOTS=4 NO_HOLDER NO_DURABLE",
    FORGOTTEN,
  ],
  ["a loss where there was none", "CUTS=2 SLOTS=4 NO_LOSS", /lost==0/],
];

describe.skipIf(left)(NAME, { timeout: TIMEOUT_MS }, () => {
  it.each(CLEAN)("holds for %s", (_, flags, states) => {
    const result = search(flags);
    expect(result.broken).toBeUndefined();
    expect(result.states).toBeGreaterThan(states);
  });

  it.each(OLD_RULES)("finds life %s with the old rule", (_, rule, faults, fewer) => {
    expect(search(`${OLD} ${rule} ${faults}`).broken).toMatch(FORGOTTEN);
    for (const one of fewer) expect(search(`${OLD} ${rule} ${one}`).broken).toBeUndefined();
  });

  it.each(MUTANTS)("finds out when %s", (_, flags, broken) => {
    expect(search(flags).broken).toMatch(broken);
  });

  it.each(OPEN)("still finds the open life: %s", (_, flags, broken) => {
    expect(search(flags).broken).toMatch(broken);
  });
});
