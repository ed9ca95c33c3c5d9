// @ts-check
/** Use of the non-volatile memory: a map of its sectors, and writes and erases over the boots. */
import { el, section } from "./elements.js";
import { figure, roomIn, watchWidth } from "./figure.js";
import { grouped, percent, quantity, scaled } from "./quantities.js";
import { drawWithTheme, themeColor } from "./theme.js";

/** @typedef {import("../plots/plot-data.ts").WearPlot} WearPlot */
/** @typedef {import("../plots/plot-data.ts").WornPart} WornPart */

/** @param {WearPlot | undefined} wear */
export function wearSection(wear) {
  const title = "Memory wear";
  if (wear === undefined) {
    const text = "The device does not tell how it uses its memory.";
    return section("wear", title, "", el("p", { class: "empty" }, text));
  }
  const lead = "Restarts write to the device's memory, which takes a limited number of erases.";
  const parts = [el("div", { class: "parts" }, ...wear.parts.map(partMap))];
  const { history } = wear;
  if (history !== undefined && history.boots.length > 1) parts.push(wearFigure(history));
  return section("wear", title, lead, ...parts);
}

/** Rated cycles from which on a run does not count them. */
const UNLIMITED_CYCLES = 1_000_000_000;

/** @param {WornPart} part */
function partMap(part) {
  const { title, erases, programs } = part;
  // Memories without an erase wear by their writes.
  const isErased = erases.some((count) => count > 0);
  const [main, other] = isErased ? [erases, programs] : [programs, erases];
  const [mainUnit, otherUnit] = isErased ? ["erase", "write"] : ["write", "erase"];
  const most = Math.max(1, ...main);
  const cells = main.map((count, i) => {
    const second = other[i] ?? 0;
    return el(
      "li",
      { class: `sector level-${Math.ceil((4 * count) / most)}` },
      el("span", { class: "faint" }, `sector ${i}`),
      el("strong", {}, quantity(count, mainUnit ?? "")),
      ...(second === 0 ? [] : [el("span", { class: "faint" }, quantity(second, otherUnit ?? ""))]),
    );
  });
  const map =
    cells.length === 0
      ? []
      : [el("ul", { class: "sectors", "aria-label": `sectors of ${title}` }, ...cells)];
  const name = title.charAt(0).toUpperCase() + title.slice(1);
  return el(
    "figure",
    { class: "part", "data-filter": "" },
    el("h3", {}, name),
    ...map,
    el("figcaption", {}, cyclesText(part)),
  );
}

/** @param {WornPart} part */
function cyclesText({ devices, erases, cyclesMax, enduranceCycles }) {
  const sums =
    devices > 1 && erases.length > 0 ? ` Sectors: sums of ${grouped(devices)} devices.` : "";
  const limit =
    enduranceCycles >= UNLIMITED_CYCLES
      ? "; the run sets no limit"
      : ` of ${grouped(enduranceCycles)} that it is rated for (${percent(cyclesMax, enduranceCycles)})`;
  return `At most ${quantity(cyclesMax, "cycle")} on one place of one device${limit}.${sums}`;
}

/** @param {NonNullable<WearPlot["history"]>} history */
function wearFigure(history) {
  const { boots, writes, erasesMax } = history;
  const label = `${quantity(writes.at(-1) ?? 0, "write")} and ${quantity(erasesMax.at(-1) ?? 0, "erase")} of the most erased sector over ${quantity(boots.at(-1) ?? 0, "reboot")}.`;
  const box = el("div", { class: "plot", role: "img", "aria-label": label, tabindex: "0" });
  /** @type {{destroy(): void} | undefined} */
  let plot;
  const draw = () => {
    plot?.destroy();
    box.replaceChildren();
    plot = wearPlot(history, box);
  };
  requestAnimationFrame(() => drawWithTheme(draw));
  watchWidth(box, draw);
  const legend = el(
    "ul",
    { class: "legend" },
    el(
      "li",
      {},
      el("span", { class: "swatch series-1", "aria-hidden": "true" }),
      "writes (left axis)",
    ),
    el(
      "li",
      {},
      el("span", { class: "swatch series-2", "aria-hidden": "true" }),
      "erases of the most erased sector (right axis)",
    ),
  );
  const step = Math.max(1, Math.ceil(boots.length / 12));
  const rows = boots
    .map((boot, i) => [grouped(boot), grouped(writes[i] ?? 0), grouped(erasesMax[i] ?? 0)])
    .filter((_, i) => i % step === 0 || i === boots.length - 1);
  return figure({
    id: "wear-plot",
    label,
    body: [box, legend],
    caption: label,
    columns: ["Boot", "Writes", "Erases"],
    rows,
  });
}

/** @param {NonNullable<WearPlot["history"]>} history @param {HTMLElement} box */
function wearPlot({ boots, writes, erasesMax }, box) {
  const axis = {
    stroke: themeColor("muted"),
    font: "12px system-ui, sans-serif",
    labelFont: "12px system-ui, sans-serif",
    grid: { stroke: themeColor("line"), width: 1 },
    ticks: { stroke: themeColor("line"), width: 1 },
    values: (/** @type {unknown} */ _plot, /** @type {number[]} */ splits) => splits.map(scaled),
  };
  const fromZero = (
    /** @type {unknown} */ _plot,
    /** @type {number} */ _min,
    /** @type {number} */ max,
  ) => [0, Math.max(1, max * 1.08)];
  const options = {
    width: roomIn(box, 1040),
    height: 240,
    legend: { show: false },
    scales: { x: { time: false }, y: { range: fromZero }, erases: { range: fromZero } },
    axes: [
      { ...axis, label: "boot" },
      { ...axis, size: 60, label: "writes" },
      { ...axis, size: 60, label: "erases", side: 1, scale: "erases", grid: { show: false } },
    ],
    series: [
      {},
      { label: "writes", stroke: themeColor("series-1"), width: 2, points: { show: false } },
      {
        label: "erases",
        scale: "erases",
        stroke: themeColor("series-2"),
        width: 2,
        dash: [8, 4],
        points: { show: false },
      },
    ],
  };
  // @ts-expect-error uPlot is inlined before this script.
  return new uPlot(options, [[...boots], [...writes], [...erasesMax]], box);
}
