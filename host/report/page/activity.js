// @ts-check
/** Connections over time: how many were opened in each stretch, by what came of them. */
import { el, section } from "./elements.js";
import { canvasFor, figure, roomIn, sharpContext, watchWidth } from "./figure.js";
import { duration, grouped, quantity, short, timeUnit } from "./quantities.js";
import { drawWithTheme, themeColor } from "./theme.js";

/** @typedef {import("../plots/plot-data.ts").ActivityPlot} ActivityPlot */

const LEFT = 48;
const BOTTOM = 40;
const HEIGHT = 220;
const BAD_COLORS = ["series-2", "series-4", "series-5", "series-6"];

/** @param {ActivityPlot} activity */
export function activitySection(activity) {
  const { outcomes, binUs } = activity;
  const colors = colorsOf(activity);
  const total = (/** @type {readonly number[]} */ counts) => counts.reduce((a, b) => a + b, 0);
  const words = outcomes.map(({ name, counts }) => `${grouped(total(counts))} ${name}`).join(", ");
  const bins = outcomes[0]?.counts.length ?? 0;
  const label = `${quantity(
    outcomes.reduce((sum, one) => sum + total(one.counts), 0),
    "connection",
  )} over ${duration(bins * binUs)}: ${words}.`;
  const canvas = canvasFor(label, "wide");
  const box = el("div", { class: "plot" }, canvas);
  const draw = () => drawActivity(canvas, roomIn(box, 1040), activity);
  requestAnimationFrame(() => drawWithTheme(draw));
  watchWidth(box, draw);
  const legend = outcomes.map(({ name }, i) =>
    el("li", {}, el("span", { class: `swatch ${colors[i]}`, "aria-hidden": "true" }), name),
  );
  const rows = Array.from({ length: bins }, (_, bin) => [
    duration(bin * binUs),
    ...outcomes.map(({ counts }) => grouped(counts[bin] ?? 0)),
  ]).filter((row) => row.slice(1).some((count) => count !== "0"));
  return section(
    "activity",
    "Connections over time",
    "How many connections were opened in each stretch of the capture, and what came of them.",
    figure({
      id: "activity-plot",
      label,
      body: [box, el("ul", { class: "legend" }, ...legend)],
      caption: label,
      columns: ["From", ...outcomes.map(({ name }) => name)],
      rows,
    }),
  );
}

/** Good outcomes are blue, each bad one has a colour of its own. @param {ActivityPlot} activity */
function colorsOf({ outcomes }) {
  let bad = 0;
  return outcomes.map(({ good }) => (good ? "series-1" : (BAD_COLORS[bad++ % 4] ?? "other")));
}

/** @param {HTMLCanvasElement} canvas @param {number} width @param {ActivityPlot} activity */
function drawActivity(canvas, width, activity) {
  const { outcomes, binUs } = activity;
  const context = sharpContext(canvas, width, HEIGHT);
  const bins = outcomes[0]?.counts.length ?? 0;
  const sums = Array.from({ length: bins }, (_, bin) =>
    outcomes.reduce((sum, { counts }) => sum + (counts[bin] ?? 0), 0),
  );
  const most = Math.max(1, ...sums);
  const [roomX, roomY] = [width - LEFT - 12, HEIGHT - BOTTOM - 12];
  const colors = colorsOf(activity);
  const step = roomX / Math.max(1, bins);
  drawGrid(context, { most, roomX, roomY, bins, binUs });
  for (let bin = 0; bin < bins; bin++) {
    let base = 12 + roomY;
    outcomes.forEach(({ counts }, i) => {
      const height = ((counts[bin] ?? 0) / most) * roomY;
      if (height === 0) return;
      context.fillStyle = themeColor(colors[i] ?? "other");
      context.fillRect(
        LEFT + bin * step + 0.5,
        base - Math.max(2, height),
        Math.max(2, step - 1),
        Math.max(2, height),
      );
      base -= Math.max(2, height);
    });
  }
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {{most: number, roomX: number, roomY: number, bins: number, binUs: number}} grid
 */
function drawGrid(context, { most, roomX, roomY, bins, binUs }) {
  context.strokeStyle = themeColor("line");
  context.fillStyle = themeColor("muted");
  context.font = "12px system-ui, sans-serif";
  context.lineWidth = 1;
  const counts = [...new Set([0, Math.round(most / 2), most])];
  context.textAlign = "right";
  context.textBaseline = "middle";
  for (const count of counts) {
    const y = 12 + roomY * (1 - count / most);
    context.beginPath();
    context.moveTo(LEFT, y);
    context.lineTo(LEFT + roomX, y);
    context.stroke();
    context.fillText(grouped(count), LEFT - 6, y);
  }
  const unit = timeUnit(bins * binUs);
  context.textBaseline = "top";
  for (const share of [0, 0.25, 0.5, 0.75, 1]) {
    context.textAlign = share === 0 ? "left" : share === 1 ? "right" : "center";
    context.fillText(short((share * bins * binUs) / unit.us), LEFT + share * roomX, 18 + roomY);
  }
  context.textAlign = "center";
  context.textBaseline = "bottom";
  context.fillText(`time in the capture (${unit.name})`, LEFT + roomX / 2, HEIGHT - 1);
  context.save();
  context.translate(8, 12 + roomY / 2);
  context.rotate(-Math.PI / 2);
  context.textBaseline = "middle";
  context.fillText("connections", 0, 0);
  context.restore();
}
