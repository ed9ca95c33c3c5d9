/**
 * Mutants of the module: one thing that makes it safe is taken out of the source, and the rest is
 * compiled as it is. Each names the law that must catch it.
 */
import { readFileSync } from "node:fs";
import asc from "assemblyscript/asc";
import type { PromiseName } from "./laws.ts";

export interface Mutant {
  readonly name: string;
  readonly file: string;
  /** What stands in the source, and what takes its place. */
  readonly edits: readonly (readonly [from: string, to: string])[];
  /** Which of the promises is broken. */
  readonly law: PromiseName;
}

export const MUTANTS: readonly Mutant[] = [
  {
    name: "skips the write-ahead: hands out numbers above the durable ceiling",
    file: "sequence.ts",
    edits: [["limit = ceiling - guard;", "limit = 0x7fff_ffff_ffff_ffff;"]],
    law: "power is cut at every operation",
  },
  {
    name: "drops the guard after a boot",
    file: "lifecycle.ts",
    edits: [
      ["startSequence(ceiling + guard, portCeiling);", "startSequence(ceiling, portCeiling);"],
    ],
    law: "an open connection asks for nothing more",
  },
  {
    name: "takes a new key at each boot",
    file: "lifecycle.ts",
    edits: [
      [
        "startSequence(ceiling + guard, portCeiling);",
        "setKey(ceiling, 1); startSequence(ceiling + guard, portCeiling);",
      ],
    ],
    law: "power is cut at every operation",
  },
  {
    name: "hands out numbers before the boot's own record is durable",
    file: "lifecycle.ts",
    edits: [
      ["booted = persist(u32(lost) - 1);", "vouchFor(v + 0x10_0000);\n  booted = true;"],
      ["  quietOwed,\n} from", "  quietOwed,\n  vouchFor,\n} from"],
    ],
    law: "power is cut at every operation",
  },
  {
    name: "renews only when a new number is asked for",
    file: "lifecycle.ts",
    edits: [["(asked || inUse())", "asked"]],
    law: "an open connection asks for nothing more",
  },
  {
    name: "says READY without a look at the limit",
    file: "lifecycle.ts",
    edits: [
      ["if (state == State.READY && v >= limit) setState", "if (false) setState"],
      ["setState(v < limit ? State.READY : State.FAILED,", "setState(State.READY,"],
    ],
    law: "all writes fail while a connection runs until poll stops it",
  },
  {
    name: "begins an erase whenever one is due",
    file: "sequence.ts",
    edits: [["if (!running) return ANY_NUMBER;", "if (limit != 0 || !running) return ANY_NUMBER;"]],
    law: "each erase takes a second, and the power fails before a poll or in it",
  },
  {
    name: "does not raise the clock when an entry makes room",
    file: "timewait.ts",
    edits: [["passTicks(entryAhead(entry));", ""]],
    law: "an entry makes room",
  },
  {
    name: "does not make reported numbers durable",
    file: "timewait.ts",
    edits: [["if (!makeDurable(ahead)) return Reason.STORAGE_FAILED;", ""]],
    law: "power is cut after a report",
  },
  {
    name: "does not move the clock past the last connection of a tuple that comes back",
    file: "timewait.ts",
    edits: [["  passTicks(ahead);\n  setStatus", "  setStatus"]],
    law: "a tuple comes back whose numbers are ahead of the clock",
  },
  {
    name: "drops entries before the clock has passed their ends",
    file: "timewait.ts",
    edits: [[" && entryAhead(entry) == 0)", ")"]],
    law: "a connection that outran the clock ends, and TIME_WAIT is over before the clock is there",
  },
  {
    name: "lets an abandoned attempt end TIME_WAIT",
    file: "timewait.ts",
    edits: [["setStatus(entry, TIME_WAIT, load<u8>(entry, FLAGS));", "setStatus(entry, FREE, 0);"]],
    law: "a tuple in TIME_WAIT is tried again, and the attempt is abandoned",
  },
  {
    name: "lets the ring reach the next turn of an evicted port",
    file: "timewait.ts",
    edits: [
      ["return !after(barrier, ringIndex) || !after(nextBarrier, ringIndex);", "return false;"],
    ],
    law: "a small ring meets an MSL of 600 s and a full table",
  },
  {
    name: "puts the barrier where the ring has been already",
    file: "timewait.ts",
    edits: [
      [
        "const again = portNext + ringSize - 1 - ((portNext - place - 1) % ringSize);",
        "const again = place + ringSize;",
      ],
    ],
    law: "a small ring meets an MSL of 600 s and a full table",
  },
  {
    name: "gives a port that an application has bound",
    file: "ports.ts",
    edits: [["if (portElsewhere(port)) continue;", ""]],
    law: "an application's own port lies in the ring",
  },
  {
    name: "moves the ring on for calls that are refused",
    file: "ports.ts",
    edits: [
      [
        "if (find() != 0) continue;",
        "if (find() != 0) {\n      if (!passPorts(1)) return 0;\n      continue;\n    }",
      ],
      [
        "for (let passed: u32 = 0; passed < ringSize; passed++) {",
        "const passed: u32 = 0;\n  for (let tries: u32 = 0; tries < ringSize; tries++) {",
      ],
    ],
    law: "a thousand calls are refused because every port is taken",
  },
  {
    name: "hands out ports beyond their lease",
    file: "sequence.ts",
    edits: [["distance(portNext, portCeiling) > 0 || renew(v)", "true"]],
    law: "ports are taken all at once, and the power fails",
  },
  {
    name: "does not count a connection that is open outside the table",
    file: "timewait.ts",
    edits: [["openElsewhere++;", ""]],
    law: "connections open, end and are abandoned, and the counters tell",
  },
  {
    name: "forgets at a boot that quiet time is owed",
    file: "lifecycle.ts",
    edits: [["const quiet = quietOwed || lost;", "const quiet = lost;"]],
    law: "quiet time is owed over reboots",
  },
  {
    name: "does not write down that quiet time is owed for a new key",
    file: "lifecycle.ts",
    edits: [
      [
        "draftLease(from, boots + u32(!booted), quiet ? FLAG_QUIET : 0);",
        "draftLease(from, boots + u32(!booted), 0);",
      ],
    ],
    law: "quiet time is owed over reboots",
  },
  {
    name: "ends quiet time when a key cannot be replaced",
    file: "lifecycle.ts",
    edits: [
      [
        "if (!persistNewKey(keyLow, keyHigh)) return refuse(Reason.STORAGE_FAILED);",
        "if (!persistNewKey(keyLow, keyHigh)) {\n    setState(State.FAILED, Reason.STORAGE_FAILED);\n    return refuse(Reason.STORAGE_FAILED);\n  }",
      ],
    ],
    law: "a key cannot be replaced while quiet time is owed",
  },
  {
    name: "keeps a new key that did not become durable",
    file: "ledger.ts",
    edits: [["    setKey(oldLow, oldHigh);\n", ""]],
    law: "a key cannot be replaced while the device is READY",
  },
  {
    name: "runs on the stored key without a lease after a degraded start",
    file: "lifecycle.ts",
    edits: [
      [
        "set(Counter.DEGRADED, u32(withoutRecord));",
        "if (withoutRecord) set(Counter.DEGRADED, 1);",
      ],
    ],
    law: "a degraded device whose key cannot be replaced gets its storage back",
  },
  {
    name: "erases a sector whatever it holds",
    file: "journal.ts",
    edits: [["if ((retired & it) != 0) return false;", "return (retired & it) == 0;"]],
    law: "a sector is dead, and power is cut at every operation",
  },
  {
    name: "writes no second copy",
    file: "journal.ts",
    edits: [["if (programRecord(second, slot)) {", "if (second != NO_SECTOR) {"]],
    law: "a sector cannot be reached for some boots, and heals with what it held",
  },
  {
    name: "never tries sectors again that failed",
    file: "journal.ts",
    edits: [["if (again) retired = 0;", ""]],
    law: "the memory fails for seconds to minutes, and works again",
  },
  {
    name: "takes lost records for torn ones",
    file: "journal.ts",
    edits: [
      ["if (bad && (lone() ? behind : second != NO_SECTOR ? other : readErrors)) countLoss();", ""],
    ],
    law: "all that a boot or a new key has written cannot be read at the next boot",
  },
  {
    name: "does not notice that a later pair's records are lost",
    file: "journal.ts",
    edits: [["if (ruined == 2) countLoss();", ""]],
    law: "all that a boot or a new key has written cannot be read at the next boot",
  },
  {
    name: "takes sectors that cannot be read for blank ones",
    file: "journal.ts",
    edits: [
      [
        "if (hidden != 0 && (doubt || inService == 2 || (hidden & (hidden - 1)) != 0)) countLoss();",
        "",
      ],
    ],
    law: "a sector was dead for some boots, and then all the others cannot be read",
  },
  {
    name: "begins no epoch where a sector cannot be read or a pair is torn",
    file: "journal.ts",
    edits: [["later || retired != 0 ? 2 : 0;", "0;"]],
    law: "the replacement of a key is cut, and what it left flickers or is half old and half new",
  },
  {
    name: "begins no epoch after a loss",
    file: "journal.ts",
    edits: [["recordsLost() ? EPOCHS_LOSS : past", "recordsLost() ? 0 : past"]],
    law: "all that a boot or a new key has written cannot be read at the next boot",
  },
  {
    name: "writes the good key of a key-value store first",
    file: "keyvalue.ts",
    edits: [["const first = doubtful;", "const first = 1 - doubtful;"]],
    law: "power is cut at every operation",
  },
  {
    name: "takes half of one value and half of another for a value",
    file: "keyvalue.ts",
    edits: [[" || recordTag(record) != put) return 0;", ") return 0;"]],
    law: "the replacement of a key is cut, and what it left flickers or is half old and half new",
  },
  {
    name: "takes any guard",
    file: "config.ts",
    edits: [["const GUARD_MIN: u32 = 0x4_0000;", "const GUARD_MIN: u32 = 1;"]],
    law: "a lease, a guard, an MSL or a rate breaks a bound",
  },
  {
    name: "takes leases that leave no numbers",
    file: "config.ts",
    edits: [["if (first < 2 * newGuard) return Reason.BOUND_LEASE;", ""]],
    law: "a lease, a guard, an MSL or a rate breaks a bound",
  },
  {
    name: "takes leases that leave the window",
    file: "config.ts",
    edits: [["+ newGuard < WINDOW / REBOOTS;", "+ newGuard < WINDOW;"]],
    law: "a lease, a guard, an MSL or a rate breaks a bound",
  },
  {
    name: "takes a counter of any rate",
    file: "clock.ts",
    edits: [["if (hz - HZ_MIN > HZ_MAX - HZ_MIN) return false;", "if (hz == 0) return false;"]],
    law: "a lease, a guard, an MSL or a rate breaks a bound",
  },
  {
    name: "takes sectors with room for a single record",
    file: "config.ts",
    edits: [["const COPIES_MIN: u32 = 6;", "const COPIES_MIN: u32 = 3;"]],
    law: "a sector has room for fewer than two headers and four records",
  },
  {
    name: "boots without storage",
    file: "ledger.ts",
    edits: [["if (sectors == 0) return false;", ""]],
    law: "boot is called without storage or without a clock",
  },
];

