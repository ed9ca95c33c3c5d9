/** The formats that all commands with a verdict share, made from the same report. */
import type { Report } from "../report/report-model.ts";
import { packageVersion } from "./package-version.ts";

/** Loaded when they are asked for: most runs end in text. */
export const RENDERED_FORMATS = ["html", "junit", "markdown"] as const;
export type RenderedFormat = (typeof RENDERED_FORMATS)[number];

export async function rendered(report: Report, format: RenderedFormat): Promise<string> {
  if (format === "junit") {
    const { reportJunit } = await import("../report/report-junit.ts");
    return reportJunit(report);
  }
  if (format === "markdown") {
    const { reportMarkdown } = await import("../report/report-markdown.ts");
    return reportMarkdown(report);
  }
  const { reportHtml } = await import("../report/report-html.ts");
  return reportHtml(report, madeBy());
}

/** Who made the report, and on which day (UTC). */
function madeBy(): string {
  return `isnkit ${packageVersion()}, ${new Date().toISOString().slice(0, 10)}`;
}
