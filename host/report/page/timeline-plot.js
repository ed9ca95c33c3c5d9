// @ts-check
/** One timeline, drawn by uPlot: a line a tuple over restarts, leases and quiet time. */
import { roomIn } from "./figure.js";
import { duration, grouped, hexadecimal, scaled, timeUnit } from "./quantities.js";
import { seriesStyle, themeColor } from "./theme.js";

/** @typedef {import("../plots/plot-data.ts").TimelineView} TimelineView */
/** @typedef {import("../plots/plot-data.ts").TupleTrack} TupleTrack */
/** @typedef {"time" | "order" | "raw"} Mode */
/** @typedef {{ toX: (us: number) => number, from: number, to: number, label: string }} Across */
/** @typedef {{ track: TupleTrack, xs: number[], ys: number[], from: number }} Segment */

const STRIPES_MAX = 160;
const FONT = "12px system-ui, sans-serif";

/**
 * @param {TimelineView} view @param {Mode} mode
 * @param {HTMLElement} box @param {HTMLElement} readout
 */
export function timelinePlot(view, mode, box, readout) {
  const width = roomIn(box, 1040);
  const across = acrossOf(view, mode);
  const segments = segmentsOf(view, mode, across);
  const axis = {
    stroke: themeColor("muted"),
    font: FONT,
    labelFont: FONT,
    grid: { stroke: themeColor("line"), width: 1 },
    ticks: { stroke: themeColor("line"), width: 1 },
  };
  const options = {
    width,
    height: width < 520 ? 300 : 380,
    legend: { show: false },
    cursor: { drag: { x: true, y: false }, points: { size: 9 } },
    scales: {
      x: { time: false, range: [across.from, across.to] },
      y: mode === "raw" ? { range: [0, 2 ** 32] } : { range: withRoom },
    },
    axes: [
      { ...axis, label: across.label },
      {
        ...axis,
        size: 64,
        label: mode === "raw" ? "ISN (0 to 4.29 G)" : heightLabel(view),
        values: (/** @type {unknown} */ _plot, /** @type {number[]} */ splits) =>
          splits.map(scaled),
      },
    ],
    series: [
      {},
      ...segments.map((segment) => lineOf(view, mode, segment)),
      ...otherLine(view, mode),
    ],
    hooks: {
      drawClear: [(/** @type {any} */ u) => drawBackground(u, view, mode, across)],
      draw: [(/** @type {any} */ u) => drawBreaches(u, segments)],
      setCursor: [(/** @type {any} */ u) => readCursor(u, view, across, segments, readout)],
    },
  };
  // @ts-expect-error uPlot is inlined before this script.
  const plot = new uPlot(options, dataOf(view, mode, across, segments), box);
  box.onkeydown = (event) => stepCursor(event, plot);
  return plot;
}

/** Room above and below, and some height where nothing moves. */
function withRoom(
  /** @type {unknown} */ _plot,
  /** @type {number} */ low,
  /** @type {number} */ high,
) {
  const room = Math.max(1, (high - low) * 0.06);
  return [low - room, high + room];
}

/** @param {TimelineView} view */
function heightLabel(view) {
  const hasClock = view.bands.some(({ kind }) => kind === "lease");
  return hasClock ? "device clock, ticks of 4 µs" : "numbers moved";
}

/** @param {TimelineView} view @param {Mode} mode @returns {Across} */
function acrossOf(view, mode) {
  if (mode !== "order") {
    const unit = timeUnit(view.toUs - view.fromUs);
    const toX = (/** @type {number} */ us) => us / unit.us;
    const to = Math.max(view.toUs, view.fromUs + 1);
    const room = (toX(to) - toX(view.fromUs)) * 0.012;
    const [from, end] = [toX(view.fromUs) - room, toX(to) + room];
    return { toX, from, to: end, label: `time in the run (${unit.name})` };
  }
  const times = openingTimes(view);
  const toX = (/** @type {number} */ us) => countBelow(times, us);
  return { toX, from: -0.6, to: times.length - 0.4, label: "connections, in order of opening" };
}

