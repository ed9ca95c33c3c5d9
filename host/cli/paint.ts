/** Colours for text, where the reader has a terminal and wants them. */
import pc from "picocolors";
import { NO_PAINT, type Paint } from "../core/paint.ts";
import type { Terminal } from "./terminal.ts";

/** NO_COLOR is obeyed whatever its value, unless it is empty (no-color.org). */
export function paintFor({ environment, outIsTerminal }: Terminal, isAllowed: boolean): Paint {
  if (!isAllowed || !outIsTerminal || (environment.NO_COLOR ?? "") !== "") return NO_PAINT;
  const colors = pc.createColors(true);
  return { good: colors.green, bad: colors.red, open: colors.yellow, faint: colors.dim };
}
