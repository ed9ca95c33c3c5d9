/** keepalive: probes with the number before the next one. */
import type { Diagnosis } from "../diagnosis.ts";
import { connectionFilter, connectionOf, endpointText } from "../wording.ts";

export const keepalive: Diagnosis = {
  id: "keepalive",
  severity: "harmless",
  title: "keep-alive probes",
  explanation:
    "An ACK whose number is one below the next one makes the other side answer, and shows that it still lives. Wireshark marks it; nothing is wrong with it.",
  clause: "RFC 9293 §3.8.4",
  remedy: "nothing to do",
  start: (report) => ({
    keepalive({ flow, sender, at }) {
      const who =
        sender === "client"
          ? endpointText(flow.clientAddress(), flow.clientPort)
          : endpointText(flow.serverAddress(), flow.serverPort);
      report({
        group: `${connectionOf(flow)} ${sender}`,
        confidence: "certain",
        summary: `${who} sends keep-alive probes, which is harmless`,
        detail: "Each carries the number before the next one, and asks for an ACK.",
        frames: [at.frame],
        timeUs: at.timeUs,
        connection: connectionOf(flow),
        filter: `${connectionFilter(flow)} && tcp.analysis.keep_alive`,
      });
    },
  }),
};
