// @ts-check
/** ISN against time for each tuple that came back, with boots and leases. Drawn by uPlot. */
import { el, section } from "./elements.js";
import { figure, roomIn } from "./figure.js";
import { tabs } from "./keyboard.js";
import { duration, grouped, hexadecimal, quantity, scaled, timeUnit } from "./quantities.js";
import { drawWithTheme, seriesStyle, themeColor } from "./theme.js";

/** @typedef {import("../plots/plot-data.ts").TimelineView} TimelineView */
/** @typedef {import("../plots/plot-data.ts").TupleTrack} TupleTrack */

const VIEW_NAMES = {
  failure: "Around the first failure",
  start: "First connections",
  whole: "Whole run",
};

const MODES = [
  { id: "advance", label: "How far the ISN has moved" },
  { id: "raw", label: "Raw ISN" },
];

const ROWS_MAX = 60;
const STRIPES_MAX = 160;

/** @param {readonly TimelineView[]} views */
export function timelineSection(views) {
  const lead =
    "Each line is one connection's address and port pair (a 4-tuple) that the device came back to. A line must climb: if it falls or stays flat across a restart, servers take the new connection for an old one.";
  if (views.length === 0) {
    return section(
      "timeline",
      "Sequence numbers over time",
      "",
      el("p", { class: "empty" }, "No connection was seen."),
    );
  }
  const holder = el("div", {});
  /** @type {{view: TimelineView, mode: string}} */
  const state = { view: /** @type {TimelineView} */ (views[0]), mode: "advance" };
  if (state.view.tracks.length === 0) state.mode = "raw";
  const show = () => holder.replaceChildren(timelineFigure(state.view, state.mode));
  const viewTabs = tabs(
    "Stretch of the run",
    views.map((view) => ({
      label: VIEW_NAMES[view.id],
      show: () => {
        state.view = view;
        show();
      },
    })),
  );
  const modes =
    state.mode === "raw"
      ? []
      : [
          tabs(
            "What is drawn",
            MODES.map(({ id, label }) => ({
              label,
              show: () => {
                state.mode = id;
                show();
              },
            })),
          ),
        ];
  return section(
    "timeline",
    "Sequence numbers over time",
    lead,
    el("div", { class: "controls" }, viewTabs, ...modes),
    holder,
  );
}

/** @param {TimelineView} view @param {string} mode */
function timelineFigure(view, mode) {
  const label = labelOf(view);
  const box = el("div", { class: "plot", role: "img", "aria-label": label, tabindex: "0" });
  const readout = el(
    "p",
    { class: "readout", role: "status" },
    "Point at the plot, or focus it and press ← or →, to read a connection.",
  );
  /** @type {{destroy(): void} | undefined} */
  let plot;
  const draw = () => {
    plot?.destroy();
    box.replaceChildren();
    plot = plotOf(view, mode, box, readout);
  };
  // The box has a width only once it is on the page.
  requestAnimationFrame(() => drawWithTheme(draw));
  watchWidth(box, draw);
  return figure({
    id: `timeline-${view.id}`,
    label,
    body: [box, readout, legendOf(view, mode)],
    caption: captionOf(view),
    columns: ["Time", "Boot", "Connection", "ISN"],
    rows: rowsOf(view),
  });
}

/** @param {Element} box @param {() => void} draw */
function watchWidth(box, draw) {
  let width = 0;
  new ResizeObserver(([entry]) => {
    const now = Math.round(entry?.contentRect.width ?? 0);
    if (width !== 0 && now !== width && now !== 0) draw();
    width = now;
  }).observe(box);
}

/** @param {TimelineView} view */
function labelOf(view) {
  const breaches = view.tracks.reduce((sum, { breaches }) => sum + breaches.length, 0);
  const shown = view.tracks.reduce((sum, { isns }) => sum + isns.length, 0);
  const marked = breaches === 0 ? "none breaks a rule" : `${breaches} marked as breaking a rule`;
  return `ISN against time: ${quantity(shown, "connection")} of ${quantity(view.tracks.length, "tuple")} over ${quantity(view.boots.length, "boot")} and ${duration(view.toUs - view.fromUs)}; ${marked}.`;
}

/** @param {TimelineView} view */
function captionOf(view) {
  const parts = [labelOf(view)];
  const { length } = view.single.isns;
  if (length > 0) {
    parts.push(
      `${quantity(length, "connection")} used a tuple that did not come back often and ${length === 1 ? "has" : "have"} no line; raw ISNs show ${length === 1 ? "it" : "them"} in grey.`,
    );
  }
  if (view.every > 1) parts.push(`Thinned: one connection in ${grouped(view.every)} is drawn.`);
  if (view.bands.some(({ kind }) => kind === "lease")) {
    parts.push(
      "Shaded steps are leases: numbers up to a step's upper edge were made safe in memory before any of them was used.",
    );
  }
  return parts.join(" ");
}