/** @param {TimelineView} view */
export function openingTimes(view) {
  return [...view.tracks.flatMap(({ timesUs }) => timesUs), ...view.single.timesUs].sort(
    (a, b) => a - b,
  );
}

/** @param {readonly number[]} sorted @param {number} value */
function countBelow(sorted, value) {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] ?? 0) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** A track is cut where the device had lost its storage. @returns {Segment[]} */
function segmentsOf(
  /** @type {TimelineView} */ view,
  /** @type {Mode} */ mode,
  /** @type {Across} */ { toX },
) {
  return view.tracks.flatMap((track) => {
    const heights = mode === "raw" ? track.isns : track.advances;
    const cuts = [0, ...track.fresh, track.isns.length];
    return cuts.slice(1).map((end, i) => {
      const from = cuts[i] ?? 0;
      const xs = track.timesUs.slice(from, end).map(toX);
      return { track, xs, ys: heights.slice(from, end), from };
    });
  });
}

/** @param {TimelineView} view @param {Mode} mode @param {Segment} segment */
function lineOf(view, mode, { track }) {
  const { color, dash } = seriesStyle(view.tracks.indexOf(track));
  return {
    label: track.name,
    stroke: color,
    width: mode === "raw" ? 0 : 1.5,
    dash,
    spanGaps: true,
    points: { show: true, size: 6, fill: color, stroke: color },
    ...(mode === "raw" ? { paths: () => null } : {}),
  };
}

/** @param {TimelineView} view @param {Mode} mode */
function otherLine(view, mode) {
  if (mode !== "raw" || view.single.isns.length === 0) return [];
  const color = themeColor("other");
  const points = { show: true, size: 4, fill: color, stroke: color };
  return [{ label: "other tuples", width: 0, points, paths: () => null }];
}

function dataOf(
  /** @type {TimelineView} */ view,
  /** @type {Mode} */ mode,
  /** @type {Across} */ { toX },
  /** @type {Segment[]} */ segments,
) {
  const tables = segments.map(({ xs, ys }) => [xs, ys]);
  if (otherLine(view, mode).length > 0) {
    tables.push([view.single.timesUs.map(toX), [...view.single.isns]]);
  }
  // @ts-expect-error uPlot is inlined before this script.
  return tables.length === 0 ? [[]] : uPlot.join(tables);
}

/** Restarts as lines and stripes, leases as steps, quiet time shaded. */
function drawBackground(
  /** @type {any} */ u,
  /** @type {TimelineView} */ view,
  /** @type {Mode} */ mode,
  /** @type {Across} */ { toX },
) {
  const { ctx, bbox } = u;
  const half = mode === "order" ? 0.5 : 0;
  const x = (/** @type {number} */ us) => u.valToPos(toX(us) - half, "x", true);
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  for (const band of view.bands) {
    if (band.kind === "quiet") drawQuiet(ctx, bbox, x(band.fromUs), x(band.toUs));
  }
  if (view.boots.length <= STRIPES_MAX) drawBoots(ctx, bbox, view, x);
  for (const band of view.bands) {
    if (band.kind === "lease" && mode !== "raw") drawLease(u, band, x(band.fromUs), x(band.toUs));
  }
  ctx.restore();
}

function drawQuiet(
  /** @type {CanvasRenderingContext2D} */ ctx,
  /** @type {DOMRect} */ bbox,
  /** @type {number} */ from,
  /** @type {number} */ to,
) {
  ctx.fillStyle = themeColor("quiet-fill");
  ctx.fillRect(from, bbox.top, Math.max(3, to - from), bbox.height);
}

function drawBoots(
  /** @type {CanvasRenderingContext2D} */ ctx,
  /** @type {DOMRect} */ bbox,
  /** @type {TimelineView} */ view,
  /** @type {(us: number) => number} */ x,
) {
  ctx.strokeStyle = themeColor("boot");
  ctx.lineWidth = sharpness();
  // Where they stand closely they fade, so that the lines stay in front.
  const roomPx = bbox.width / sharpness() / Math.max(1, view.boots.length);
  ctx.globalAlpha = Math.min(1, Math.max(0.3, roomPx / 10));
  for (const { timeUs } of view.boots) {
    line(ctx, x(timeUs), bbox.top, x(timeUs), bbox.top + bbox.height);
  }
  ctx.globalAlpha = 1;
}

