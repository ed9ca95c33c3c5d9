/** What the monitor sees, for programs: one JSON object a line (NDJSON). */
import { printableJson } from "../core/plain-text.ts";
import { levelOf, type MonitorEvent } from "./monitor-event.ts";

const MONITOR_SCHEMA = "isnkit.monitor/1";

/** The line of an event, line end included. The first one of a run names the schema. */
export function monitorJson(event: MonitorEvent): string {
  const at = new Date(Math.floor(event.atUs / 1000)).toISOString();
  const { kind } = event;
  const level = levelOf(event);
  return `${printableJson({ ...schemaOf(event), at, atUs: event.atUs, kind, level, ...contentOf(event) }, 0)}\n`;
}

function schemaOf(event: MonitorEvent): object {
  return event.kind === "open" && !event.again ? { schema: MONITOR_SCHEMA } : {};
}

function contentOf(event: MonitorEvent): object {
  if (event.kind === "record") {
    const { number, type, fields } = event.record;
    const time = event.deviceUs === undefined ? {} : { deviceUs: event.deviceUs };
    return { n: number, type, ...time, fields: Object.fromEntries(fields) };
  }
  const { atUs: _atUs, kind: _kind, ...content } = event;
  return content;
}
