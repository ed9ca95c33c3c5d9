// @ts-check
/** What the run was made with, a setting a line; long ones are folded. */
import { el, section, table } from "./elements.js";
import { commandLine } from "./findings.js";
import { quantity } from "./quantities.js";

/** @typedef {import("../report-model.ts").Report} Report */
/** @typedef {import("../report-model.ts").Fact} Fact */

/** Longer values, and longer lists, are folded on the screen and open on paper. */
const SHOWN_CHARACTERS = 240;
const SHOWN_ITEMS = 3;

/** @param {Report} report */
export function settingsSection({ settings, replay, notes }) {
  const title = "Settings and seed";
  const rows = settings.map((fact) => [named(fact), shown(fact)]);
  const parts = [el("div", { class: "settings" }, table(title, ["Setting", "Value"], rows))];
  if (replay !== undefined) parts.push(commandLine("repeat the run", replay));
  if (notes.length > 0) {
    parts.push(
      el("h3", {}, "Notes"),
      el("ul", { class: "notes" }, ...notes.map((note) => el("li", {}, note))),
    );
  }
  return section("settings", title, "", ...parts);
}

/** The setting in words, and as JSON names it. @param {Fact} fact */
function named({ name, note }) {
  const words = el("span", { class: "setting" }, name);
  return note === undefined ? words : el("div", {}, words, el("div", { class: "path" }, note));
}

/** @param {Fact} fact */
function shown({ value, items }) {
  if (items !== undefined) {
    const list = el("ol", { class: "entries" }, ...items.map((item) => el("li", {}, item)));
    if (items.length <= SHOWN_ITEMS) return list;
    const summary = items.length === 1 ? "1 entry" : `${items.length} entries`;
    return el("details", {}, el("summary", {}, summary), list);
  }
  if (value.length <= SHOWN_CHARACTERS) return value;
  const summary = quantity(value.length, "character");
  return el("details", {}, el("summary", {}, summary), el("p", {}, value));
}
