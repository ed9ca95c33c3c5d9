// Joins the compiled modules that `isnkit analyze` alone needs into dist/cli/analyze.js: a hundred
// files one by one take a fifth of the time in which a small capture is analysed. Modules that the
// command line has loaded by then stay apart, so that each is there once; so does what is loaded
// later, on demand, and what comes from other packages.
import { dirname, isAbsolute, resolve } from "node:path";
import { rolldown } from "rolldown";

const MAIN = resolve("dist/cli/main.js");
const ANALYZE = resolve("dist/cli/analyze.js");

const onDemand = {
  name: "on-demand-stays-apart",
  /** @param {string} id @param {string} from */
  resolveDynamicImport: (id, from) => ({ id: resolve(dirname(from), id), external: true }),
};

/** @param {string} input @param {(file: string) => boolean} staysApart */
function bundleOf(input, staysApart) {
  return rolldown({
    input,
    platform: "node",
    // What is not used is loaded all the same, and has to be told from what is not.
    treeshake: false,
    plugins: [onDemand],
    external: (id, from) => {
      if (from === undefined) return false;
      const isOwn = id.startsWith(".") || isAbsolute(id);
      return !isOwn || staysApart(resolve(dirname(from), id));
    },
  });
}

/** Puts one file in the place of dist/cli/analyze.js. */
export async function joinAnalyze() {
  const program = await bundleOf(MAIN, () => false);
  const { output } = await program.generate();
  const loaded = new Set(
    output.flatMap((chunk) => ("modules" in chunk ? Object.keys(chunk.modules) : [])),
  );
  const analyze = await bundleOf(ANALYZE, (file) => loaded.has(file));
  await analyze.write({ file: ANALYZE, format: "esm" });
}
