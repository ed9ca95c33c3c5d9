// What the journal costs in non-volatile memory: over days of simulated time, scaled to 1,000
// connections and to a year.
import { compileIsnModule } from "../dist/module/load.js";
import { live } from "./device-life.mjs";

const RATE_DAYS = 7;
const YEAR_DAYS = 28;
const WEEK_S = 7 * 86_400;
/** One lease of 2^26 ticks of 4 µs, rounded down. */
const WRITE_GAP_GOAL_S = 268;

const PARTS = [
  { name: "NOR 2×4096, granule 8", kind: "nor", sectorBytes: 4096, granule: 8, cycles: 10_000 },
  { name: "NOR 2×2048, granule 8", kind: "nor", sectorBytes: 2048, granule: 8, cycles: 10_000 },
  { name: "EEPROM 2×512, page 16", kind: "eeprom", sectorBytes: 512, granule: 16, cycles: 1e6 },
  { name: "key-value store", kind: "keyValue", sectorBytes: 0, granule: 1, cycles: undefined },
];
/** What wears out, by kind of part. @type {Readonly<Record<string, string>>} */
const WORN = { nor: "sector", eeprom: "page", keyValue: "key" };
const RATES = [
  { name: "one connection a second", everyS: 1 },
  { name: "ten connections a minute", everyS: 6 },
  { name: "one connection a minute", everyS: 60 },
];

/** @param {import("./measure.mjs").Setting} setting */
export async function run({ progress }) {
  const wasm = await compileIsnModule();
  /** @type {import("./measure.mjs").Figure[]} */
  const figures = [];
  for (const { name, kind, sectorBytes, granule, cycles } of PARTS) {
    progress(name);
    const part = /** @type {import("./bench-board.mjs").NvmGeometry} */ ({
      kind,
      sectorBytes,
      sectors: 2,
      granule,
      // The part may not wear out during the measurement.
      enduranceCycles: 1e9,
    });
    for (const rate of RATES) {
      const life = live(wasm, { part, days: RATE_DAYS, everyS: rate.everyS, rebootEveryS: 0 });
      const of = `${name}, ${rate.name} for ${RATE_DAYS} days`;
      figures.push(...perThousand(kind, life).map((figure) => ({ ...figure, of })));
    }
    const life = live(wasm, { part, days: YEAR_DAYS, everyS: 60, rebootEveryS: WEEK_S });
    const of = `${name}, one connection a minute and a reboot a week for ${YEAR_DAYS} days, scaled`;
    const year = [...perYear(kind, life, cycles), ...gaps(life)];
    figures.push(...year.map((figure) => ({ ...figure, of })));
  }
  return figures;
}

/**
 * @param {string} kind
 * @param {import("./device-life.mjs").Life} life
 */
function perThousand(kind, life) {
  const unit = "per 1,000 connections";
  return [
    ...memoryUse(kind, life, 1_000 / life.connections, unit),
    {
      name: "connections refused",
      value: life.refused,
      unit: "connections",
      exact: true,
      goal: { bound: 0, sense: /** @type {const} */ ("at most") },
    },
  ];
}

/**
 * @param {string} kind
 * @param {import("./device-life.mjs").Life} life
 * @param {number | undefined} cycles that the part is rated for
 */
function perYear(kind, life, cycles) {
  const scale = 365 / YEAR_DAYS;
  const unit = "a year";
  const exact = true;
  const cyclesAYear = life.wearMax * scale;
  const figures = [
    ...memoryUse(kind, life, scale, unit),
    { name: `cycles of the most used ${WORN[kind]}`, value: cyclesAYear, unit, exact },
  ];
  if (cycles === undefined) return figures;
  const name = `lifetime at ${cycles.toLocaleString("en-US")} cycles`;
  return [...figures, { name, value: cycles / cyclesAYear, unit: "years", exact }];
}

/**
 * @param {string} kind
 * @param {import("./device-life.mjs").Life} life
 * @param {number} scale
 * @param {string} unit
 */
function memoryUse(kind, life, scale, unit) {
  const exact = true;
  const figures = [
    { name: "record writes", value: life.writes * scale, unit, exact },
    { name: "program operations", value: life.programs * scale, unit, exact },
  ];
  if (kind !== "nor") return figures;
  return [...figures, { name: "sector erases", value: life.erases * scale, unit, exact }];
}

/** @param {import("./device-life.mjs").Life} life */
function gaps(life) {
  const exact = true;
  const goal = { bound: WRITE_GAP_GOAL_S, sense: /** @type {const} */ ("at least") };
  return [
    { name: "shortest time between writes", value: life.shortestGapS, unit: "s", exact, goal },
    { name: "longest time between writes", value: life.longestGapS, unit: "s", exact },
  ];
}
