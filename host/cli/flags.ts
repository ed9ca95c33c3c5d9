/** Flags of a command as commander takes them, each with its twin in the environment. */
import { type Command, Option } from "commander";
import { environmentName, flagOf, type SettingName } from "./settings.ts";

/** Name, placeholder of the value, description. */
export type Flag = readonly [name: SettingName, placeholder: string, description: string];

export function addFlags(command: Command, flags: readonly Flag[]): Command {
  for (const [name, placeholder, description] of flags) {
    const option = new Option(`${flagOf(name)} <${placeholder}>`, description);
    command.addOption(option.env(environmentName(name)));
  }
  return command;
}

/** A flag that is set or not, such as `--follow`. */
export function addSwitch(command: Command, flag: string, description: string): Command {
  const twin = `ISNKIT_${flag.slice(2).replaceAll("-", "_").toUpperCase()}`;
  return command.addOption(new Option(flag, description).env(twin));
}

export function addNoColor(command: Command): Command {
  return addSwitch(command, "--no-color", "no colours");
}
