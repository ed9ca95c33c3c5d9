/**
 * The report's own script and style, and uPlot's, as one text each. The page's scripts are modules
 * while they are written and checked; a page that may load nothing gets them joined into one.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

/** In an order in which each comes after what it needs. */
const SCRIPTS = [
  "elements.js",
  "quantities.js",
  "theme.js",
  "keyboard.js",
  "figure.js",
  "findings.js",
  "activity.js",
  "timeline-plot.js",
  "timeline.js",
  "phase-space.js",
  "port-ring.js",
  "wear.js",
  "settings.js",
  "main.js",
] as const;

export interface PageSource {
  readonly style: string;
  /** uPlot, then the page. */
  readonly scripts: readonly string[];
}

export function pageSource(): PageSource {
  const resolve = createRequire(import.meta.url).resolve;
  const plots = readFileSync(resolve("uplot/dist/uPlot.iife.min.js"), "utf8");
  const plotStyle = readFileSync(resolve("uplot/dist/uPlot.min.css"), "utf8");
  const page = SCRIPTS.map((name) => unlinked(pageFile(name))).join("\n");
  const script = `"use strict";\n(() => {\n${page}\n})();\n`;
  return {
    style: inlinable(`${plotStyle}\n${pageFile("page.css")}`),
    scripts: [inlinable(plots), inlinable(script)],
  };
}

function pageFile(name: string): string {
  return readFileSync(new URL(`./page/${name}`, import.meta.url), "utf8");
}

/** The joined scripts share one scope: imports and exports go. */
function unlinked(module: string): string {
  return module
    .replace(/^import\s[^;]*;$/gm, "")
    .replace(/^export (?=async |function |const |class )/gm, "")
    .replace(/^export \{\};$/gm, "");
}

/** An element's text ends at its closing tag, wherever that stands. */
function inlinable(text: string): string {
  if (!/<\/(?:script|style)|<!--/i.test(text)) return text;
  throw new Error("a script or style of the report holds a tag and cannot be inlined");
}
