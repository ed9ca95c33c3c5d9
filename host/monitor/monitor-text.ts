/** What the monitor sees, for people: one line an event, fields in columns, nothing raw. */
import type { ConsoleRecord } from "../console/console-record.ts";
import { printable } from "../core/plain-text.ts";
import { levelOf, type MonitorEvent } from "./monitor-event.ts";

/** Puts text between the codes of a colour, or leaves it as it is. */
export interface MonitorPaint {
  readonly faint: (text: string) => string;
  readonly name: (text: string) => string;
  readonly warn: (text: string) => string;
  readonly error: (text: string) => string;
}

const plain = (text: string) => text;
export const NO_MONITOR_PAINT: MonitorPaint = {
  faint: plain,
  name: plain,
  warn: plain,
  error: plain,
};

const TYPE_WIDTH = 10;
const NUMBER_WIDTH = 6;
const DEVICE_TIME_WIDTH = 11;
/** A longer field pushes the rest of its line only. */
const FIELD_WIDTH_MAX = 24;
/** Columns of records of so many kinds are remembered. */
const TYPES_MAX = 256;

export class MonitorText {
  readonly #paint: MonitorPaint;
  readonly #withDate: boolean;
  /** Width of each field so far, by type of record and place. */
  readonly #widths = new Map<string, number[]>();
  #second = -1;
  #clock = "";

  /** `withDate`: for a log that spans days. */
  constructor(paint: MonitorPaint = NO_MONITOR_PAINT, withDate = false) {
    this.#paint = paint;
    this.#withDate = withDate;
  }

  /** The line of an event, line end included. */
  line(event: MonitorEvent): string {
    const time = this.#paint.faint(this.#time(event.atUs));
    const device = event.kind === "record" ? deviceTime(event.deviceUs) : "";
    return `${time} ${this.#paint.faint(device.padStart(DEVICE_TIME_WIDTH))} ${this.#body(event)}\n`;
  }

  #body(event: MonitorEvent): string {
    switch (event.kind) {
      case "record":
        return this.#record(event.record, this.#painter(event));
      case "text":
        return `${mark("|")} ${printable(event.text)}${event.end === "line" ? "" : this.#paint.faint(` [${event.end}]`)}`;
      case "damaged":
        return this.#paint.warn(`${mark("!")} damaged    ${printable(event.text)}`);
      case "gap":
        return this.#paint.warn(`${mark("!")} gap        ${gapText(event.first, event.last)}`);
      case "restart":
        return this.#paint.warn(
          `${mark("!")} restart    the device began again; its last record was ${event.last}`,
        );
      case "open":
        return this.#paint.faint(
          `${mark("-")} ${event.again ? "back" : "open"}       ${printable(event.path)}`,
        );
      case "lost":
        return this.#paint.error(`${mark("-")} lost       ${printable(event.reason)}`);
      case "waiting":
        return this.#paint.faint(`${mark("-")} waiting    ${printable(event.reason)}`);
      case "end":
        return this.#paint.faint(`${mark("-")} end        ${printable(event.reason)}`);
    }
  }

  #record({ number, type, fields }: ConsoleRecord, paint: (text: string) => string): string {
    const widths = this.#widthsOf(type);
    let place = 0;
    let columns = "";
    for (const [key, value] of fields) {
      // The device's time stands in a column of its own.
      if (key === "at") continue;
      const cell = printable(`${key}=${value}`);
      const width = Math.max(widths[place] ?? 0, Math.min(cell.length, FIELD_WIDTH_MAX));
      widths[place++] = width;
      columns += ` ${cell.padEnd(width)}`;
    }
    const head = `${String(number).padStart(NUMBER_WIDTH)} ${paint(type.padEnd(TYPE_WIDTH))}`;
    return `${head}${columns}`.trimEnd();
  }

  #painter(event: MonitorEvent): (text: string) => string {
    const level = levelOf(event);
    if (level === "error") return this.#paint.error;
    return level === "warn" ? this.#paint.warn : this.#paint.name;
  }

  #widthsOf(type: string): number[] {
    let widths = this.#widths.get(type);
    if (widths === undefined) {
      if (this.#widths.size >= TYPES_MAX) this.#widths.clear();
      widths = [];
      this.#widths.set(type, widths);
    }
    return widths;
  }

  /** Local time to the millisecond; with the date as ISO 8601 in UTC. */
  #time(atUs: number): string {
    const ms = Math.floor(atUs / 1000);
    if (this.#withDate) return new Date(ms).toISOString();
    const second = Math.floor(ms / 1000);
    if (second !== this.#second) {
      const date = new Date(second * 1000);
      this.#clock = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(":");
      this.#second = second;
    }
    return `${this.#clock}.${String(ms % 1000).padStart(3, "0")}`;
  }
}

function mark(sign: string): string {
  return sign.padStart(NUMBER_WIDTH);
}

function gapText(first: number, last: number): string {
  return first === last ? `record ${first} is missing` : `records ${first} to ${last} are missing`;
}

/** Seconds since the device started, to the millisecond. */
function deviceTime(us: number | undefined): string {
  return us === undefined ? "" : `+${(us / 1e6).toFixed(3)}`;
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}
