// @ts-check
/** ISN against time for each tuple that came back: views, legend, words and table. */
import { el, section } from "./elements.js";
import { figure, watchWidth } from "./figure.js";
import { tabs } from "./keyboard.js";
import { duration, grouped, hexadecimal, quantity } from "./quantities.js";
import { drawWithTheme } from "./theme.js";
import { openingTimes, timelinePlot } from "./timeline-plot.js";

/** @typedef {import("../plots/plot-data.ts").TimelineView} TimelineView */
/** @typedef {import("./timeline-plot.js").Mode} Mode */

/** @type {readonly {id: Mode, label: string}[]} */
const MODES = [
  { id: "time", label: "over time" },
  { id: "order", label: "by connection" },
  { id: "raw", label: "raw ISNs" },
];

const ROWS_MAX = 60;
const HINT = "Point at the plot, or focus it and press ← or →, to read a connection.";

/** @param {readonly TimelineView[]} views @param {string} of whose connections they are */
export function timelineSection(views, of) {
  const title = "Sequence numbers over restarts";
  if (views.length === 0) {
    return section("timeline", title, "", el("p", { class: "empty" }, "No connection was seen."));
  }
  const lead = `Each line is one pair of addresses and ports${of} that came back. A line has to climb: where it stays flat or falls, a server takes the new connection for the old one.`;
  const holder = el("div", {});
  /** @type {{view: TimelineView | undefined, mode: Mode}} */
  const state = { view: views[0], mode: firstMode(views[0]) };
  const show = () => {
    if (state.view) holder.replaceChildren(timelineFigure(state.view, state.mode));
  };
  const stretch = tabs(
    "Stretch of the run",
    views.map((view) => ({
      label: view.title,
      show: () => {
        state.view = view;
        show();
      },
    })),
    0,
  );
  const modes = tabs(
    "What is drawn",
    MODES.map(({ id, label }) => ({
      label,
      show: () => {
        state.mode = id;
        show();
      },
    })),
    MODES.findIndex(({ id }) => id === state.mode),
  );
  return section("timeline", title, lead, el("div", { class: "controls" }, stretch, modes), holder);
}

/** Where one pause fills half of the time, connections are set side by side. */
function firstMode(/** @type {TimelineView | undefined} */ view) {
  if (view === undefined || view.tracks.length === 0) return "raw";
  const times = openingTimes(view);
  const pauses = times.slice(1).map((time, i) => time - (times[i] ?? 0));
  return Math.max(0, ...pauses) > (view.toUs - view.fromUs) / 2 ? "order" : "time";
}

/** @param {TimelineView} view @param {Mode} mode */
function timelineFigure(view, mode) {
  const label = labelOf(view);
  const box = el("div", { class: "plot", role: "img", "aria-label": label, tabindex: "0" });
  const readout = el("p", { class: "readout", role: "status" }, HINT);
  /** @type {{destroy(): void} | undefined} */
  let plot;
  const draw = () => {
    if (!box.isConnected) return;
    plot?.destroy();
    box.replaceChildren();
    plot = timelinePlot(view, mode, box, readout);
  };
  // The box has a width only once it is on the page.
  requestAnimationFrame(() => drawWithTheme(draw));
  watchWidth(box, draw);
  return figure({
    id: "timeline-figure",
    label,
    body: [box, readout, legendOf(view, mode)],
    caption: captionOf(view),
    columns: ["Time", "Boot", "Connection", "ISN"],
    rows: rowsOf(view),
  });
}

/** @param {TimelineView} view */
function labelOf(view) {
  const breaches = view.tracks.reduce((sum, track) => sum + track.breaches.length, 0);
  const shown = view.tracks.reduce((sum, { isns }) => sum + isns.length, 0);
  const mark = view.mark ?? "breaks a rule";
  const marked = breaches === 0 ? "none is marked" : `${grouped(breaches)} marked (${mark})`;
  return `${quantity(shown, "connection")} of ${quantity(view.tracks.length, "tuple")} over ${quantity(view.boots.length, "boot")} and ${duration(view.toUs - view.fromUs)}; ${marked}.`;
}

/** @param {TimelineView} view */
function captionOf(view) {
  const parts = [labelOf(view)];
  const { length } = view.single.isns;
  if (length > 0) {
    parts.push(
      `${quantity(length, "further connection")} of other tuples ${length === 1 ? "has" : "have"} no line; raw ISNs show ${length === 1 ? "it" : "them"} in grey.`,
    );
  }
  if (view.every > 1) parts.push(`Thinned: one connection in ${grouped(view.every)} is drawn.`);
  if (view.later) {
    parts.push(
      `${quantity(view.later, "later connection")} of this device ${view.later === 1 ? "is" : "are"} not drawn.`,
    );
  }
  if (view.tracks.some(({ fresh }) => fresh.length > 0)) {
    parts.push(
      "After lost storage the device has another key and keeps quiet first: lines begin anew.",
    );
  }
  if (view.bands.some(({ kind }) => kind === "lease")) {
    parts.push(
      "Shaded steps are leases: the upper edge was durable in memory before a number below it was used.",
    );
  }
  return parts.join(" ");
}

/** @param {TimelineView} view @param {Mode} mode */
function legendOf(view, mode) {
  const items = view.tracks.map(({ name, seen, breaches }, i) => {
    const broken = breaches.length > 0 ? `, ${quantity(breaches.length, "mark")}` : "";
    return el(
      "li",
      {},
      el("span", { class: `swatch series-${(i % 6) + 1}`, "aria-hidden": "true" }),
      el("code", {}, name),
      el("span", { class: "faint" }, `${grouped(seen)}×${broken}`),
    );
  });
  const key = (/** @type {string} */ kind, /** @type {string} */ text) =>
    items.push(el("li", {}, el("span", { class: `swatch ${kind}`, "aria-hidden": "true" }), text));
  if (view.tracks.some(({ breaches }) => breaches.length > 0))
    key("breach", view.mark ?? "breaks a rule");
  if (mode === "raw" && view.single.isns.length > 0) key("other", "other tuples");
  if (view.boots.length > 0) key("boot", "restart");
  if (mode !== "raw" && view.bands.some(({ kind }) => kind === "lease")) key("lease", "lease");
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
  return rows
    .sort((a, b) => a.timeUs - b.timeUs)
    .slice(0, ROWS_MAX)
    .map(({ timeUs, name, isn, boot, broken }) => [
      duration(timeUs),
      grouped(boot),
      name,
      `${isn} (${hexadecimal(isn)})${broken ? `, ${view.mark ?? "breaks a rule"}` : ""}`,
    ]);
}
