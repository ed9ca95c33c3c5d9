/** Parts to run the journal on: granules from 1 to 256 bytes, two and more sectors, all kinds. */
import type { NvmGeometry } from "./nvm.ts";

function part(
  kind: NvmGeometry["kind"],
  sectorBytes: number,
  sectors: number,
  granule: number,
): NvmGeometry {
  return { kind, sectorBytes, sectors, granule, enduranceCycles: 1e9 };
}

export const GEOMETRIES: readonly NvmGeometry[] = [
  part("nor", 256, 2, 1),
  part("nor", 320, 3, 2),
  part("nor", 512, 2, 4),
  part("nor", 448, 4, 8),
  part("nor", 1024, 2, 16),
  part("nor", 512, 3, 32),
  part("nor", 1536, 2, 256),
  part("eeprom", 256, 2, 1),
  part("eeprom", 512, 2, 16),
  part("keyValue", 0, 2, 1),
];

/** `nor 4×2048/8`: a part in one word for reports and messages. */
export function geometryName({ kind, sectorBytes, sectors, granule }: NvmGeometry): string {
  return kind === "keyValue" ? "keyValue" : `${kind} ${sectors}×${sectorBytes}/${granule}`;
}
