// @ts-check
/** Use of the non-volatile memory: writes and erases over the boots, and erases of each sector. */
import { el, section } from "./elements.js";
import { figure, roomIn } from "./figure.js";
import { grouped, percent, quantity, scaled } from "./quantities.js";
import { drawWithTheme, themeColor } from "./theme.js";

/** @typedef {import("../plots/plot-data.ts").WearPlot} WearPlot */

/** @param {WearPlot | undefined} wear */
export function wearSection(wear) {
  const title = "Memory wear";
  if (wear === undefined) {
    return section(
      "wear",
      title,
      "",
      el("p", { class: "empty" }, "The device does not tell how it uses its memory."),
    );
  }
  const lead =
    "Every restart writes to the device's memory, which takes a limited number of erases.";
  const writes = wear.writes.at(-1) ?? 0;
  const erases = wear.erasesMax.at(-1) ?? 0;
  const label = `${quantity(writes, "write")} in the run; the most erased sector had ${quantity(erases, "erase")} of ${grouped(wear.enduranceCycles)} that it is rated for (${percent(erases, wear.enduranceCycles)}).`;
  const parts = [];
  if (wear.sectors !== undefined) parts.push(sectorMap(wear.sectors, wear.enduranceCycles));
  if (wear.boots.length > 1) parts.push(wearFigure(wear, label));
  else parts.push(el("p", {}, label));
  return section("wear", title, lead, ...parts);
}

/** @param {readonly number[]} sectors @param {number} rated */
function sectorMap(sectors, rated) {
  const most = Math.max(1, ...sectors);
  const cells = sectors.map((erases, i) => {
    const level = Math.ceil((4 * erases) / most);
    return el(
      "li",
      { class: `sector level-${level}` },
      el("span", { class: "faint" }, `sector ${i}`),
      el("strong", {}, grouped(erases)),
      el("span", { class: "faint" }, percent(erases, rated)),
    );
  });
  const spread = Math.max(...sectors) - Math.min(...sectors);
  return el(
    "figure",
    { id: "wear-map" },
    el("ul", { class: "sectors", "aria-label": "erases of each sector" }, ...cells),
    el(
      "figcaption",
      {},
      `Erases of each sector, and their share of the ${grouped(rated)} that it is rated for. Between the most and the least used lie ${quantity(spread, "erase")}.`,
    ),
  );
}

/** @param {WearPlot} wear @param {string} label */
function wearFigure(wear, label) {
  const box = el("div", { class: "plot", role: "img", "aria-label": label, tabindex: "0" });
  /** @type {{destroy(): void} | undefined} */
  let plot;
  requestAnimationFrame(() =>
    drawWithTheme(() => {
      plot?.destroy();
      box.replaceChildren();
      plot = wearPlot(wear, box);
    }),
  );
  const legend = el(
    "ul",
    { class: "legend" },
    el("li", {}, el("span", { class: "swatch series-1", "aria-hidden": "true" }), "writes (left)"),
    el(
      "li",
      {},
      el("span", { class: "swatch series-2", "aria-hidden": "true" }),
      "erases of the most erased sector (right)",
    ),
  );
  const step = Math.max(1, Math.ceil(wear.boots.length / 12));
  const rows = wear.boots
    .map((boot, i) => [
      grouped(boot),
      grouped(wear.writes[i] ?? 0),
      grouped(wear.erasesMax[i] ?? 0),
    ])
    .filter((_, i) => i % step === 0 || i === wear.boots.length - 1);
  return figure({
    id: "wear-plot",
    label,
    body: [box, legend],
    caption: label,
    columns: ["Boot", "Writes", "Erases"],
    rows,
  });
}

/** @param {WearPlot} wear @param {HTMLElement} box */
function wearPlot(wear, box) {
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
  return new uPlot(options, [[...wear.boots], [...wear.writes], [...wear.erasesMax]], box);
}
