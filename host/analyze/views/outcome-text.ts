/** How a connection ended, in a few words. */
import type { ConnectionRow } from "../connection-row.ts";
import { plural } from "../wording.ts";

export function outcomeText(row: ConnectionRow): string {
  const { outcome, syns, client, server, resetBy, closedFirst } = row;
  if (outcome === "refused-by-ack") return `refused by plain ACK, ${plural(syns, "SYN")}`;
  if (outcome === "wrong-ack") return "SYN-ACK of something else";
  if (outcome === "wrong-rst") return `RST that must not be accepted, ${plural(syns, "SYN")}`;
  if (outcome === "answered-elsewhere") return `answered from elsewhere, ${plural(syns, "SYN")}`;
  if (outcome === "reset") return "refused by RST";
  if (outcome === "no-answer") return `no answer, ${plural(syns, "SYN")}`;
  if (resetBy !== undefined) return `reset by the ${resetBy}`;
  const first = closedFirst === undefined ? "" : ` (the ${closedFirst} closed first)`;
  return `client ${client.state}, server ${server.state}${first}`;
}