function drawLease(
  /** @type {any} */ u,
  /** @type {import("../plots/plot-data.ts").Band} */ { low = 0, high = 0 },
  /** @type {number} */ from,
  /** @type {number} */ to,
) {
  const { ctx } = u;
  const span = Math.max(1, to - from);
  const [top, bottom] = [u.valToPos(high, "y", true), u.valToPos(low, "y", true)];
  ctx.fillStyle = themeColor("lease-fill");
  ctx.fillRect(from, top, span, bottom - top);
  ctx.strokeStyle = themeColor("lease-edge");
  ctx.lineWidth = 2 * sharpness();
  line(ctx, from, top, from + span, top);
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

function sharpness() {
  return Math.max(1, devicePixelRatio);
}

/** A cross over each connection that broke a rule. */
function drawBreaches(/** @type {any} */ u, /** @type {Segment[]} */ segments) {
  const { ctx } = u;
  const arm = 5 * sharpness();
  ctx.save();
  ctx.strokeStyle = themeColor("breach");
  ctx.lineWidth = 2.5 * sharpness();
  for (const { track, xs, ys, from } of segments) {
    for (const breach of track.breaches) {
      const [x0, y0] = [xs[breach - from], ys[breach - from]];
      if (x0 === undefined || y0 === undefined) continue;
      const [x, y] = [u.valToPos(x0, "x", true), u.valToPos(y0, "y", true)];
      line(ctx, x - arm, y - arm, x + arm, y + arm);
      line(ctx, x - arm, y + arm, x + arm, y - arm);
    }
  }
  ctx.restore();
}

/** Says in words which connection the cursor is at. */
function readCursor(
  /** @type {any} */ u,
  /** @type {TimelineView} */ view,
  /** @type {Across} */ across,
  /** @type {Segment[]} */ segments,
  /** @type {HTMLElement} */ readout,
) {
  const at = u.cursor.idx;
  if (at === null || at === undefined) return;
  const x = u.data[0][at];
  for (const { track, xs, from } of segments) {
    const i = xs.indexOf(x);
    if (i < 0) continue;
    const broken = track.breaches.includes(from + i) ? `, ${view.mark ?? "breaks a rule"}` : "";
    const [timeUs = 0, boot = 0, isn = 0] = [track.timesUs, track.boots, track.isns].map(
      (list) => list[from + i],
    );
    readout.textContent = `${opening(timeUs, boot, track.name, isn)}${broken}`;
    return;
  }
  // Drawn in grey: tuples without a line.
  const alone = view.single.timesUs.findIndex((us) => across.toX(us) === x);
  if (alone < 0) return;
  const timeUs = view.single.timesUs[alone] ?? 0;
  const boot = view.boots.filter((mark) => mark.timeUs <= timeUs).at(-1)?.boot ?? 0;
  readout.textContent = opening(timeUs, boot, "another tuple", view.single.isns[alone] ?? 0);
}

/** @param {number} timeUs @param {number} boot @param {string} tuple @param {number} isn */
function opening(timeUs, boot, tuple, isn) {
  const when = `${duration(timeUs)}, boot ${grouped(boot)}`;
  return `${when}: ${tuple}, ISN ${isn} (${hexadecimal(isn)})`;
}

function stepCursor(/** @type {KeyboardEvent} */ event, /** @type {any} */ plot) {
  const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
  if (step === 0) return;
  event.preventDefault();
  const last = plot.data[0].length - 1;
  const at = Math.min(last, Math.max(0, (plot.cursor.idx ?? (step > 0 ? -1 : last + 1)) + step));
  const values = plot.data.slice(1).map((/** @type {(number | null)[]} */ row) => row[at]);
  const value = values.find(
    (/** @type {number | null | undefined} */ one) => typeof one === "number",
  );
  // The first point may lie on the very edge, where rounding puts it outside: no cursor is there.
  const left = Math.max(0, plot.valToPos(plot.data[0][at], "x"));
  plot.setCursor({ left, top: plot.valToPos(value ?? 0, "y") });
}
