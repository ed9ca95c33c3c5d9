// @ts-check
/** What all plots share: caption, a canvas of the right sharpness, a table in place of the picture. */
import { el, table } from "./elements.js";

/**
 * @param {{ id: string, kind?: string, label: string, body: Node[], caption: string, columns: string[], rows: string[][] }} parts
 *   `label` says in words what is to be seen; rows: the numbers behind it.
 */
export function figure({ id, kind = "", label, body, caption, columns, rows }) {
  const numbers =
    rows.length === 0
      ? []
      : [el("details", {}, el("summary", {}, "As a table"), table(label, columns, rows))];
  return el("figure", { id, class: kind }, ...body, el("figcaption", {}, caption), ...numbers);
}

/**
 * A canvas that is as sharp as the screen. `paint` gets a context scaled to CSS pixels.
 * @param {string} label what is to be seen, in words
 * @param {string} kind class of the canvas
 */
export function canvasFor(label, kind) {
  return /** @type {HTMLCanvasElement} */ (
    el("canvas", { class: kind, role: "img", "aria-label": label, tabindex: "0" })
  );
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {number} width CSS pixels
 * @param {number} height CSS pixels
 */
export function sharpContext(canvas, width, height) {
  // On paper the plot is drawn for a printer's resolution.
  const sharp = matchMedia("print").matches ? 3 : Math.max(1, devicePixelRatio);
  canvas.width = Math.round(width * sharp);
  canvas.height = Math.round(height * sharp);
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const context = canvas.getContext("2d");
  if (context === null) throw new Error("no canvas");
  context.setTransform(sharp, 0, 0, sharp, 0, 0);
  context.clearRect(0, 0, width, height);
  return context;
}

/** Width that a plot may take inside `box`. @param {Element} box @param {number} most */
export function roomIn(box, most) {
  const { width } = box.getBoundingClientRect();
  return Math.max(240, Math.min(most, Math.floor(width) || most));
}

/** Draws again when the room has changed. @param {Element} box @param {() => void} draw */
export function watchWidth(box, draw) {
  let width = 0;
  new ResizeObserver(([entry]) => {
    const now = Math.round(entry?.contentRect.width ?? 0);
    if (width !== 0 && now !== 0 && now !== width) draw();
    if (now !== 0) width = now;
  }).observe(box);
}
