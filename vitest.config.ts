import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

export default defineConfig({
  // The examples of docs/ import the library by its name.
  resolve: { alias: { isnkit: fileURLToPath(new URL("host/index.ts", import.meta.url)) } },
  test: {
    include: ["test/**/*.test.ts"],
    // The power-cut sweeps and the emulated boards run for minutes on a busy machine.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    reporters: ["default", ["json", { outputFile: "build/test-results.json" }]],
    coverage: {
      provider: "v8",
      include: ["host/**/*.ts"],
      reporter: ["text-summary", "html"],
    },
  },
});