/** Compiles the module as it is, or with one mutant, without optimisation. Throws on an error. */
export async function compileMutant(mutant?: Mutant): Promise<WebAssembly.Module> {
  return new WebAssembly.Module(await compileMutantBytes(mutant));
}

/** The same as a binary. */
export async function compileMutantBytes(mutant?: Mutant): Promise<Uint8Array<ArrayBuffer>> {
  let output: Uint8Array | undefined;
  let applied = mutant === undefined;
  const { error, stderr } = await asc.main(
    [
      "assembly/index.ts",
      ...["--runtime", "stub", "--initialMemory", "1", "--maximumMemory", "1"],
      ...["--lowMemoryLimit", "4096", "--use", "abort=", "--noAssert", "--outFile", "out.wasm"],
    ],
    {
      readFile: (name: string) => {
        let source: string;
        try {
          source = readFileSync(new URL(`../../${name}`, import.meta.url), "utf8");
        } catch {
          return null;
        }
        if (mutant === undefined || name !== `assembly/${mutant.file}`) return source;
        applied = true;
        return edited(source, mutant);
      },
      writeFile: (_name: string, contents: Uint8Array | string) => {
        if (typeof contents !== "string") output = contents;
      },
      listFiles: () => null,
    },
  );
  if (error !== null) throw new Error(`the mutant does not compile: ${stderr.toString()}`);
  if (!applied) throw new Error(`the module does not read assembly/${mutant?.file}`);
  if (output === undefined) throw new Error("the compiler wrote nothing");
  return Uint8Array.from(output);
}

function edited(source: string, { file, edits }: Mutant): string {
  let text = source;
  for (const [from, to] of edits) {
    if (!text.includes(from)) throw new Error(`assembly/${file} does not contain: ${from}`);
    text = text.replace(from, () => to);
  }
  return text;
}
