import { SpecBench } from "./assembly/__tests__/spec-bench.js";

/** How as-pect finds and runs the specs of the module; `scripts/run-as-pect.mjs` starts it. */
export default {
  entries: ["assembly/__tests__/*.spec.ts"],
  include: [],
  disclude: [/node_modules/],
  outputBinary: false,
  /** Each spec file is a program of its own, with a bench of its own behind its imports. */
  async instantiate(memory, createImports, instantiate, binary) {
    const bench = new SpecBench();
    const imports = { env: { memory }, board: bench.board(), bench: bench.controls() };
    const module = await instantiate(binary, createImports(imports));
    bench.attach(module.exports.memory);
    return module;
  },
};