/** @param {TimelineView} view @param {string} mode */
function legendOf(view, mode) {
  const items = view.tracks.map(({ name, seen, breaches }, i) =>
    el(
      "li",
      {},
      el("span", { class: `swatch series-${(i % 6) + 1}`, "aria-hidden": "true" }),
      el("code", {}, name),
      el(
        "span",
        { class: "faint" },
        `${quantity(seen, "connection")}${breaches.length > 0 ? `, ${quantity(breaches.length, "breach").replace("breachs", "breaches")}` : ""}`,
      ),
    ),
  );
  const key = (/** @type {string} */ kind, /** @type {string} */ text) =>
    items.push(el("li", {}, el("span", { class: `swatch ${kind}`, "aria-hidden": "true" }), text));
  if (view.tracks.some(({ breaches }) => breaches.length > 0)) key("breach", "breaks a rule");
  if (mode === "raw" && view.single.isns.length > 0) key("other", "other tuples");
  if (view.boots.length > 0) key("boot", "restart");
  if (mode === "advance" && view.bands.some(({ kind }) => kind === "lease")) key("lease", "lease");
  if (view.bands.some(({ kind }) => kind === "quiet")) key("quiet-band", "quiet time");
  return el("ul", { class: "legend" }, ...items);
}

/** @param {TimelineView} view */
function rowsOf(view) {
  const rows = view.tracks.flatMap(({ name, timesUs, isns, boots, breaches }) =>
    timesUs.map((timeUs, i) => ({
      timeUs,
      name,
      isn: isns[i] ?? 0,
      boot: boots[i] ?? 0,
      broken: breaches.includes(i),
    })),
  );
  rows.sort((a, b) => a.timeUs - b.timeUs);
  return rows
    .slice(0, ROWS_MAX)
    .map(({ timeUs, name, isn, boot, broken }) => [
      duration(timeUs),
      grouped(boot),
      name,
      `${isn} (${hexadecimal(isn)})${broken ? ", breaks a rule" : ""}`,
    ]);
}

/**
 * @param {TimelineView} view @param {string} mode
 * @param {HTMLElement} box @param {HTMLElement} readout
 */
function plotOf(view, mode, box, readout) {
  const width = roomIn(box, 1040);
  const unit = timeUnit(view.toUs - view.fromUs);
  const toX = (/** @type {number} */ us) => us / unit.us;
  const { data, series } = seriesOf(view, mode, toX);
  const text = themeColor("muted");
  const axis = {
    stroke: text,
    font: "12px system-ui, sans-serif",
    labelFont: "12px system-ui, sans-serif",
    grid: { stroke: themeColor("line"), width: 1 },
    ticks: { stroke: themeColor("line"), width: 1 },
  };
  const options = {
    width,
    height: width < 520 ? 300 : 380,
    legend: { show: false },
    cursor: { drag: { x: true, y: false }, points: { size: 9 } },
    scales: {
      x: { time: false, range: [toX(view.fromUs), toX(Math.max(view.toUs, view.fromUs + 1))] },
      y: mode === "raw" ? { range: [0, 2 ** 32] } : {},
    },
    axes: [
      { ...axis, label: `time in the run (${unit.name})` },
      {
        ...axis,
        size: 64,
        label: mode === "raw" ? "ISN (0 to 4.29 G)" : "ISN, ticks of 4 µs moved",
        values: (/** @type {unknown} */ _plot, /** @type {number[]} */ splits) =>
          splits.map(scaled),
      },
    ],
    series: [{}, ...series],
    hooks: {
      drawClear: [(/** @type {any} */ u) => drawBackground(u, view, mode, toX)],
      draw: [(/** @type {any} */ u) => drawBreaches(u, view, mode, toX)],
      setCursor: [(/** @type {any} */ u) => readCursor(u, view, mode, readout)],
    },
  };
  // @ts-expect-error uPlot is inlined before this script.
  const plot = new uPlot(options, data, box);
  box.onkeydown = (event) => stepCursor(event, plot);
  return plot;
}

/** @param {TupleTrack} track @param {string} mode */
function heights({ isns, advances }, mode) {
  return mode === "raw" ? isns : advances;
}

/** @param {TimelineView} view @param {string} mode @param {(us: number) => number} toX */
function seriesOf(view, mode, toX) {
  const tables = view.tracks.map((track) => [track.timesUs.map(toX), [...heights(track, mode)]]);
  const series = view.tracks.map((track, i) => {
    const { color, dash } = seriesStyle(i);
    return {
      label: track.name,
      stroke: color,
      width: mode === "raw" ? 0 : 1.5,
      dash,
      spanGaps: true,
      points: { show: true, size: 5, fill: color, stroke: color },
      ...(mode === "raw" ? { paths: () => null } : {}),
    };
  });
  if (mode === "raw" && view.single.isns.length > 0) {
    const color = themeColor("other");
    tables.push([view.single.timesUs.map(toX), [...view.single.isns]]);
    series.push({
      label: "other tuples",
      stroke: color,
      width: 0,
      dash: [],
      spanGaps: false,
      points: { show: true, size: 4, fill: color, stroke: color },
      paths: () => null,
    });
  }
  if (tables.length === 0) return { data: [[]], series };
  // @ts-expect-error uPlot is inlined before this script.
  return { data: uPlot.join(tables), series };
}

