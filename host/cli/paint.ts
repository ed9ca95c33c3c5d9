/** Colours for text, where the reader has a terminal and wants them. */
import pc from "picocolors";
import { NO_PAINT, type Paint } from "../core/paint.ts";
import { type MonitorPaint, NO_MONITOR_PAINT } from "../monitor/monitor-text.ts";
import type { Terminal } from "./terminal.ts";

/** NO_COLOR is obeyed whatever its value, unless it is empty (no-color.org). */
function allowsColor({ environment, outIsTerminal }: Terminal): boolean {
  return outIsTerminal && (environment.NO_COLOR ?? "") === "";
}

/** `isAllowed`: false after --no-color, or for what goes into a file. */
export function paintFor(terminal: Terminal, isAllowed: boolean): Paint {
  if (!isAllowed || !allowsColor(terminal)) return NO_PAINT;
  const colors = pc.createColors(true);
  return { good: colors.green, bad: colors.red, open: colors.yellow, faint: colors.dim };
}

/** The same for the lines of a monitor. */
export function monitorPaintFor(terminal: Terminal, isAllowed: boolean): MonitorPaint {
  if (!isAllowed || !allowsColor(terminal)) return NO_MONITOR_PAINT;
  const colors = pc.createColors(true);
  return { faint: colors.dim, name: colors.cyan, warn: colors.yellow, error: colors.red };
}
