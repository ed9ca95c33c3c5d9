/** A report in which every string is an attempt to run something in the browser that opens it. */
import type { Report } from "../../host/report/report-model.ts";

export const PAYLOADS = [
  "</script><script>window.hacked=1</script>",
  "<img src=x onerror=window.hacked=1>",
  '"><svg onload=window.hacked=1>',
  "'-window.hacked=1-'",
  "<!--<script>window.hacked=1//-->",
  "</style><style>*{display:none}</style>",
  "</noscript><iframe srcdoc='<script>parent.hacked=1</script>'>",
  "javascript:window.hacked=1",
  "{{constructor.constructor('window.hacked=1')()}}",
  "\u2028window.hacked=1\u2029",
  "</title><script>window.hacked=1</script>",
  "__proto__",
] as const;

/** The same shape with another payload in each string that is shown. Ids and states keep their sets. */
export function hostile(report: Report): Report {
  let at = 0;
  const kept = new Set(["command", "verdict", "status", "severity", "kind"]);
  const spoil = (value: unknown, key: string): unknown => {
    if (typeof value === "string")
      return kept.has(key) ? value : `${PAYLOADS[at++ % PAYLOADS.length]}`;
    if (Array.isArray(value)) return value.map((one) => spoil(one, key));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, spoil(one, name)]));
  };
  return spoil(report, "") as Report;
}
