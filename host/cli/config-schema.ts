/** What `isnkit.config.json` may hold. A file of its own, because it is loaded only when there is one. */
import { z } from "zod";
import { UsageError } from "../core/errors.ts";
import { didYouMean } from "./did-you-mean.ts";

const word = z.string().min(1);
const wordOrNumber = z.union([word, z.number()]).transform(String);
const words = z.union([
  word,
  z
    .array(word)
    .min(1)
    .transform((list) => list.join(",")),
]);

/** Values are kept as text, as the flags give them, so that both are read in one place. */
const configSchema = z.strictObject({
  $schema: z.string().optional(),
  board: word.optional(),
  reboots: wordOrNumber.optional(),
  seed: wordOrNumber.optional(),
  capture: word.optional(),
  device: word.optional(),
  bootGap: word.optional(),
  bootsAt: words.optional(),
  rules: words.optional(),
  msl: word.optional(),
  format: word.optional(),
  output: word.optional(),
  host: word.optional(),
  port: wordOrNumber.optional(),
  connection: word.optional(),
  from: word.optional(),
  to: word.optional(),
  peer: word.optional(),
  bench: word.optional(),
  baud: wordOrNumber.optional(),
  level: word.optional(),
  type: words.optional(),
  match: word.optional(),
  log: word.optional(),
  logSize: word.optional(),
  logKeep: wordOrNumber.optional(),
  for: words.optional(),
  rung: words.optional(),
  count: wordOrNumber.optional(),
  record: word.optional(),
  module: word.optional(),
  image: word.optional(),
  method: word.optional(),
  volume: word.optional(),
  campaign: word.optional(),
  exhaustive: wordOrNumber.optional(),
  shard: word.optional(),
  shards: wordOrNumber.optional(),
  case: word.optional(),
  workers: wordOrNumber.optional(),
  faults: words.optional(),
  keep: word.optional(),
  resume: word.optional(),
  color: z.boolean().optional(),
});

export type Config = z.output<typeof configSchema>;

/** `file` is for messages. Throws UsageError `bad-config`. */
export function parseConfig(text: string, file: string): Config {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UsageError(
      "bad-config",
      `${file} is not JSON: ${reason}`,
      'write an object such as {"reboots": 1000}',
    );
  }
  const parsed = configSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const known = Object.keys(configSchema.shape);
  if (issue?.code === "unrecognized_keys") {
    const key = issue.keys[0] ?? "";
    throw new UsageError(
      "bad-config",
      `${JSON.stringify(key)} is not a setting (${file})`,
      `${didYouMean(key, known)}the settings are ${known.filter((one) => one !== "$schema").join(", ")}`,
    );
  }
  const path = issue?.path.map(String).join(".") ?? "";
  throw new UsageError(
    "bad-config",
    `${path === "" ? "the whole" : JSON.stringify(path)} has a wrong value: ${issue?.message ?? "not understood"} (${file})`,
    'write it as on the command line, as text: {"msl": "120s"}',
  );
}
