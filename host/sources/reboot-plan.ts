/** What happens to the board in each boot of a campaign, decided by the seed alone. Pure. */
import type { Random } from "../core/random.ts";

/** How a boot ends. */
export type BootEnd =
  /** The power is cut while the device works, after this many records. */
  | { readonly kind: "power-cut"; readonly records: number }
  /** The power is cut inside a program of the boot itself, after `bytes` bytes of it. */
  | { readonly kind: "torn-boot"; readonly program: number; readonly bytes: number }
  /** The same inside a program while connections are opened. */
  | { readonly kind: "torn-run"; readonly program: number; readonly bytes: number }
  /** The power is cut at some instant while the device boots. */
  | { readonly kind: "cut-while-booting"; readonly delayMs: number }
  /** The device resets itself; its RAM may survive. */
  | { readonly kind: "reset"; readonly records: number };

/** Records that a boot is watched for at most: a bench minute holds hundreds of them. */
const RECORDS_MAX = 80;
const BOOT_DELAY_MS_MAX = 60;

/**
 * Decides the end of boot number `boot`. The first boot stays whole: it is the factory's.
 * `granuleBytes`: the page of the journal's memory, of which a torn program writes a part. `cuts`:
 * whether the bench can end a life without warning; if not, the device resets itself each time.
 */
export function planBootEnd(
  random: Random,
  boot: number,
  granuleBytes: number,
  cuts = true,
): BootEnd {
  const records = random.int(1, RECORDS_MAX);
  if (!cuts) return { kind: "reset", records: boot === 0 ? RECORDS_MAX : records };
  if (boot === 0) return { kind: "power-cut", records: RECORDS_MAX };
  const program = random.int(0, 2);
  const bytes = random.int(0, granuleBytes);
  const choice = random.int(0, 9);
  if (choice < 2) return { kind: "torn-boot", program: Math.min(program, 1), bytes };
  if (choice < 4) return { kind: "torn-run", program, bytes };
  if (choice < 5) return { kind: "cut-while-booting", delayMs: random.int(0, BOOT_DELAY_MS_MAX) };
  if (choice < 6) return { kind: "reset", records };
  return { kind: "power-cut", records };
}
