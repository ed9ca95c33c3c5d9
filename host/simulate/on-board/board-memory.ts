/**
 * The emulated board's EEPROM as a life sees it: faults are armed and contents are changed here, and
 * reach the board when it is switched on. Between the power-offs the part itself knows best.
 */

import { Random } from "../../core/random.ts";
import type { NvmSnapshot } from "../../virtual/nvm-part.ts";
import { NVM_CODE, type NvmGeometry, NvmPart, type PowerCutPlan } from "../../virtual/nvm-part.ts";

export class BoardMemory extends NvmPart {
  /** As it was when the power last went off. */
  #cells: Uint8Array;
  #changed = false;
  #cutPlan: PowerCutPlan | undefined;
  #failures = 0;
  #wearMax = 0;
  readonly #takeOut: () => void;

  /** `takeOut` cuts the power of a running board, so that the part can be changed. */
  constructor(geometry: NvmGeometry, takeOut: () => void) {
    super(geometry, new Random(0));
    this.#cells = new Uint8Array(geometry.sectorBytes * geometry.sectors).fill(0xff);
    this.#takeOut = takeOut;
  }

  override armCut(plan: PowerCutPlan | undefined): void {
    this.#cutPlan = plan;
  }

  /** An EEPROM erases by itself: there is no such operation to cut. */
  override armEraseCut(): void {}

  override failWrites(count: number): void {
    this.#failures = count;
  }

  override disarm(): void {
    this.#cutPlan = undefined;
    this.#failures = 0;
  }

  get wearMax(): number {
    return this.#wearMax;
  }

  /** Whether the life has put something else into the part since the board last had it. */
  get changed(): boolean {
    return this.#changed;
  }

  /** What the board is to be given at power-on; undefined when it holds it already. */
  takeContents(): Uint8Array | undefined {
    if (!this.#changed) return undefined;
    this.#changed = false;
    return this.#cells.slice();
  }

  /** The armed cut, once. */
  takeCut(): PowerCutPlan | undefined {
    const plan = this.#cutPlan;
    this.#cutPlan = undefined;
    return plan;
  }

  /** Writes that are to fail from now on, once. */
  takeFailures(): number {
    const count = this.#failures;
    this.#failures = 0;
    return count;
  }

  /** What the part held when the power went off. */
  readOut(contents: Uint8Array): void {
    this.#cells = contents.slice();
  }

  /** A boot is over: what the device has told of its work. */
  count(programs: number, wear: number, failed: boolean): void {
    this.operations += programs;
    this.programs += programs;
    this.#wearMax = Math.max(this.#wearMax, wear);
    if (failed) this.failed++;
  }

  rot(bits: number, random: Random): void {
    this.#change(() => {
      for (let i = 0; i < bits; i++) {
        const at = random.int(0, this.#cells.length - 1);
        this.#cells[at] = (this.#cells[at] ?? 0) ^ (1 << random.int(0, 7));
      }
    });
  }

  fillNoise(random: Random): void {
    this.#change(() => random.fill(this.#cells));
  }

  wipe(value: 0xff | 0x00): void {
    this.#change(() => this.#cells.fill(value));
  }

  #change(change: () => void): void {
    this.#takeOut();
    change();
    this.#changed = true;
  }

  snapshot(): NvmSnapshot {
    throw new Error("the part of a board has no snapshot");
  }

  restore(): void {
    throw new Error("the part of a board has no snapshot");
  }

  /** Only the firmware's own driver reads and writes this part. */
  protected readPart(): number {
    return NVM_CODE.contract;
  }

  protected programPart(): number {
    return NVM_CODE.contract;
  }

  protected erasePart(): number {
    return NVM_CODE.contract;
  }

  protected tearProgram(): void {}
  protected tearErase(): void {}
}
