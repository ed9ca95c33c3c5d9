/** Models of the non-volatile memories that a board may have, by their geometry. */
import { UsageError } from "../core/errors.ts";
import type { Random } from "../core/random.ts";
import { Eeprom } from "./eeprom.ts";
import { KeyValueStore } from "./key-value-store.ts";
import { NorFlash } from "./nor.ts";
import type { NvmGeometry, NvmOptions, NvmPart } from "./nvm-part.ts";

export {
  NVM_CODE,
  type NvmGeometry,
  type NvmOptions,
  type NvmPart,
  PowerCut,
  type PowerCutPlan,
} from "./nvm-part.ts";

/**
 * Makes a blank part. `random` decides torn bits, marginal reads and worn-out bits.
 * Throws UsageError when the geometry makes no part: a sector must be whole granules.
 */
export function createNvm(geometry: NvmGeometry, random: Random, options?: NvmOptions): NvmPart {
  const { kind, sectorBytes, sectors, granule } = geometry;
  const whole = [sectorBytes, sectors, granule].every((n) => Number.isInteger(n) && n > 0);
  if (kind !== "keyValue" && (!whole || sectorBytes % granule !== 0)) {
    throw new UsageError(
      "bad-geometry",
      `${sectors} sectors of ${sectorBytes} bytes in granules of ${granule} make no memory`,
      "give whole numbers above 0, and a sector size that is a multiple of the granule",
    );
  }
  if (kind === "nor") return new NorFlash(geometry, random, options);
  if (kind === "eeprom") return new Eeprom(geometry, random, options);
  return new KeyValueStore(geometry, random, options);
}
