/** The compiled module in its builds: the same suite runs over each. */
import { readFileSync } from "node:fs";

function bytesOf(file: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(readFileSync(new URL(`../../build/${file}`, import.meta.url)));
}

export const RELEASE_BYTES = bytesOf("isnkit.wasm");

export const RELEASE = new WebAssembly.Module(RELEASE_BYTES);

export const BUILDS: readonly { name: string; wasm: WebAssembly.Module }[] = [
  { name: "release", wasm: RELEASE },
  { name: "debug", wasm: new WebAssembly.Module(bytesOf("isnkit.debug.wasm")) },
];
