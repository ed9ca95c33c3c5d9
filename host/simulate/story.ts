/** Tells a device's life in lines, for a failure that is small enough to be read. */

import { formatDurationUs } from "../core/duration.ts";
import type { Sample } from "../core/sample.ts";
import { tupleKey } from "../core/tuple.ts";
import type { FaultKind } from "../virtual/fault-kinds.ts";
import { geometryName } from "../virtual/geometries.ts";
import type { LifeWitness } from "../virtual/life.ts";
import type { LifeScript } from "../virtual/life-script.ts";

const LINES_MAX = 40;

export class StoryTeller implements LifeWitness {
  readonly #lines: string[];
  #leftOut = 0;
  #endedUs = 0;

  constructor({ board, entropy, selfProvision }: LifeScript) {
    const key = selfProvision ? `key from its own entropy (${entropy})` : "key from the host";
    this.#lines = [`device: ${geometryName(board.storage)}, counter ${board.counterHz} Hz, ${key}`];
  }

  get lines(): readonly string[] {
    if (this.#leftOut === 0) return this.#lines;
    return [...this.#lines, `… and ${this.#leftOut} more`];
  }

  booted(boot: number, timeUs: number): void {
    const offUs = timeUs - this.#endedUs;
    const off = this.#endedUs === 0 ? "" : `, ${formatDurationUs(offUs)} after the last one ended`;
    this.#tell(`${at(timeUs)} boot ${boot}${off}`);
  }

  ended(boot: number, timeUs: number, end: string): void {
    this.#endedUs = timeUs;
    this.#tell(`${at(timeUs)} boot ${boot} ends: ${end}`);
  }

  struck(kind: FaultKind, boot: number): void {
    if (kind !== "power-cut") this.#tell(`           fault in boot ${boot}: ${kind}`);
  }

  watch(sample: Sample): void {
    const time = at(sample.timeUs);
    if (sample.kind === "open") {
      const { answer } = sample;
      const ts = sample.tsval === undefined ? "" : `, TSval ${sample.tsval}`;
      const by = answer === undefined ? "" : `: ${answer.kind} (${answer.peer}, ${answer.state})`;
      this.#tell(`${time}   SYN ${tupleKey(sample.tuple)} ISN ${sample.isn}${ts}${by}`);
    } else if (sample.kind === "used") {
      this.#tell(`${time}   ${tupleKey(sample.tuple)} has used its numbers up to ${sample.next}`);
    } else if (sample.kind === "refused") {
      const due = sample.expected ? "due" : "not due";
      this.#tell(`${time}   ${sample.call} refused: ${sample.reason} (${due})`);
    } else if (sample.kind === "stale") {
      const taken = sample.accepted ? "TAKEN" : "dropped";
      this.#tell(
        `${time}   stale segment ${sample.seq}+${sample.bytes} at the ${sample.at}: ${taken}`,
      );
    } else if (sample.kind === "storage-lost") this.#tell(`${time} storage is lost`);
    else if (sample.kind === "violation") this.#tell(`${time}   memory: ${sample.what}`);
    else if (sample.kind === "liveness" && !sample.connected) {
      this.#tell(`${time}   no connection to ${tupleKey(sample.tuple)} in time`);
    }
  }

  #tell(line: string): void {
    if (this.#lines.length < LINES_MAX) this.#lines.push(line);
    else this.#leftOut++;
  }
}

/** Seconds since the first power-on, in a column. */
function at(timeUs: number): string {
  return `${(timeUs / 1_000_000).toFixed(3).padStart(10)}`;
}
