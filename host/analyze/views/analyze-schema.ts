/** The file that `isnkit analyze --format json` writes, read back into the run that it tells of. */
import { z } from "zod";
import { list, name, signed, text, timeUs, u32, whole } from "../../report/files/bounds.ts";
import { DIAGNOSIS_IDS } from "../diagnosis.ts";
import type { AnalysisRun } from "./analysis-run.ts";
import { ANALYZE_SCHEMA } from "./analyze-json.ts";

const side = z.enum(["client", "server"]);

const tcpState = z.enum([
  "SYN_SENT",
  "SYN_RECV",
  "ESTABLISHED",
  "FIN_WAIT",
  "CLOSE_WAIT",
  "LAST_ACK",
  "CLOSING",
  "TIME_WAIT",
  "CLOSED",
  "unknown",
]);

const sideRow = z.looseObject({
  isn: u32.optional(),
  next: u32.optional(),
  packets: whole,
  bytes: whole,
  fin: z.boolean(),
  finUs: timeUs.optional(),
  gaps: whole,
  tsval: u32.optional(),
  state: tcpState,
});

const connection = z.looseObject({
  number: whole,
  tuple: z.looseObject({
    localAddress: name,
    localPort: u32.max(65_535),
    remoteAddress: name,
    remotePort: u32.max(65_535),
  }),
  connection: name,
  incarnation: whole,
  tunnel: name.optional(),
  sawSyn: z.boolean(),
  firstFrame: whole,
  lastFrame: whole,
  openedUs: timeUs,
  connectedUs: timeUs.optional(),
  lastUs: timeUs,
  syns: whole,
  outcome: z.enum([
    "connected",
    "refused-by-ack",
    "wrong-ack",
    "wrong-rst",
    "answered-elsewhere",
    "reset",
    "no-answer",
  ]),
  client: sideRow,
  server: sideRow,
  closedFirst: side.optional(),
  resetBy: side.optional(),
  resetUs: timeUs.optional(),
  challenges: whole,
  wrongAcks: whole,
  keepalives: whole,
  longestSilenceUs: timeUs,
});

const finding = z.looseObject({
  rule: z.enum(DIAGNOSIS_IDS),
  severity: z.enum(["fault", "information", "harmless"]),
  confidence: z.enum(["certain", "likely", "possible"]),
  summary: text,
  detail: text,
  frames: list(whole, 100),
  timeUs,
  numbers: list(z.looseObject({ name, value: signed, frame: whole.optional() }), 100).optional(),
  distance: signed.optional(),
  elapsedUs: timeUs.optional(),
  connection: name.optional(),
  host: name.optional(),
  blames: name.optional(),
  filter: text,
  settle: text.optional(),
  count: whole,
  lastUs: timeUs,
  title: text,
  explanation: text,
  clause: text,
  remedy: text,
});

const forecast = z.looseObject({
  connection: name,
  state: name,
  timeWaitUntilUs: timeUs.optional(),
  cases: list(z.looseObject({ syn: text, isn: u32, answer: name, because: text }), 100),
});

const checksumCounts = z.looseObject({ ok: whole, bad: whole, unfilled: whole, unknown: whole });

// What a later diagnosis adds is kept as it is: it is shown nowhere but in JSON again.
const analyzeDocument = z.looseObject({
  schema: z.literal(ANALYZE_SCHEMA),
  verdict: z.enum(["fault", "clean", "inconclusive"]),
  capture: z.looseObject({
    name,
    format: z.enum(["pcap", "pcapng"]).optional(),
    firstUs: timeUs.optional(),
    lastUs: timeUs.optional(),
    truncated: z.boolean(),
  }),
  filters: list(name, 64),
  counts: z.looseObject({
    packets: whole,
    tcpPackets: whole,
    analysed: whole,
    connections: whole,
    answered: whole,
    midstream: whole,
    firstFragments: whole,
    laterFragments: whole,
    tunnelled: whole.default(0),
    unreadable: whole,
    cut: whole,
  }),
  checksums: z.looseObject({
    ipv4: checksumCounts,
    tcp: checksumCounts,
    offload: list(z.looseObject({ host: name, packets: whole }), 10_000),
    damaged: z.looseObject({ packets: whole, frames: list(whole, 1_000) }),
  }),
  notes: list(text, 10_000),
  peer: z.enum(["linux", "freebsd", "openbsd", "aix", "lwip"]).optional(),
  forecast: list(forecast, 100).optional(),
  forecastText: list(text, 10_000).optional(),
  findings: list(finding, 10_000),
  connections: list(connection, 100_000),
  narration: list(text, 100_000).optional(),
});

/** Throws ZodError for whatever is no such document. The verdict follows from the findings again. */
export function parseAnalyzeDocument(value: unknown): AnalysisRun {
  const document = analyzeDocument.parse(value);
  const { capture, counts, checksums, notes, findings, connections, filters, narration, peer } =
    document;
  const forecast =
    peer === undefined
      ? undefined
      : { peer, connections: document.forecast ?? [], lines: document.forecastText ?? [] };
  const run = {
    analysis: { ...capture, counts, checksums, notes, findings, connections },
    filters,
    ...(narration === undefined ? {} : { narration }),
    ...(forecast === undefined ? {} : { forecast }),
  };
  return run as AnalysisRun;
}
