/**
 * Mutants of the module: one thing that makes it safe is taken out of the source, and the rest is
 * compiled as it is. Each names the law that must catch it.
 */
import { readFileSync } from "node:fs";
import asc from "assemblyscript/asc";
import type { LawName } from "./laws.ts";

export interface Mutant {
  readonly name: string;
  readonly file: string;
  readonly from: string;
  readonly to: string;
  readonly law: LawName;
}

export const MUTANTS: readonly Mutant[] = [
  {
    name: "skips the write-ahead: hands out numbers above the durable ceiling",
    file: "sequence.ts",
    from: "limit = ceiling - guard;",
    to: "limit = 0x7fff_ffff_ffff_ffff;",
    law: "powerCuts",
  },
  {
    name: "drops the guard after a boot",
    file: "lifecycle.ts",
    from: "startSequence(ceiling + guard, portCeiling);",
    to: "startSequence(ceiling, portCeiling);",
    law: "openConnection",
  },
  {
    name: "takes a new key at each boot",
    file: "lifecycle.ts",
    from: "startSequence(ceiling + guard, portCeiling);",
    to: "setKey(ceiling, 1); startSequence(ceiling + guard, portCeiling);",
    law: "powerCuts",
  },
  {
    name: "does not raise the clock when an entry makes room",
    file: "timewait.ts",
    from: "passTicks(aheadOf(load<u32>(entry, HASH), load<u32>(entry, NEXT)));",
    to: "",
    law: "eviction",
  },
  {
    name: "does not make reported numbers durable",
    file: "timewait.ts",
    from: "if (!makeDurable(ahead)) return Reason.STORAGE_FAILED;",
    to: "",
    law: "reported",
  },
  {
    name: "does not move the clock past the last connection of a tuple that comes back",
    file: "timewait.ts",
    from: "  passTicks(ahead);\n  setStatus",
    to: "  setStatus",
    law: "comeback",
  },
  {
    name: "takes a lost record for a torn one",
    file: "journal.ts",
    from: "if (!blank(page + copy, copy)) lost++;",
    to: "",
    law: "lostRecords",
  },
  {
    name: "never closes a sector",
    file: "journal.ts",
    from: "if (unclosed != NO_SECTOR) closeSector(unclosed);",
    to: "",
    law: "powerCuts",
  },
  {
    name: "trusts a sector before the one before it is closed",
    file: "journal.ts",
    from: "if (unclosed == NO_SECTOR || !slotBlank(unclosed, CLOSING_SLOT)) break;",
    to: "if (slots != 0) break;",
    law: "flickeringRecord",
  },
  {
    name: "forgets at a boot that quiet time is owed",
    file: "lifecycle.ts",
    from: "const quiet = (flags & FLAG_QUIET) != 0 || recordsLost();",
    to: "const quiet = recordsLost();",
    law: "quietTime",
  },
  {
    name: "renews only when a new number is asked for",
    file: "lifecycle.ts",
    from: "(asked || inUse())",
    to: "asked",
    law: "openConnection",
  },
  {
    name: "writes the good key of a key-value store first",
    file: "keyvalue.ts",
    from: "!programPage(1 - newestKey, VALUE_BYTES) || !programPage(newestKey, VALUE_BYTES)",
    to: "!programPage(newestKey, VALUE_BYTES) || !programPage(1 - newestKey, VALUE_BYTES)",
    law: "powerCuts",
  },
  {
    name: "hands out ports beyond their lease",
    file: "ports.ts",
    from: "portNext == portCeiling && !renewPorts()",
    to: "false",
    law: "powerCuts",
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
        applied = source.includes(mutant.from);
        return source.replace(mutant.from, mutant.to);
      },
      writeFile: (_name: string, contents: Uint8Array | string) => {
        if (typeof contents !== "string") output = contents;
      },
      listFiles: () => null,
    },
  );
  if (error !== null) throw new Error(`the mutant does not compile: ${stderr.toString()}`);
  if (!applied) throw new Error(`assembly/${mutant?.file} does not contain: ${mutant?.from}`);
  if (output === undefined) throw new Error("the compiler wrote nothing");
  return Uint8Array.from(output);
}
