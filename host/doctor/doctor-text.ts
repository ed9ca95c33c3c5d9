/** The doctor's findings as text and JSON. */
import { printable, printableJson } from "../core/plain-text.ts";
import { type Checkup, type Diagnosis, PURPOSE_TEXT, type Purpose } from "./purpose.ts";

const DOCTOR_SCHEMA = "isnkit.doctor/1";

/** A setting that is in force, and where it came from. */
export interface SettingOrigin {
  readonly name: string;
  readonly value: string;
  /** `flag`, `environment` or `config`. */
  readonly origin: string;
  readonly place: string;
}

export interface DoctorRun {
  readonly diagnosis: Diagnosis;
  readonly settings: readonly SettingOrigin[];
  /** What was asked for. */
  readonly asked: readonly Purpose[];
}

const AREAS: Readonly<Record<Checkup["area"], string>> = {
  program: "isnkit",
  tool: "Tools",
  firmware: "Firmware",
  network: "Network",
  desk: "Desk",
  settings: "Settings",
};
const SIGNS: Readonly<Record<Checkup["state"], string>> = { ok: "ok", fault: "!!", absent: "--" };

export function doctorText({ diagnosis, settings, asked }: DoctorRun): string {
  const { checkups, purposes } = diagnosis;
  const sections = Object.entries(AREAS).flatMap(([area, title]) => {
    const own = checkups.filter((checkup) => checkup.area === area);
    const lines = area === "settings" ? settings.map(settingLine) : [];
    if (own.length + lines.length === 0) return [];
    return [[title, ...own.flatMap(checkupLines), ...lines].join("\n")];
  });
  const wanted = purposes.filter(({ purpose }) => asked.length === 0 || asked.includes(purpose));
  const width = Math.max(...wanted.map(({ purpose }) => purpose.length));
  const verdicts = wanted.map(({ purpose, works, missing }) => {
    const sign = works ? SIGNS.ok : SIGNS.fault;
    const why = works ? "" : `: cannot work for want of ${missing.map(printable).join(", ")}`;
    return `  ${sign} ${purpose.padEnd(width)}  ${PURPOSE_TEXT[purpose]}${why}`;
  });
  sections.push(["What works", ...verdicts].join("\n"));
  return `${sections.join("\n\n")}\n`;
}

/** Whole words for programs; `ok` is what the exit code says. */
export function doctorJson({ diagnosis, settings, asked }: DoctorRun, ok: boolean): string {
  return `${printableJson({ schema: DOCTOR_SCHEMA, ok, asked, ...diagnosis, settings })}\n`;
}

function checkupLines({ name, state, what, next }: Checkup): string[] {
  const line = `  ${SIGNS[state]} ${printable(name).padEnd(20)} ${printable(what)}`;
  if (next === undefined || state === "ok") return [line];
  const [first = "", ...rest] = next.split("\n").map(printable);
  return [line, `       next: ${first}`, ...rest.map((one) => `             ${one}`)];
}

function settingLine({ name, value, origin, place }: SettingOrigin): string {
  return `     ${name.padEnd(20)} ${printable(value)}  (${origin}: ${printable(place)})`;
}
