// The last pass over build/isnkit.wasm, behind asc --target release, for what asc cannot be told:
//   - tiny functions are inlined: each costs wasm3 60 bytes of RAM, and 250 instructions a call;
//   - in the hash, values are not kept on the operand stack while they are stored (local.tee): wasm3 would
//     copy each of them twice.
//   node scripts/shape-module.mjs
import { readFileSync, writeFileSync } from "node:fs";
import binaryen from "binaryen";

const FILE = new URL("../build/isnkit.wasm", import.meta.url);
/** In nodes of binaryen's tree. */
const INLINED_SIZE = 4;
/** An operation that only the hash has. */
const HASH_MARK = "i64.rotl";

const module = binaryen.readBinary(readFileSync(FILE));
module.setFeatures(binaryen.Features.MVP);
binaryen.setOptimizeLevel(3);
binaryen.setShrinkLevel(2);
binaryen.setAlwaysInlineMaxSize(INLINED_SIZE);
binaryen.setFlexibleInlineMaxSize(INLINED_SIZE);
module.runPasses([
  "inlining-optimizing",
  "duplicate-function-elimination",
  "remove-unused-module-elements",
  "reorder-globals",
]);

const hashes = Array.from({ length: module.getNumFunctions() }, (_, i) =>
  binaryen.getFunctionInfo(module.getFunctionByIndex(i)),
).filter(({ body }) => body !== 0 && binaryen.emitText(body).includes(HASH_MARK));
if (hashes.length !== 1) throw new Error(`the module has ${hashes.length} hashes, not one`);
module.runPassesOnFunction(hashes[0].name, ["untee"]);

if (module.validate() !== 1) throw new Error("the module is not valid any more");
writeFileSync(FILE, module.emitBinary());
