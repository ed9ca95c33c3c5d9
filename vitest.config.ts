import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

/** The examples of docs/ import the library by its name. */
const resolve = { alias: { isnkit: fileURLToPath(new URL("host/index.ts", import.meta.url)) } };

/** A project of the tests in one folder; docs/architecture.md says what belongs where. */
function project(name: string, include: string[], timeoutMs: number, isolate = true) {
  return {
    resolve,
    test: { name, include, testTimeout: timeoutMs, hookTimeout: timeoutMs, isolate },
  };
}

export default defineConfig({
  test: {
    projects: [
      // Pure code, no mocks of modules: the files share what they load, in half the processor time.
      project("unit", ["test/unit/**/*.test.ts"], 60_000, false),
      // The power-cut sweeps and the emulated boards run for minutes on a busy machine.
      project("integration", ["test/{integration,model,oracle}/**/*.test.ts"], 300_000),
      project("e2e", ["test/e2e/**/*.test.ts"], 300_000),
    ],
    reporters: ["default", ["json", { outputFile: "build/test-results.json" }]],
    coverage: {
      provider: "v8",
      include: ["host/**/*.ts"],
      reporter: ["text-summary", "html"],
    },
  },
});
