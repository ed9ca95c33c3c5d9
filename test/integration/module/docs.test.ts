/** The docs show what flashing a module prints: the modules in it are those that are built today. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { RELEASE_BYTES } from "../../support/builds.ts";

/** What docs/first-board.md appends: a custom section named `demo`. */
const DEMO = Uint8Array.of(0, 5, 4, ...Buffer.from("demo"));
const SHOWN = /module ([0-9a-f]{16}) \((\d+) bytes, ABI/g;

function named(module: Uint8Array): string {
  const hash = createHash("sha256").update(module).digest("hex").slice(0, 16);
  return `${hash} ${module.length}`;
}

describe("the modules that the docs show", () => {
  const modules = [RELEASE_BYTES, Uint8Array.from([...RELEASE_BYTES, ...DEMO])].map(named);

  it.each(["README.md", "docs/first-board.md", "docs/flash.md"])("%s", (file) => {
    const text = readFileSync(new URL(`../../../${file}`, import.meta.url), "utf8");
    const shown = [...text.matchAll(SHOWN)].map(([, hash, bytes]) => `${hash} ${bytes}`);
    expect(shown.length).toBeGreaterThan(0);
    for (const one of shown) expect(modules).toContain(one);
  });
});
