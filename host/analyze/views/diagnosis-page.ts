/** The page on the diagnoses, written from the diagnoses themselves. */
import type { Diagnosis, Severity } from "../diagnosis.ts";

const MEANING: Readonly<Record<Severity, string>> = {
  fault: "a fault: exit code 1",
  information: "information",
  harmless: "harmless",
};

/** Markdown, one section a diagnosis, in the order in which causes are named. */
export function diagnosisPage(diagnoses: readonly Diagnosis[]): string {
  const head = [
    "# What `isnkit analyze` finds",
    "",
    "One section a diagnosis, in the order in which causes are named. This page is written from the",
    "diagnoses themselves; change those, and run `npx vitest run test/unit/analyze-docs.test.ts -u`.",
  ];
  const list = diagnoses.map(
    ({ id, title, severity }) => `* [\`${id}\`](#${id}): ${title} (${severity})`,
  );
  return `${[...head, "", ...list, ...diagnoses.flatMap(section)].join("\n")}\n`;
}

function section({ id, title, severity, explanation, clause, remedy }: Diagnosis): string[] {
  return [
    "",
    `## ${id}`,
    "",
    `**What** ${title}: ${MEANING[severity]}.`,
    "",
    `**Why** ${explanation}`,
    "",
    `**Clause** ${clause}`,
    "",
    `**Remedy** ${remedy}.`,
  ];
}
