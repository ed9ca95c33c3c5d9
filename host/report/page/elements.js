// @ts-check
/** Builds the page from text. No markup is ever parsed: strings become text nodes, nothing else. */

/** Attributes that may be set; none of them can run anything. */
const ATTRIBUTES = new Set([
  "class",
  "id",
  "role",
  "type",
  "for",
  "tabindex",
  "title",
  "scope",
  "open",
  "placeholder",
  "autocomplete",
  "spellcheck",
  "href",
  "width",
  "height",
  "hidden",
  "colspan",
]);

/**
 * @param {string} tag
 * @param {Record<string, string>} attributes
 * @param {...(Node | string)} children
 * @returns {HTMLElement}
 */
export function el(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    const known = ATTRIBUTES.has(name) || /^(aria|data)-[a-z-]+$/.test(name);
    if (!known || (name === "href" && !value.startsWith("#"))) throw new Error(`attribute ${name}`);
    element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

/**
 * A button that runs `action` when it is pressed.
 * @param {Record<string, string>} attributes
 * @param {string} text
 * @param {(button: HTMLElement) => void} action
 */
export function button(attributes, text, action) {
  const made = el("button", { type: "button", ...attributes }, text);
  made.addEventListener("click", () => action(made));
  return made;
}

/**
 * @param {string} id
 * @param {string} title what the heading says; navigation has a shorter word (main.js)
 * @param {string} lead one sentence under the title; may be empty
 * @param {...(Node | string)} children
 */
export function section(id, title, lead, ...children) {
  const heading = el("h2", { id: `${id}-title` }, title);
  const parts = lead === "" ? [heading] : [heading, el("p", { class: "lead" }, lead)];
  return el("section", { id, "aria-labelledby": `${id}-title` }, ...parts, ...children);
}

/**
 * A table that scrolls sideways by itself where it is too wide. Rows take the arrow keys.
 * @param {string} caption for screen readers
 * @param {readonly string[]} columns
 * @param {readonly (readonly (Node | string)[])[]} rows
 */
export function table(caption, columns, rows) {
  const head = el("tr", {}, ...columns.map((text) => el("th", { scope: "col" }, text)));
  const body = rows.map((cells, i) =>
    el(
      "tr",
      { "data-row": "", "data-filter": "", tabindex: i === 0 ? "0" : "-1" },
      ...cells.map((cell, column) =>
        el("td", { "data-label": columns[column] ?? "" }, ...(cell === "" ? [] : [cell])),
      ),
    ),
  );
  return el(
    "div",
    { class: "scroll", role: "region", "aria-label": caption, tabindex: "0" },
    el(
      "table",
      {},
      el("caption", { class: "unseen" }, caption),
      el("thead", {}, head),
      el("tbody", {}, ...body),
    ),
  );
}

/**
 * @param {readonly {name: string, value: string, note?: string}[]} facts
 * @param {string} kind class of the list
 */
export function factList(facts, kind) {
  const pairs = facts.map(({ name, value, note }) =>
    el(
      "div",
      {},
      el("dt", {}, name),
      el("dd", {}, value, ...(note ? [el("small", {}, note)] : [])),
    ),
  );
  return el("dl", { class: kind }, ...pairs);
}
