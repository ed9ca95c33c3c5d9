// @ts-check
/** Light and dark: as the system says until the button is pressed, and light on paper. */
import { button } from "./elements.js";

/** @type {(() => void)[]} */
const REDRAWS = [];

/** Plots draw with colours of the theme: they are drawn again when it changes. @param {() => void} draw */
export function drawWithTheme(draw) {
  REDRAWS.push(draw);
  draw();
}

export function redrawAll() {
  for (const draw of REDRAWS) draw();
}

/** A colour of the theme that holds now. @param {string} name */
export function themeColor(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

/** Lines that tell six series apart, by colour and by dash. */
export function seriesStyle(/** @type {number} */ index) {
  const dashes = [[], [8, 4], [2, 3], [10, 3, 2, 3], [4, 4], [14, 5]];
  return { color: themeColor(`series-${(index % 6) + 1}`), dash: dashes[index % 6] ?? [] };
}

function isDark() {
  const { theme } = document.documentElement.dataset;
  if (theme !== undefined) return theme === "dark";
  return matchMedia("(prefers-color-scheme: dark)").matches;
}

export function themeButton() {
  const label = () => (isDark() ? "Light colours" : "Dark colours");
  const toggle = button({ class: "quiet" }, label(), (pressed) => {
    document.documentElement.dataset.theme = isDark() ? "light" : "dark";
    pressed.textContent = label();
    redrawAll();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    toggle.textContent = label();
    redrawAll();
  });
  return toggle;
}

/** Paper: what is folded is opened, and plots are drawn in the colours of paper. */
export function preparePrint() {
  /** @type {HTMLDetailsElement[]} */
  let opened = [];
  const enter = () => {
    for (const details of document.querySelectorAll("details")) {
      if (details.open) continue;
      details.open = true;
      opened.push(details);
    }
    redrawAll();
  };
  const leave = () => {
    for (const details of opened) details.open = false;
    opened = [];
    redrawAll();
  };
  addEventListener("beforeprint", enter);
  addEventListener("afterprint", leave);
  matchMedia("print").addEventListener("change", ({ matches }) => (matches ? enter() : leave()));
}
