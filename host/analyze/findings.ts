/** Collects what the judges report: cases of the same rule and group become one finding. */
import {
  DIAGNOSIS_IDS,
  type Diagnosis,
  type DiagnosisId,
  type FindingDraft,
  type Severity,
} from "./diagnosis.ts";

export interface Finding extends Omit<FindingDraft, "group" | "severity" | "count" | "revises"> {
  readonly rule: DiagnosisId;
  readonly severity: Severity;
  /** How many cases of it there were; the numbers and frames are those of the first ones. */
  readonly count: number;
  readonly lastUs: number;
  readonly title: string;
  readonly explanation: string;
  readonly clause: string;
  readonly remedy: string;
}

/** Groups of one rule that are kept; further ones are counted only. */
const GROUPS_MAX = 100;
const FRAMES_MAX = 12;

const RANK: Readonly<Record<Severity, number>> = { fault: 0, information: 1, harmless: 2 };

interface Group {
  draft: FindingDraft;
  severity: Severity;
  frames: number[];
  count: number;
  lastUs: number;
}

/** Takes a finding as it is told; `firstUs` is the time of the capture's first packet. */
export type OnFinding = (finding: Finding, firstUs: number) => void;

function groupOf(diagnosis: Diagnosis, draft: FindingDraft): Group {
  return {
    draft,
    severity: draft.severity ?? diagnosis.severity,
    frames: draft.frames.slice(0, FRAMES_MAX),
    count: draft.count ?? 1,
    lastUs: draft.timeUs,
  };
}

export class FindingCollector {
  /** Time of the first packet, in microseconds since 1970; drafts count from there. */
  baseUs = 0;
  /** Findings that were not kept, by rule. */
  readonly dropped = new Map<DiagnosisId, number>();
  readonly #groups = new Map<DiagnosisId, Map<string, Group>>();
  readonly #diagnoses: ReadonlyMap<DiagnosisId, Diagnosis>;
  readonly #onNew: OnFinding;

  /** `onNew` is called with each finding when its first case is reported, or when it gets worse. */
  constructor(diagnoses: readonly Diagnosis[], onNew: OnFinding) {
    this.#diagnoses = new Map(diagnoses.map((diagnosis) => [diagnosis.id, diagnosis]));
    this.#onNew = onNew;
  }

  report(diagnosis: Diagnosis, draft: FindingDraft): void {
    const { id } = diagnosis;
    const groups = this.#groups.get(id) ?? new Map<string, Group>();
    this.#groups.set(id, groups);
    const known = groups.get(draft.group);
    if (known && draft.revises) {
      this.#revise(diagnosis, known, draft);
      return;
    }
    if (known) {
      known.count += draft.count ?? 1;
      known.lastUs = Math.max(known.lastUs, draft.timeUs);
      known.frames.push(...draft.frames.slice(0, FRAMES_MAX - known.frames.length));
      return;
    }
    if (groups.size >= GROUPS_MAX) {
      this.dropped.set(id, (this.dropped.get(id) ?? 0) + 1);
      return;
    }
    const group = groupOf(diagnosis, draft);
    groups.set(draft.group, group);
    this.#onNew(this.#finding(diagnosis, group), this.baseUs);
  }

  #revise(diagnosis: Diagnosis, known: Group, draft: FindingDraft): void {
    const before = RANK[known.severity];
    Object.assign(known, groupOf(diagnosis, draft));
    if (RANK[known.severity] < before) this.#onNew(this.#finding(diagnosis, known), this.baseUs);
  }

  /** All findings: faults first, and among equals causes before what follows from them. */
  findings(): readonly Finding[] {
    const all = DIAGNOSIS_IDS.flatMap((id) => {
      const diagnosis = this.#diagnoses.get(id);
      if (!diagnosis) return [];
      const groups = [...(this.#groups.get(id)?.values() ?? [])];
      return groups.map((group) => this.#finding(diagnosis, group));
    });
    return all.sort((a, b) => RANK[a.severity] - RANK[b.severity]);
  }

  #finding(diagnosis: Diagnosis, { draft, severity, frames, count, lastUs }: Group): Finding {
    const inOrder = [...new Set(frames)].sort((a, b) => a - b);
    const { group: _group, severity: _s, count: _c, revises: _r, ...rest } = draft;
    const { id, title, explanation, clause, remedy } = diagnosis;
    return {
      rule: id,
      severity,
      ...rest,
      timeUs: this.baseUs + draft.timeUs,
      frames: inOrder,
      count,
      lastUs: this.baseUs + lastUs,
      title,
      explanation,
      clause,
      remedy,
    };
  }
}
