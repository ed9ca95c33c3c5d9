/**
 * Where each setting comes from: flag, then environment, then isnkit.config.json, then default. This
 * file only finds values and their origin; check-settings.ts reads them.
 */
import { CONFIG_FILE, type Config } from "./config-file.ts";

/** Names of settings, in camel case as in the config file. */
export type SettingName = Exclude<keyof Config, "$schema" | "color">;

/** A higher rank beats a lower one. */
const RANK = { flag: 3, environment: 2, config: 1 } as const;
export type Origin = keyof typeof RANK;

export interface Setting {
  readonly text: string;
  readonly origin: Origin;
  /** How to name the place in a message: `--msl`, `ISNKIT_MSL`, `msl in isnkit.config.json`. */
  readonly place: string;
  readonly rank: number;
}

export type Settings = ReadonlyMap<SettingName, Setting>;

export const SETTING_NAMES: readonly SettingName[] = [
  "board",
  "reboots",
  "seed",
  "capture",
  "device",
  "bootGap",
  "bootsAt",
  "rules",
  "msl",
  "format",
  "output",
  "host",
  "port",
  "connection",
  "from",
  "to",
  "peer",
  "bench",
  "baud",
  "level",
  "type",
  "match",
  "log",
  "logSize",
  "logKeep",
  "for",
  "rung",
  "count",
  "record",
  "module",
  "image",
  "method",
  "volume",
  "campaign",
  "exhaustive",
  "shard",
  "shards",
  "case",
  "workers",
  "faults",
  "keep",
  "resume",
];

/** `bootGap` → `boot-gap`. */
function kebab(name: SettingName): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

export function flagOf(name: SettingName): string {
  return `--${kebab(name)}`;
}

/** `bootGap` → `ISNKIT_BOOT_GAP`. */
export function environmentName(name: SettingName): string {
  return `ISNKIT_${kebab(name).replaceAll("-", "_").toUpperCase()}`;
}

/**
 * Merges what the parser found (`given`: text and whether it was on the command line or in the
 * environment) with the config file. Empty text in the environment counts as not set.
 */
export function mergeSettings(
  given: (name: SettingName) => { text: string; origin: "flag" | "environment" } | undefined,
  config: Config,
): Settings {
  const settings = new Map<SettingName, Setting>();
  for (const name of SETTING_NAMES) {
    const found = given(name);
    const configured = config[name];
    if (found !== undefined && !(found.origin === "environment" && found.text === "")) {
      const place = found.origin === "flag" ? flagOf(name) : environmentName(name);
      settings.set(name, { ...found, place, rank: RANK[found.origin] });
    } else if (configured !== undefined) {
      const place = `${name} in ${CONFIG_FILE}`;
      settings.set(name, { text: configured, origin: "config", place, rank: RANK.config });
    }
  }
  return settings;
}
