// @ts-check
/** Arrow keys in tables and tabs, `/` for the filter. */
import { el } from "./elements.js";

/** Up, Down, Home and End move from row to row. */
export function watchRows() {
  document.addEventListener("keydown", (event) => {
    const row = event.target instanceof HTMLElement ? event.target : undefined;
    if (row?.dataset.row === undefined || row.parentElement === null) return;
    const rows = [...row.parentElement.querySelectorAll("tr[data-row]:not([hidden])")];
    const at = rows.indexOf(row);
    const next = moved(event.key, at, rows.length, ["ArrowUp", "ArrowDown"]);
    const target = next === undefined ? undefined : rows[next];
    if (!(target instanceof HTMLElement)) return;
    event.preventDefault();
    row.tabIndex = -1;
    target.tabIndex = 0;
    target.focus();
  });
}

/**
 * @param {string} key @param {number} at @param {number} count
 * @param {readonly [string, string]} arrows back and forth
 */
function moved(key, at, count, [back, forth]) {
  if (key === back) return Math.max(0, at - 1);
  if (key === forth) return Math.min(count - 1, at + 1);
  if (key === "Home") return 0;
  return key === "End" ? count - 1 : undefined;
}

/**
 * Tabs: one of several views is shown. Left and Right move between them.
 * @param {string} name of the whole, for screen readers
 * @param {readonly {label: string, show: () => void}[]} views
 * @param {number} first which one is shown at first
 */
export function tabs(name, views, first) {
  const list = el("div", { class: "tabs", role: "tablist", "aria-label": name });
  const made = views.map(({ label }) => el("button", { type: "button", role: "tab" }, label));
  const select = (/** @type {number} */ at) => {
    made.forEach((tab, i) => {
      tab.setAttribute("aria-selected", String(i === at));
      tab.tabIndex = i === at ? 0 : -1;
    });
    views[at]?.show();
  };
  made.forEach((tab, i) => {
    tab.addEventListener("click", () => select(i));
    tab.addEventListener("keydown", ({ key }) => {
      const next = moved(key, i, made.length, ["ArrowLeft", "ArrowRight"]);
      if (next === undefined) return;
      select(next);
      made[next]?.focus();
    });
  });
  list.append(...made);
  select(first);
  return list;
}

/** A box that hides whatever does not hold all of its words. `/` goes there, Escape empties it. */
export function filterBox() {
  const input = /** @type {HTMLInputElement} */ (
    el("input", {
      id: "filter",
      type: "search",
      placeholder: "rules, findings, tables",
      autocomplete: "off",
      spellcheck: "false",
      "aria-describedby": "filter-count",
    })
  );
  const count = el("span", { id: "filter-count", role: "status" });
  const apply = () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    const { shown, all } = filterPage(words);
    count.textContent = words.length === 0 ? "" : `${shown} of ${all} shown`;
  };
  input.addEventListener("input", apply);
  document.addEventListener("keydown", (event) => {
    const typing = event.target instanceof HTMLInputElement;
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      input.focus();
      input.select();
    }
    if (event.key === "Escape" && event.target === input) {
      input.value = "";
      apply();
    }
  });
  const label = el("label", { for: "filter" }, "Filter", el("kbd", { "aria-hidden": "true" }, "/"));
  return el("div", { class: "filter", role: "search" }, label, input, count);
}

/** A group with a hit in its own words shows all of its rows. @param {readonly string[]} words */
function filterPage(words) {
  const holds = (/** @type {Element} */ element) => {
    const text = (element.textContent ?? "").toLowerCase();
    return words.every((word) => text.includes(word));
  };
  let shown = 0;
  const rows = [...document.querySelectorAll("[data-filter]")];
  for (const row of rows) {
    const hit = holds(row);
    row.toggleAttribute("hidden", !hit);
    if (hit) shown++;
  }
  for (const group of document.querySelectorAll("[data-filter-group]")) {
    const heading = group.querySelector("[data-filter-heading]");
    const own = group.querySelectorAll("[data-filter]");
    const whole = heading !== null && words.length > 0 && holds(heading);
    if (whole) for (const row of own) row.removeAttribute("hidden");
    const alive =
      whole || own.length === 0
        ? holds(group)
        : [...own].some((row) => !row.hasAttribute("hidden"));
    group.toggleAttribute("hidden", words.length > 0 && !alive);
  }
  return { shown, all: rows.length };
}
