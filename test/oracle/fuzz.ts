/** Draws and plays lives until so many operations are done, or a promise is broken. */
import { drawLife, type Mode } from "./draw.ts";
import type { Life } from "./life.ts";
import { type Binary, Machine, type MachineOptions } from "./machine.ts";
import { type Outcome, play, type Trace } from "./player.ts";
import { shrink } from "./shrink.ts";

export interface Finding {
  readonly seed: number;
  readonly mode: Mode;
  readonly kind: string;
  readonly detail: string;
  readonly life: Life;
  /** Operations played up to here. */
  readonly after: number;
}

export interface Totals {
  operations: number;
  lives: number;
  boots: number;
  refusedSettings: number;
  readonly struck: Map<string, number>;
}

export class Fuzzer {
  private readonly machines: readonly [Machine, Machine];
  readonly totals: Totals = {
    operations: 0,
    lives: 0,
    boots: 0,
    refusedSettings: 0,
    struck: new Map(),
  };

  constructor(binary: Binary, options: MachineOptions = {}) {
    this.machines = [new Machine(binary, options), new Machine(binary, options)];
  }

  /** One life; a finding where it broke a promise. */
  tryLife(seed: number, mode: Mode): Finding | undefined {
    const life = drawLife(seed, mode);
    const outcome = this.play(life);
    this.count(outcome);
    if (outcome.breach === undefined) return undefined;
    const { kind, detail, step } = outcome.breach;
    return {
      seed,
      mode,
      kind,
      detail,
      life: { ...life, steps: life.steps.slice(0, step + 1) },
      after: this.totals.operations,
    };
  }

  play(life: Life, trace?: Trace): Outcome {
    return play(life, ...this.machines, trace);
  }

  /** The same breach in a shorter life. */
  shrink(finding: Finding): Finding {
    const life = shrink(finding.life, (one) => this.play(one).breach?.kind === finding.kind);
    const breach = this.play(life).breach;
    return { ...finding, life, detail: breach?.detail ?? finding.detail };
  }

  /** Whether the module kept to the part of the memory that is reset between boots. */
  leaksAboveLimit(): boolean {
    return this.machines.some((machine) => machine.leaksAboveLimit());
  }

  private count({ operations, boots, refusedSetup, struck }: Outcome): void {
    this.totals.operations += operations;
    this.totals.boots += boots;
    this.totals.lives++;
    if (refusedSetup) this.totals.refusedSettings++;
    for (const [clause, times] of struck) {
      this.totals.struck.set(clause, (this.totals.struck.get(clause) ?? 0) + times);
    }
  }
}

export function describe(finding: Finding): string {
  const { seed, mode, kind, detail, life } = finding;
  return [
    `${kind}: ${detail}`,
    `seed ${seed}, mode ${mode}; ${life.steps.length} steps after shrinking:`,
    `  setup ${JSON.stringify(life.setup)}`,
    ...life.steps.map((step) => `  ${JSON.stringify(step)}`),
    `replay the seed:  npm run fuzz:module -- --mode ${mode} --seed ${seed} --lives 1`,
  ].join("\n");
}
