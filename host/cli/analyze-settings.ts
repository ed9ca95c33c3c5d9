/** Reads the settings of `isnkit analyze`: what each means, and its limits. */
import { type PacketFilter, parseConnection } from "../analyze/packet-filter.ts";
import { parseAddress } from "../core/address.ts";
import { parseDurationUs } from "../core/duration.ts";
import { UsageError } from "../core/errors.ts";
import { PEERS } from "../peers/index.ts";
import type { PeerModel } from "../peers/peer-model.ts";
import { didYouMean } from "./did-you-mean.ts";
import { flagOf, type Setting, type SettingName, type Settings } from "./settings.ts";
import { readListFormat, readMsl, readOutput } from "./shared-settings.ts";

export const ANALYZE_FORMATS = ["text", "json", "ndjson", "html", "junit", "markdown"] as const;
export type AnalyzeFormat = (typeof ANALYZE_FORMATS)[number];

export interface AnalyzeSettings {
  /** A path, or `-` for standard input. */
  readonly file: string;
  readonly follow: boolean;
  readonly narrate: boolean;
  readonly filter: PacketFilter;
  /** The filters as the command line spells them. */
  readonly filters: readonly string[];
  readonly peer: PeerModel | undefined;
  readonly twoMslUs: number;
  readonly format: AnalyzeFormat;
  readonly output: string | undefined;
}

export interface AnalyzeWords {
  /** The argument, if there is one. */
  readonly file: string | undefined;
  readonly follow: boolean;
  readonly narrate: boolean;
}

const FILTERS = ["host", "port", "connection", "from", "to"] as const;

/** Throws UsageError for whatever cannot be meant. */
export function readAnalyzeSettings(settings: Settings, words: AnalyzeWords): AnalyzeSettings {
  const file = words.file ?? settings.get("capture")?.text ?? "";
  if (file === "") {
    throw new UsageError(
      "no-capture",
      "no capture is named (command line)",
      "name a pcap or pcapng file, or - for standard input: isnkit analyze FILE",
    );
  }
  const format = readListFormat(settings.get("format"), ANALYZE_FORMATS);
  if (words.narrate && format === "ndjson") {
    throw new UsageError(
      "option-unused",
      "--narrate has no meaning with --format ndjson",
      "leave one of them out",
    );
  }
  if (words.follow && file === "-") {
    throw new UsageError(
      "option-unused",
      "--follow has no meaning for standard input, which is read as it comes",
      "leave it out, or name a file that grows",
    );
  }
  return {
    file,
    follow: words.follow,
    narrate: words.narrate,
    filter: readFilter(settings),
    filters: FILTERS.flatMap((name) => {
      const setting = settings.get(name);
      return setting === undefined ? [] : [flagOf(name), setting.text];
    }),
    peer: parsePeer(settings.get("peer")),
    twoMslUs: 2 * readMsl(settings.get("msl"), "judge"),
    format,
    output: readOutput(settings.get("output")),
  };
}

function readFilter(settings: Settings): PacketFilter {
  const host = settings.get("host");
  const port = settings.get("port");
  const connection = settings.get("connection");
  const [fromUs, toUs] = [timeOf(settings, "from"), timeOf(settings, "to")];
  if (fromUs !== undefined && toUs !== undefined && fromUs > toUs) {
    throw new UsageError(
      "bad-time",
      `${flagOf("from")} ${settings.get("from")?.text} lies after ${flagOf("to")} ${settings.get("to")?.text}`,
      "give the earlier time first; both count from the first packet",
    );
  }
  return {
    ...(host === undefined ? {} : { host: parseAddress(host.text) }),
    ...(port === undefined ? {} : { port: parsePort(port) }),
    ...(connection === undefined
      ? {}
      : { connection: parseConnection(connection.text, connection.place) }),
    ...(fromUs === undefined ? {} : { fromUs }),
    ...(toUs === undefined ? {} : { toUs }),
  };
}

function timeOf(settings: Settings, name: SettingName): number | undefined {
  const setting = settings.get(name);
  return setting && parseDurationUs(setting.text, setting.place);
}

function parsePort({ text, place }: Setting): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (port <= 65_535) return port;
  throw new UsageError(
    "bad-port",
    `${JSON.stringify(text)} is no port (${place})`,
    "give a number of 0 to 65535",
  );
}

function parsePeer(setting: Setting | undefined): PeerModel | undefined {
  if (setting === undefined) return undefined;
  const model = PEERS.find(({ name }) => name === setting.text);
  if (model) return model;
  const names = PEERS.map(({ name }) => name);
  throw new UsageError(
    "unknown-peer",
    `${JSON.stringify(setting.text)} is no server that is modelled (${setting.place})`,
    `${didYouMean(setting.text, names)}the models are ${names.join(", ")}`,
  );
}
