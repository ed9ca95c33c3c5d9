/** Finds and compiles the module that comes with the package. */
import { readFile } from "node:fs/promises";
import { BenchError } from "../core/errors.ts";

/** The release module as built by `npm run build`: beside the compiled harness, or in `build/`. */
const PLACES = [
  new URL("../isnkit.wasm", import.meta.url),
  new URL("../../build/isnkit.wasm", import.meta.url),
];

/** Compiles the package's module. BenchError when it was not built. */
export async function compileIsnModule(): Promise<WebAssembly.Module> {
  return new WebAssembly.Module(await readIsnModule());
}

/** The package's module as a binary. BenchError when it was not built. */
export async function readIsnModule(): Promise<Uint8Array<ArrayBuffer>> {
  for (const place of PLACES) {
    const bytes = await readFile(place).catch(() => undefined);
    if (bytes) return Uint8Array.from(bytes);
  }
  throw new BenchError(
    "module-missing",
    "the compiled module isnkit.wasm is not beside the harness",
    "run `npm run build`, or install the package again",
  );
}
