/** Reads the settings of `isnkit flash`: what each means, and its limits. */
import { open } from "node:fs/promises";
import { UsageError } from "../core/errors.ts";
import { flagOf, type Setting, type Settings } from "./settings.ts";
import { readListFormat, readOutput } from "./shared-settings.ts";

/** No board that is described holds more. */
const FILE_BYTES_MAX = 64 * 1024 * 1024;

export interface FlashSettings {
  readonly kind: "module" | "image";
  readonly file: string;
  /** How firmware gets onto the board; absent: the first way of board.json. */
  readonly method: Setting | undefined;
  /** Folder where the boot loader's volume is mounted. */
  readonly volume: string | undefined;
  readonly wipeJournal: boolean;
  readonly format: "text" | "json";
  readonly output: string | undefined;
}

/** Throws UsageError for whatever cannot be meant. */
export function readFlashSettings(
  settings: Settings,
  { wipeJournal }: { wipeJournal: boolean },
): FlashSettings {
  const module = settings.get("module");
  const image = settings.get("image");
  const file = module ?? image;
  if (file === undefined || file.text === "") {
    throw new UsageError(
      "no-file",
      "what to flash is not said (command line)",
      `add ${flagOf("module")} FILE.wasm for a new module, or ${flagOf("image")} FILE for firmware`,
    );
  }
  if (module !== undefined && image !== undefined) {
    throw new UsageError(
      "option-unused",
      `${module.place} and ${image.place} are two different things`,
      "flash the firmware first, then the module",
    );
  }
  const kind = module === undefined ? "image" : "module";
  const method = settings.get("method");
  if (kind === "module" && method !== undefined && method.text !== "module") {
    throw new UsageError(
      "option-unused",
      `${method.place} ${method.text} does not take a module`,
      "leave it out: a module goes over the console",
    );
  }
  return {
    kind,
    file: file.text,
    method,
    volume: settings.get("volume")?.text,
    wipeJournal,
    format: readListFormat(settings.get("format"), ["text", "json"]),
    output: readOutput(settings.get("output")),
  };
}

/** The file's bytes. UsageError `bad-file` when it cannot be read, is empty, or larger than any memory. */
export async function readFlashFile(path: string, what: string): Promise<Uint8Array> {
  try {
    const file = await open(path);
    try {
      const { size } = await file.stat();
      if (size === 0) throw new Error("it is empty");
      if (size > FILE_BYTES_MAX) throw new Error("it is larger than 64 MiB");
      return new Uint8Array(await file.readFile());
    } finally {
      await file.close();
    }
  } catch (error) {
    throw new UsageError(
      "bad-file",
      `the ${what} ${JSON.stringify(path)} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
      "name a file that was built: `npm run build` makes build/isnkit.wasm",
    );
  }
}
