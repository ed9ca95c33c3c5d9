/** Runs one life and judges it by all rules. */
import { Check, type CheckResult } from "../check/engine.ts";
import type { Rule } from "../check/rule.ts";
import type { Sample } from "../core/sample.ts";
import type { DeviceFactory } from "../virtual/device.ts";
import type { FaultTally } from "../virtual/fault-strikes.ts";
import { Life, type LifeWitness } from "../virtual/life.ts";
import type { LifeScript } from "../virtual/life-script.ts";
import type { NvmPart } from "../virtual/nvm.ts";
import { LIFE_RULES } from "./rules/index.ts";

export interface JudgedLife {
  readonly result: CheckResult;
  readonly faults: FaultTally;
  readonly powerOns: number;
  readonly timeUs: number;
  readonly life: Life;
}

export function judgeLife(
  script: LifeScript,
  factory: DeviceFactory,
  options: {
    readonly rules?: readonly Rule[];
    /** Sees each sample, in order. */
    readonly watch?: (sample: Sample) => void;
    readonly witness?: LifeWitness;
    /** Called before the life runs. */
    readonly prepare?: (life: Life) => void;
    /** The device's memory; otherwise a model of what the script names. */
    readonly nvm?: NvmPart;
  } = {},
): JudgedLife {
  const { board } = script;
  const check = new Check({
    rules: options.rules ?? LIFE_RULES,
    context: { twoMslUs: 2 * board.mslMs * 1000, source: "board", ports: board.ports },
  });
  const { watch } = options;
  const emit = (sample: Sample) => {
    check.observe(sample);
    watch?.(sample);
  };
  const life = new Life(script, factory, emit, options.witness, options.nvm);
  options.prepare?.(life);
  life.run();
  const { faults, powerOns, timeUs } = life;
  return { result: check.finish(), faults, powerOns, timeUs, life };
}
