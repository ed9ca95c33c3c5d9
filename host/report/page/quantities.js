// @ts-check
/** Numbers as people read them. */

/** @param {number} n */
export function grouped(n) {
  return String(n).replace(/\B(?=(\d{3})+(?!\d))/g, ",");
}

/** @param {number} n @param {string} what */
export function quantity(n, what) {
  return `${grouped(n)} ${what}${n === 1 ? "" : "s"}`;
}

/** @param {number} us */
export function duration(us) {
  if (us < 1_000) return `${Math.round(us)} µs`;
  if (us < 1_000_000) return `${short(us / 1_000)} ms`;
  if (us < 120_000_000) return `${short(us / 1_000_000)} s`;
  if (us < 7_200_000_000) return `${short(us / 60_000_000)} min`;
  if (us < 172_800_000_000) return `${short(us / 3_600_000_000)} h`;
  return `${short(us / 86_400_000_000)} d`;
}

/** Three digits that count. @param {number} n */
export function short(n) {
  if (n === 0) return "0";
  if (Math.abs(n) >= 100) return grouped(Math.round(n));
  return String(Number(n.toPrecision(3)));
}

/** @param {number} part @param {number} whole */
export function percent(part, whole) {
  if (whole === 0) return "0 %";
  const share = (100 * part) / whole;
  return share > 0 && share < 0.001 ? "under 0.001 %" : `${short(share)} %`;
}

/** @param {number} n */
export function hexadecimal(n) {
  return `0x${n.toString(16).padStart(8, "0")}`;
}

/** Large numbers on an axis: `1.2 G`, `35 M`. @param {number} n */
export function scaled(n) {
  const size = Math.abs(n);
  if (size >= 1e9) return `${short(n / 1e9)} G`;
  if (size >= 1e6) return `${short(n / 1e6)} M`;
  if (size >= 1e3) return `${short(n / 1e3)} k`;
  return short(n);
}

/** The unit in which a span of time is written on an axis. @param {number} us */
export function timeUnit(us) {
  if (us < 2_000) return { name: "µs", us: 1 };
  if (us < 2_000_000) return { name: "ms", us: 1_000 };
  if (us < 300_000_000) return { name: "s", us: 1_000_000 };
  if (us < 18_000_000_000) return { name: "min", us: 60_000_000 };
  if (us < 345_600_000_000) return { name: "h", us: 3_600_000_000 };
  return { name: "d", us: 86_400_000_000 };
}
