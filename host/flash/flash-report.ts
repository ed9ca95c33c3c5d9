/** What `isnkit flash` tells at its end: as text, and as JSON for programs. */
import { printable, printableJson } from "../core/plain-text.ts";
import { type DeviceModule, shortDigest } from "./device-module.ts";
import type { ModuleFlash } from "./flash-module.ts";

const FLASH_SCHEMA = "isnkit.flash/1";

export interface FlashReport {
  readonly board: string;
  /** `module`, `stm32-uart`, `uf2`, or the name of a tool. */
  readonly method: string;
  /** SHA-256 of the file. */
  readonly sha256: string;
  readonly bytes: number;
  readonly unchanged: boolean;
  readonly before?: DeviceModule;
  /** What the device itself said at the end. */
  readonly after: DeviceModule;
  readonly journal: "kept" | "wiped";
  /** How long the device will keep quiet, once it has a key again. */
  readonly quietMs: number;
}

/** `mslMs`: of the board's description. */
export function moduleReport(
  board: string,
  done: ModuleFlash,
  image: { sha256: string; bytes: Uint8Array },
  mslMs: number,
): FlashReport {
  return {
    board,
    method: "module",
    sha256: image.sha256,
    bytes: image.bytes.length,
    unchanged: done.unchanged,
    before: done.before,
    after: done.after,
    journal: done.journalWiped ? "wiped" : "kept",
    quietMs: done.journalWiped ? 2 * mslMs : 0,
  };
}

export function flashText(report: FlashReport): string {
  const { after, before } = report;
  const lines: string[] = [];
  const verb = report.unchanged ? "runs this already" : "confirmed it";
  lines.push(`${report.board}: the device ${verb}`);
  if (before !== undefined && !report.unchanged) lines.push(`  before    ${moduleText(before)}`);
  lines.push(`  now       ${moduleText(after)}`);
  lines.push(`  firmware  ${after.firmware}, ${after.board} over ${after.runtime}`);
  lines.push(`  file      ${report.bytes} bytes, SHA-256 ${report.sha256}`);
  lines.push(`  journal   ${journalText(report)}`);
  return `${lines.map(printable).join("\n")}\n`;
}

function moduleText({ module, moduleBytes, slot, abi }: DeviceModule): string {
  const version = abi === 0 ? "" : `, ABI ${abi >>> 16}.${abi & 0xffff}`;
  return `module ${shortDigest(module)} (${moduleBytes} bytes${version}), slot ${slot}`;
}

function journalText({ journal, quietMs, before, after }: FlashReport): string {
  if (journal === "wiped") {
    return `wiped, key included: provision the device again; it then keeps quiet for ${quietMs / 1000} s (2 × MSL)`;
  }
  const counts = before === undefined ? `${after.boots}` : `${before.boots} → ${after.boots}`;
  return `kept, boot count ${counts}`;
}

export function flashJson(report: FlashReport): string {
  return `${printableJson({ schema: FLASH_SCHEMA, ...report })}\n`;
}
