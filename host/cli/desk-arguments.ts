/** The command line of a command of the desk, as the parser hands it over. */
import type { SettingName } from "./settings.ts";

/** What a command of the desk gets from the parser. */
export interface DeskArguments {
  /** The argument, if there is one. */
  readonly argument: string | undefined;
  readonly given: (
    name: SettingName,
  ) => { text: string; origin: "flag" | "environment" } | undefined;
  /** A flag without a value. */
  readonly has: (name: string) => boolean;
  /** False after --no-color or its environment twin. */
  readonly color: boolean;
}
