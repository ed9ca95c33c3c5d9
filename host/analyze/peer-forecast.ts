/** What a server would do with the next SYN of each connection, by a model of its kind. */
import { formatDurationUs } from "../core/duration.ts";
import { serialAdd } from "../core/serial.ts";
import { tupleKey } from "../core/tuple.ts";
import {
  type PeerAnswer,
  type PeerModel,
  type PeerName,
  type PeerState,
  replyToSyn,
} from "../peers/peer-model.ts";
import type { CaptureAnalysis } from "./analyze-capture.ts";
import type { ConnectionRow } from "./connection-row.ts";

export interface ForecastCase {
  /** What the SYN would carry. */
  readonly syn: string;
  readonly isn: number;
  readonly answer: PeerAnswer["kind"];
  readonly because: string;
}

export interface ConnectionForecast {
  readonly connection: string;
  readonly state: PeerState;
  /** When TIME_WAIT ends, in microseconds since 1970. */
  readonly timeWaitUntilUs: number | undefined;
  readonly cases: readonly ForecastCase[];
}

export interface PeerForecast {
  readonly peer: PeerName;
  readonly connections: readonly ConnectionForecast[];
  readonly lines: readonly string[];
}

const CONNECTIONS_MAX = 10;
const AHEAD = 500_000;

/** Forecast for the last connection of each 4-tuple, newest first, as of the end of the capture. */
export function forecastPeer(analysis: CaptureAnalysis, model: PeerModel): PeerForecast {
  const lastOf = new Map<string, ConnectionRow>();
  for (const row of analysis.connections) {
    if (row.outcome === "connected") lastOf.set(tupleKey(row.tuple), row);
  }
  const rows = [...lastOf.values()].sort((a, b) => b.lastUs - a.lastUs).slice(0, CONNECTIONS_MAX);
  const endUs = analysis.lastUs ?? 0;
  const connections = rows.map((row) => forecastOf(row, model, endUs));
  const firstUs = analysis.firstUs ?? 0;
  return { peer: model.name, connections, lines: linesOf(model, connections, firstUs) };
}

function forecastOf(row: ConnectionRow, model: PeerModel, endUs: number): ConnectionForecast {
  const isTimeWait = row.server.state === "TIME_WAIT";
  const untilUs = isTimeWait ? row.lastUs + model.timeWaitUs : undefined;
  const isOver = untilUs !== undefined && endUs >= untilUs;
  const state = isOver ? "CLOSED" : peerStateOf(row);
  const expected = row.client.next ?? 0;
  const next = row.server.next ?? 0;
  const lastTsval = row.client.tsval;
  const cases: { syn: string; isn: number; tsval?: number }[] = [
    { syn: "the same ISN again", isn: row.client.isn ?? serialAdd(expected, -1) },
    { syn: "an ISN 500,000 ahead", isn: serialAdd(expected, AHEAD) },
    { syn: "an ISN 2^31 + 1 ahead", isn: serialAdd(expected, 2 ** 31 + 1) },
  ];
  if (lastTsval !== undefined) {
    const isn = serialAdd(expected, AHEAD);
    cases.push(
      { syn: "an ISN ahead, TSval restarted", isn, tsval: serialAdd(lastTsval, -1_000_000) },
      {
        syn: "the same ISN, TSval 1 s later",
        isn: cases[0]?.isn ?? 0,
        tsval: serialAdd(lastTsval, 1000),
      },
    );
  }
  return {
    connection: tupleKey(row.tuple),
    state,
    timeWaitUntilUs: isOver ? undefined : untilUs,
    cases: cases.map(({ syn, isn, tsval }) => {
      const times = tsval === undefined || lastTsval === undefined ? {} : { tsval, lastTsval };
      const { answer, rule } = replyToSyn(model, { state, expected, next, isn, ...times });
      return { syn, isn, answer: answer.kind, because: rule.because };
    }),
  };
}

function peerStateOf({ server }: ConnectionRow): PeerState {
  switch (server.state) {
    case "TIME_WAIT":
    case "CLOSED":
    case "ESTABLISHED":
    case "CLOSE_WAIT":
    case "FIN_WAIT":
    case "LAST_ACK":
    case "CLOSING":
    case "SYN_RECV":
      return server.state;
    default:
      return "FIN_WAIT";
  }
}

function linesOf(
  model: PeerModel,
  connections: readonly ConnectionForecast[],
  firstUs: number,
): string[] {
  if (connections.length === 0) return ["no connection stood, so there is nothing to forecast"];
  const lines = [`what ${model.title} does with the next SYN (${model.source}):`];
  for (const { connection, state, timeWaitUntilUs, cases } of connections) {
    const until =
      timeWaitUntilUs === undefined
        ? ""
        : ` until ${formatDurationUs(timeWaitUntilUs - firstUs)} into the capture`;
    lines.push(`  ${connection}: ${state}${until}`);
    for (const { syn, answer, because } of cases) lines.push(`    ${syn}: ${answer} (${because})`);
  }
  return lines;
}
