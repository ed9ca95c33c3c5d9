import { describe, expect, it } from "vitest";
import { Analysis } from "../../../host/analyze/analysis.ts";
import type { Diagnosis } from "../../../host/analyze/diagnosis.ts";
import { openCapture } from "../../../host/capture/capture-reader.ts";
import { inChunks, pcapFile } from "../../support/packets.ts";
import { Recording } from "../../support/sessions.ts";

describe("the events of a good connection", () => {
  it("tell who, where and when, although one object serves all of them", async () => {
    const told: string[] = [];
    const watch: Diagnosis = {
      id: "boot-detected",
      severity: "information",
      title: "",
      explanation: "",
      clause: "",
      remedy: "",
      start: () => ({
        opened: ({ flow, attempt, previous, at, segment }) => {
          const before = previous?.client.isn;
          told.push(
            `${at.frame} opened :${flow.clientPort} ${attempt.client.isn} ${segment.sequence} after ${before}`,
          );
        },
        connected: ({ flow, attempt, at, segment }) => {
          told.push(
            `${at.frame} connected :${flow.clientPort} ${attempt.client.isn} ${segment.flags}`,
          );
        },
        isnChosen: ({ flow, incarnation, sender, at, isn }) => {
          told.push(
            `${at.frame} chosen by ${sender} :${flow.clientPort} ${isn}, opened in ${incarnation.openedFrame}`,
          );
        },
      }),
    };
    const recording = new Recording({ clientPort: 40_001 });
    recording.session(1000, 7000);
    const second = recording.records.length + 1;
    new Recording({ clientPort: 40_002 }).session(2000, 8000).records.forEach(({ data }) => {
      recording.frame(data);
    });
    const third = recording.records.length + 1;
    recording.session(300_000, 900_000);
    const analysis = new Analysis({ diagnoses: [watch] });
    for await (const packet of openCapture(inChunks(pcapFile(recording.records), 500))) {
      analysis.packet(packet);
    }
    analysis.end();
    expect(told).toEqual([
      "1 opened :40001 1000 1000 after undefined",
      "2 connected :40001 1000 18",
      "2 chosen by server :40001 7000, opened in 1",
      "1 chosen by client :40001 1000, opened in 1",
      `${second} opened :40002 2000 2000 after undefined`,
      `${second + 1} connected :40002 2000 18`,
      `${second + 1} chosen by server :40002 8000, opened in ${second}`,
      `${second} chosen by client :40002 2000, opened in ${second}`,
      `${third} opened :40001 300000 300000 after 1000`,
      `${third + 1} connected :40001 300000 18`,
    ]);
  });
});
