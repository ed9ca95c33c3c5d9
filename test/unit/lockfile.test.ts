import { readFileSync } from "node:fs";
import { expect, it } from "vitest";

interface Lockfile {
  readonly packages: Record<
    string,
    { readonly optionalDependencies?: Record<string, string>; readonly resolved?: string }
  >;
}

const { packages } = JSON.parse(
  readFileSync(new URL("../../package-lock.json", import.meta.url), "utf8"),
) as Lockfile;

it("package-lock.json lists the optional packages of every platform, or npm ci refuses it", () => {
  // A registry that does not hold the packages of other platforms makes `npm install` drop them.
  const listed = new Set(
    Object.keys(packages).map((path) => path.replace(/^.*node_modules\//, "")),
  );
  const missing = Object.values(packages).flatMap(({ optionalDependencies = {} }) =>
    Object.keys(optionalDependencies).filter((name) => !listed.has(name)),
  );
  expect(missing).toEqual([]);
});

it("package-lock.json names no registry", () => {
  const resolved = Object.values(packages).filter((entry) => entry.resolved !== undefined);
  expect(resolved).toEqual([]);
});
