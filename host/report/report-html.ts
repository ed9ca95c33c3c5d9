/**
 * The report as one HTML file that loads nothing. What the run brought (names, reasons, addresses)
 * is data: it stands in a JSON block and reaches the page as text only. Should that ever fail, the
 * policy of the page lets no script run but its own, by hash.
 */
import { createHash } from "node:crypto";
import { printable } from "../core/plain-text.ts";
import { pageSource } from "./page-source.ts";
import type { Report } from "./report-model.ts";

/** `made`: the last line of the page, such as `isnkit 0.1.0, 2026-05-01`. */
export function reportHtml(report: Report, made = "isnkit"): string {
  const { style, scripts } = pageSource();
  const policy = [
    "default-src 'none'",
    `script-src ${scripts.map(hashOf).join(" ")}`,
    `style-src ${hashOf(style)}`,
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
  const title = `${report.verdict.toUpperCase()}: isnkit ${report.command}, ${report.subject}`;
  const noScript = `${report.verdict.toUpperCase()}. ${report.sentence} The details of this report need JavaScript.`;
  return [
    "<!doctype html>",
    '<html lang="en">',
    "<head>",
    '<meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="${policy}">`,
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    '<meta name="referrer" content="no-referrer">',
    `<title>${htmlText(title)}</title>`,
    `<style>${style}</style>`,
    "</head>",
    "<body>",
    '<a class="skip" href="#verdict">Skip to the verdict</a>',
    `<noscript><p>${htmlText(noScript)}</p></noscript>`,
    `<script type="application/json" id="report">${jsonBlock({ report, made })}</script>`,
    ...scripts.map((script) => `<script>${script}</script>`),
    "</body>",
    "</html>",
    "",
  ].join("\n");
}

function hashOf(text: string): string {
  return `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
}

/** JSON inside an element: no character of it can end the element or start another. */
function jsonBlock(value: unknown): string {
  const visible = (_key: string, part: unknown) =>
    typeof part === "string" ? printable(part) : part;
  return JSON.stringify(value, visible).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function htmlText(text: string): string {
  return printable(text).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
