/** The pages on the diagnoses, written from the diagnoses themselves. */
import type { Diagnosis, Severity } from "../diagnosis.ts";

const MEANING: Readonly<Record<Severity, string>> = {
  fault: "a fault: exit code 1",
  information: "information",
  harmless: "harmless",
};

/** Markdown: the list of all diagnoses, in the order in which causes are named. */
export function diagnosisIndex(diagnoses: readonly Diagnosis[]): string {
  const head = [
    "# What `isnkit analyze` finds",
    "",
    "One page a diagnosis, in the order in which causes are named. The pages are written from the",
    "diagnoses themselves; change those, and run `npx vitest run test/unit/analyze/docs.test.ts -u`.",
  ];
  const list = diagnoses.map(
    ({ id, title, severity }) => `* [\`${id}\`](${id}.md): ${title} (${severity})`,
  );
  return `${[...head, "", ...list].join("\n")}\n`;
}

/** Markdown: the page of one diagnosis. */
export function diagnosisPage(diagnosis: Diagnosis): string {
  const { id, title, severity, explanation, clause, remedy } = diagnosis;
  return [
    `# ${id}`,
    "",
    `**What** ${title}: ${MEANING[severity]}.`,
    "",
    `**Why** ${explanation}`,
    "",
    `**Clause** ${clause}`,
    "",
    `**Remedy** ${remedy}.`,
    "",
    "[All diagnoses](README.md)",
    "",
  ].join("\n");
}
