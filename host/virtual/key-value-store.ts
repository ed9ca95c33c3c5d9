/** A platform's own key-value store: a put replaces a whole value. */
import { UsageError } from "../core/errors.ts";
import type { Random } from "../core/random.ts";
import {
  NVM_CODE,
  type NvmGeometry,
  type NvmOptions,
  NvmPart,
  type NvmSnapshot,
  type PowerCutPlan,
} from "./nvm-part.ts";

interface ValueSnapshot extends NvmSnapshot {
  readonly values: ReadonlyMap<number, Uint8Array>;
  readonly puts: ReadonlyMap<number, number>;
}

export class KeyValueStore extends NvmPart {
  /** Values are never changed in place, so snapshots share them. */
  readonly #values = new Map<number, Uint8Array>();
  readonly #puts = new Map<number, number>();

  constructor(geometry: NvmGeometry, random: Random, options?: NvmOptions) {
    super(geometry, random, options);
  }

  get wearMax(): number {
    let most = 0;
    for (const puts of this.#puts.values()) most = Math.max(most, puts);
    return most;
  }

  rot(bits: number, random: Random): void {
    const keys = [...this.#values.keys()];
    if (keys.length === 0) return;
    const key = keys[random.int(0, keys.length - 1)] ?? 0;
    const value = this.#values.get(key)?.slice();
    if (value === undefined || value.length === 0) return;
    for (let i = 0; i < bits; i++) {
      const at = random.int(0, value.length - 1);
      value[at] = (value[at] ?? 0) ^ (1 << random.int(0, 7));
    }
    this.#values.set(key, value);
  }

  fillNoise(random: Random): void {
    for (const [key, value] of this.#values) {
      const noise = new Uint8Array(value.length);
      random.fill(noise);
      this.#values.set(key, noise);
    }
  }

  wipe(_value: 0xff | 0x00): void {
    this.#values.clear();
  }

  snapshot(): NvmSnapshot {
    const snapshot: ValueSnapshot = {
      kind: "keyValue",
      values: new Map(this.#values),
      puts: new Map(this.#puts),
    };
    return snapshot;
  }

  restore(snapshot: NvmSnapshot): void {
    if (snapshot.kind !== "keyValue") {
      throw new UsageError(
        "foreign-snapshot",
        `a snapshot of another part (${snapshot.kind}) cannot be restored to a key-value store`,
        "restore only snapshots that were taken from the same part",
      );
    }
    const from = snapshot as ValueSnapshot;
    this.#values.clear();
    for (const [key, value] of from.values) this.#values.set(key, value);
    this.#puts.clear();
    for (const [key, puts] of from.puts) this.#puts.set(key, puts);
  }

  protected readPart(key: number, bytes: Uint8Array): number {
    const value = this.#values.get(key);
    if (value === undefined) return NVM_CODE.missing;
    if (value.length !== bytes.length) return NVM_CODE.range;
    bytes.set(value);
    return NVM_CODE.ok;
  }

  protected programPart(key: number, bytes: Uint8Array): number {
    const puts = this.#countPut(key);
    if (puts > this.geometry.enduranceCycles && this.options.wearOut !== "none") {
      return NVM_CODE.wornOut;
    }
    this.#values.set(key, bytes.slice());
    return NVM_CODE.ok;
  }

  protected erasePart(key: number): number {
    return this.violate("erase-unsupported", key);
  }

  protected tearProgram(key: number, bytes: Uint8Array, _cut: PowerCutPlan): void {
    this.#countPut(key);
    const outcome = this.random.pick(this.options.tornPut);
    if (outcome === "new") this.#values.set(key, bytes.slice());
    if (outcome === "lost") this.#values.delete(key);
    if (outcome === "garbage") {
      const garbage = new Uint8Array(bytes.length);
      this.random.fill(garbage);
      this.#values.set(key, garbage);
    }
  }

  protected tearErase(key: number): void {
    this.violate("erase-unsupported", key);
  }

  #countPut(key: number): number {
    const puts = (this.#puts.get(key) ?? 0) + 1;
    this.#puts.set(key, puts);
    return puts;
  }
}
