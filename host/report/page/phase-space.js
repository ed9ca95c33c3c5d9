// @ts-check
/** Steps from ISN to ISN, in delay coordinates: a map of how often, and a cloud that can be turned. */
import { el, section } from "./elements.js";
import { canvasFor, figure, roomIn, sharpContext } from "./figure.js";
import { grouped, percent, quantity, scaled } from "./quantities.js";
import { drawWithTheme, themeColor } from "./theme.js";

/** @typedef {import("../plots/plot-data.ts").PhasePlot} PhasePlot */

const MARGIN = 46;
const TURN = Math.PI / 24;

/** @param {PhasePlot | undefined} phase */
export function phaseSection(phase) {
  const title = "Can the next number be guessed?";
  if (phase === undefined) {
    return section(
      "phase",
      title,
      "",
      el(
        "p",
        { class: "empty" },
        "Fewer than three new pairs of addresses and ports: no steps to compare.",
      ),
    );
  }
  const lead =
    "Steps from the ISN of one new pair of addresses and ports to the next one's (delay coordinates after M. Zalewski, 2001). Numbers that nobody can foresee fill the space evenly; lines, planes or a few spots mean that the next number follows from the last ones.";
  if (phase.points.length < 3) return section("phase", title, lead, densityFigure(phase, "beside"));
  const pair = el("div", { class: "pair" }, densityFigure(phase, ""), cloudFigure(phase));
  return section("phase", title, lead, pair);
}

/** @param {PhasePlot} phase @param {string} kind */
function densityFigure(phase, kind) {
  const { side, cells, pairs } = phase;
  const used = cells.length / 2;
  let most = 0;
  for (let i = 1; i < cells.length; i += 2) most = Math.max(most, cells[i] ?? 0);
  // The expected number of cells that even steps leave empty: each is missed with (1 − 1/n)^pairs.
  const all = side * side;
  const even = Math.round(all * (1 - (1 - 1 / all) ** pairs));
  const label = `Map of ${quantity(pairs, "pair")} of steps in ${grouped(all)} cells: ${grouped(used)} cells are used (even steps would use about ${grouped(even)}); the fullest holds ${percent(most, pairs)} of the pairs.`;
  const canvas = canvasFor(label, "square");
  const box = el("div", { class: "plot" }, canvas);
  const draw = () => drawDensity(canvas, roomIn(box, 460), phase, most);
  requestAnimationFrame(() => drawWithTheme(draw));
  return figure({
    id: "phase-density",
    kind,
    label,
    body: [box],
    caption: label,
    columns: ["Step before", "Step", "Pairs"],
    rows: fullest(phase),
  });
}

/** The fullest cells, as ranges. @param {PhasePlot} phase */
function fullest({ side, cells }) {
  const width = 2 ** 32 / side;
  const range = (/** @type {number} */ at) =>
    `${scaled(at * width - 2 ** 31)} to ${scaled((at + 1) * width - 2 ** 31)}`;
  const list = [];
  for (let i = 0; i < cells.length; i += 2)
    list.push({ cell: cells[i] ?? 0, count: cells[i + 1] ?? 0 });
  return list
    .sort((a, b) => b.count - a.count || a.cell - b.cell)
    .slice(0, 12)
    .map(({ cell, count }) => [range(Math.floor(cell / side)), range(cell % side), grouped(count)]);
}

/** @param {HTMLCanvasElement} canvas @param {number} size @param {PhasePlot} phase @param {number} most */
function drawDensity(canvas, size, { side, cells }, most) {
  const context = sharpContext(canvas, size, size);
  const room = size - MARGIN - 12;
  const edgeOf = (/** @type {number} */ at) => Math.round((at * room) / side);
  context.fillStyle = themeColor("well");
  context.fillRect(MARGIN, 12, room, room);
  context.fillStyle = themeColor("density");
  for (let i = 0; i < cells.length; i += 2) {
    const cell = cells[i] ?? 0;
    const share = Math.log1p(cells[i + 1] ?? 0) / Math.log1p(most);
    context.globalAlpha = 0.25 + 0.75 * share;
    const column = Math.floor(cell / side);
    const row = side - 1 - (cell % side);
    // Edges on whole pixels: cells that end inside one would draw a grid that the numbers do not have.
    const [left, top] = [edgeOf(column), edgeOf(row)];
    context.fillRect(
      MARGIN + left,
      12 + top,
      Math.max(edgeOf(column + 1) - left, 2),
      Math.max(edgeOf(row + 1) - top, 2),
    );
  }
  context.globalAlpha = 1;
  drawAxes(context, size, room);
}