/** Restarts as lines and stripes, leases as steps, quiet time hatched. */
function drawBackground(
  /** @type {any} */ u,
  /** @type {TimelineView} */ view,
  /** @type {string} */ mode,
  /** @type {(us: number) => number} */ toX,
) {
  const { ctx, bbox } = u;
  const x = (/** @type {number} */ us) => u.valToPos(toX(us), "x", true);
  const y = (/** @type {number} */ value) => u.valToPos(value, "y", true);
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  if (view.boots.length <= STRIPES_MAX) {
    const ends = [...view.boots.slice(1).map(({ timeUs }) => timeUs), view.toUs];
    ctx.fillStyle = themeColor("stripe");
    view.boots.forEach(({ timeUs }, i) => {
      if (i % 2 === 1)
        ctx.fillRect(x(timeUs), bbox.top, x(ends[i] ?? timeUs) - x(timeUs), bbox.height);
    });
    ctx.strokeStyle = themeColor("boot");
    ctx.lineWidth = devicePixelRatio;
    for (const { timeUs } of view.boots)
      line(ctx, x(timeUs), bbox.top, x(timeUs), bbox.top + bbox.height);
  }
  for (const band of view.bands) {
    const left = x(band.fromUs);
    const span = Math.max(1, x(band.toUs) - left);
    if (band.kind === "quiet") {
      ctx.fillStyle = themeColor("quiet-fill");
      ctx.fillRect(left, bbox.top, span, bbox.height);
    } else if (mode === "advance") {
      const top = y(band.high ?? 0);
      ctx.fillStyle = themeColor("lease-fill");
      ctx.fillRect(left, top, span, y(band.low ?? 0) - top);
      ctx.strokeStyle = themeColor("lease-edge");
      ctx.lineWidth = 1.5 * devicePixelRatio;
      line(ctx, left, top, left + span, top);
    }
  }
  ctx.restore();
}

function line(
  /** @type {CanvasRenderingContext2D} */ ctx,
  /** @type {number} */ x0,
  /** @type {number} */ y0,
  /** @type {number} */ x1,
  /** @type {number} */ y1,
) {
  ctx.beginPath();
  ctx.moveTo(x0, y0);
  ctx.lineTo(x1, y1);
  ctx.stroke();
}

/** A cross over each connection that broke a rule. */
function drawBreaches(
  /** @type {any} */ u,
  /** @type {TimelineView} */ view,
  /** @type {string} */ mode,
  /** @type {(us: number) => number} */ toX,
) {
  const { ctx } = u;
  const arm = 5 * devicePixelRatio;
  ctx.save();
  ctx.strokeStyle = themeColor("breach");
  ctx.lineWidth = 2.5 * devicePixelRatio;
  for (const track of view.tracks) {
    for (const i of track.breaches) {
      const x = u.valToPos(toX(track.timesUs[i] ?? 0), "x", true);
      const y = u.valToPos(heights(track, mode)[i] ?? 0, "y", true);
      line(ctx, x - arm, y - arm, x + arm, y + arm);
      line(ctx, x - arm, y + arm, x + arm, y - arm);
    }
  }
  ctx.restore();
}

function readCursor(
  /** @type {any} */ u,
  /** @type {TimelineView} */ view,
  /** @type {string} */ mode,
  /** @type {HTMLElement} */ readout,
) {
  const at = u.cursor.idx;
  if (at === null || at === undefined) return;
  for (const [s, track] of view.tracks.entries()) {
    const value = u.data[s + 1]?.[at];
    if (value === null || value === undefined) continue;
    const i = heights(track, mode).findIndex(
      (height, k) =>
        height === value &&
        track.timesUs[k] !== undefined &&
        Math.abs((track.timesUs[k] ?? 0) - u.data[0][at] * timeUnit(view.toUs - view.fromUs).us) <
          1,
    );
    if (i < 0) continue;
    const isn = track.isns[i] ?? 0;
    const broken = track.breaches.includes(i) ? ", breaks a rule" : "";
    readout.textContent = `${duration(track.timesUs[i] ?? 0)}, boot ${grouped(track.boots[i] ?? 0)}: ${track.name}, ISN ${isn} (${hexadecimal(isn)})${broken}`;
    return;
  }
}

function stepCursor(/** @type {KeyboardEvent} */ event, /** @type {any} */ plot) {
  const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
  if (step === 0) return;
  event.preventDefault();
  const last = plot.data[0].length - 1;
  const at = Math.min(last, Math.max(0, (plot.cursor.idx ?? (step > 0 ? -1 : last + 1)) + step));
  const row = plot.data
    .slice(1)
    .findIndex(
      (/** @type {(number | null)[]} */ values) => values[at] !== null && values[at] !== undefined,
    );
  const value = plot.data[row + 1]?.[at] ?? 0;
  plot.setCursor({ left: plot.valToPos(plot.data[0][at], "x"), top: plot.valToPos(value, "y") });
}
