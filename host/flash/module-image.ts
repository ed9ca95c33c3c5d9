/**
 * A first look at a module before it is sent: what the device would refuse anyway is told here at once.
 * The device decides by itself; this is a convenience.
 */
import { createHash } from "node:crypto";
import { UsageError } from "../core/errors.ts";

/** No slot is larger. */
const MODULE_BYTES_MAX = 64 * 1024;
const IMPORTS = ["read", "program", "erase", "entropy", "ticks"];

export interface ModuleImage {
  readonly bytes: Uint8Array;
  /** 64 hexadecimal digits. */
  readonly sha256: string;
}

/** Hashes a module without looking at it. */
export function moduleImage(bytes: Uint8Array): ModuleImage {
  return { bytes, sha256: createHash("sha256").update(bytes).digest("hex") };
}

/** UsageError `bad-module` for what is no module of this ABI. `place` names the file. */
export function expectModule(bytes: Uint8Array, place: string): ModuleImage {
  if (bytes.length > MODULE_BYTES_MAX) {
    throw badModule(place, `it has ${bytes.length} bytes, more than any slot`);
  }
  if (!WebAssembly.validate(bytes as Uint8Array<ArrayBuffer>)) {
    throw badModule(place, "it is no valid WebAssembly module");
  }
  const module = new WebAssembly.Module(bytes as Uint8Array<ArrayBuffer>);
  for (const { module: from, name, kind } of WebAssembly.Module.imports(module)) {
    if (from === "board" && kind === "function" && IMPORTS.includes(name)) continue;
    throw badModule(place, `it imports ${from}.${name}, which no device gives`);
  }
  // Its ABI version is not asked for: that would run code of the file on this machine.
  if (WebAssembly.Module.exports(module).every(({ name }) => name !== "version")) {
    throw badModule(place, "it does not export version()");
  }
  return moduleImage(bytes);
}

function badModule(place: string, why: string): UsageError {
  return new UsageError(
    "bad-module",
    `${place} is no module for a device: ${why}`,
    "name a module such as build/isnkit.wasm; docs/abi.md says what it has to import and export",
  );
}