/** @param {CanvasRenderingContext2D} context @param {number} size @param {number} room */
function drawAxes(context, size, room) {
  context.fillStyle = themeColor("muted");
  context.strokeStyle = themeColor("line");
  context.font = "12px system-ui, sans-serif";
  context.strokeRect(MARGIN, 12, room, room);
  const ticks = [
    { at: 0, text: "−2.1 G" },
    { at: 0.5, text: "0" },
    { at: 1, text: "2.1 G" },
  ];
  for (const { at, text } of ticks) {
    context.textAlign = at === 0 ? "left" : at === 1 ? "right" : "center";
    context.textBaseline = "top";
    context.fillText(text, MARGIN + at * room, 12 + room + 6);
    context.textAlign = "right";
    context.textBaseline = at === 0 ? "bottom" : at === 1 ? "top" : "middle";
    context.fillText(text, MARGIN - 5, 12 + (1 - at) * room);
  }
  context.textBaseline = "bottom";
  context.textAlign = "center";
  context.fillText("step before (numbers)", MARGIN + room / 2, size);
  context.save();
  context.translate(10, 12 + room / 2);
  context.rotate(-Math.PI / 2);
  context.textBaseline = "middle";
  context.fillText("step (numbers)", 0, 0);
  context.restore();
}

/** @param {PhasePlot} phase */
function cloudFigure({ points }) {
  let reach = 1;
  for (const step of points) reach = Math.max(reach, Math.abs(step));
  const count = points.length / 3;
  const label = `The first ${quantity(count, "triple")} of steps in space, drawn to the largest step: ±${scaled(reach)}. Arrow keys or dragging turn it.`;
  const canvas = canvasFor(label, "square turns");
  const box = el("div", { class: "plot" }, canvas);
  const turn = { yaw: 0.6, pitch: 0.45 };
  const draw = () => drawCloud(canvas, roomIn(box, 460), points, reach, turn);
  requestAnimationFrame(() => drawWithTheme(draw));
  canvas.addEventListener("keydown", (event) => {
    const by = {
      ArrowLeft: [-TURN, 0],
      ArrowRight: [TURN, 0],
      ArrowUp: [0, TURN],
      ArrowDown: [0, -TURN],
    }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    turn.yaw += by[0] ?? 0;
    turn.pitch += by[1] ?? 0;
    draw();
  });
  canvas.addEventListener("pointermove", (event) => {
    if ((event.buttons & 1) === 0) return;
    turn.yaw += event.movementX / 100;
    turn.pitch += event.movementY / 100;
    draw();
  });
  return figure({ id: "phase-cloud", label, body: [box], caption: label, columns: [], rows: [] });
}

/**
 * @param {HTMLCanvasElement} canvas @param {number} size @param {readonly number[]} points
 * @param {number} reach @param {{yaw: number, pitch: number}} turn
 */
function drawCloud(canvas, size, points, reach, turn) {
  const context = sharpContext(canvas, size, size);
  const scale = size / 3.7;
  const [sinYaw, cosYaw] = [Math.sin(turn.yaw), Math.cos(turn.yaw)];
  const [sinPitch, cosPitch] = [Math.sin(turn.pitch), Math.cos(turn.pitch)];
  const project = (/** @type {number} */ x, /** @type {number} */ y, /** @type {number} */ z) => {
    const across = x * cosYaw + y * sinYaw;
    const deep = y * cosYaw - x * sinYaw;
    return { x: size / 2 + across * scale, y: size / 2 - (z * cosPitch + deep * sinPitch) * scale };
  };
  context.strokeStyle = themeColor("edge");
  context.lineWidth = 1;
  for (const [a, b] of CUBE_EDGES) {
    const from = project(...a);
    const to = project(...b);
    context.beginPath();
    context.moveTo(from.x, from.y);
    context.lineTo(to.x, to.y);
    context.stroke();
  }
  context.fillStyle = themeColor("density");
  context.globalAlpha = points.length > 3000 ? 0.55 : 0.85;
  for (let i = 0; i + 2 < points.length; i += 3) {
    const at = project(
      (points[i] ?? 0) / reach,
      (points[i + 1] ?? 0) / reach,
      (points[i + 2] ?? 0) / reach,
    );
    context.fillRect(at.x - 1, at.y - 1, 2.2, 2.2);
  }
  context.globalAlpha = 1;
  context.fillStyle = themeColor("muted");
  context.font = "12px system-ui, sans-serif";
  context.textAlign = "center";
  context.textBaseline = "middle";
  const names = [
    { text: "2 steps before", at: project(0, -1.16, -1) },
    { text: "step before", at: project(1.22, 0, -1) },
    { text: "step", at: project(-1.12, -1.12, 0.25) },
  ];
  for (const { text, at } of names) context.fillText(text, at.x, at.y);
}

/** @typedef {[number, number, number]} Corner */

/** @type {readonly [Corner, Corner][]} */
const CUBE_EDGES = [
  [
    [-1, -1, -1],
    [1, -1, -1],
  ],
  [
    [-1, 1, -1],
    [1, 1, -1],
  ],
  [
    [-1, -1, 1],
    [1, -1, 1],
  ],
  [
    [-1, 1, 1],
    [1, 1, 1],
  ],
  [
    [-1, -1, -1],
    [-1, 1, -1],
  ],
  [
    [1, -1, -1],
    [1, 1, -1],
  ],
  [
    [-1, -1, 1],
    [-1, 1, 1],
  ],
  [
    [1, -1, 1],
    [1, 1, 1],
  ],
  [
    [-1, -1, -1],
    [-1, -1, 1],
  ],
  [
    [1, -1, -1],
    [1, -1, 1],
  ],
  [
    [-1, 1, -1],
    [-1, 1, 1],
  ],
  [
    [1, 1, -1],
    [1, 1, 1],
  ],
];
