import { describe, expect, it } from "vitest";
import { ack, diagnose, type Link, Recording, rst, syn } from "../../support/sessions.ts";

const END: Pick<Link, "client" | "server"> = { client: [10, 77, 0, 2], server: [10, 77, 0, 1] };

/** The same packets once more, each `us` behind its first recording. */
function twice(recording: Recording, us: number): Recording {
  const all = recording.records.flatMap((record) => [
    record,
    { ...record, timeUs: (record.timeUs ?? 0) + us },
  ]);
  recording.records.splice(0, recording.records.length, ...all);
  return recording;
}

const noteOf = async (recording: Recording, part: string) =>
  (await diagnose(recording)).notes.filter((note) => note.includes(part));

describe("packets that a mirror port records twice", () => {
  it("count once", async () => {
    const { notes, connections } = await diagnose(twice(new Recording().session(1000, 9000), 5));
    expect(notes).toEqual([expect.stringContaining("8 packets are in the capture twice")]);
    expect(connections).toMatchObject([{ syns: 1, client: { packets: 4 } }]);
  });

  it("are repetitions of the host when they come later", async () => {
    const recording = new Recording();
    for (const pause of [0, 0.0021, 1]) recording.wait(pause).client({ flags: syn, sequence: 5 });
    const { notes, connections } = await diagnose(recording);
    expect(notes).toEqual([]);
    expect(connections[0]?.syns).toBe(3);
  });
});

describe("a file that was appended to itself", () => {
  const once = () => new Recording().session(1000, 9000).wait(1).session(500_000, 77_000);

  it("is judged once", async () => {
    const recording = once();
    recording.records.push(...recording.records);
    const { notes, counts } = await diagnose(recording);
    expect(notes).toEqual([expect.stringContaining("16 packets are of a part of the capture")]);
    expect(counts.connections).toBe(2);
  });

  it("is not what a device does that repeats its SYN after time went back", async () => {
    const recording = once();
    const later = recording.records[0];
    if (later) recording.records.push({ ...later, timeUs: (later.timeUs ?? 0) + 40 });
    expect(await noteOf(recording, "comes once more")).toEqual([]);
  });
});

describe("both sides of an address translation", () => {
  const inside = { clientPort: 31001, ...END };
  const outside = { client: [10, 77, 0, 50], server: END.server, clientPort: 40_000 };

  function handshake(second: Partial<Link>, isn = 7000): Recording {
    const other = { ...inside, ...second };
    const answer = { flags: syn | ack, sequence: 9000, acknowledgement: isn + 1 };
    const last = { flags: ack, sequence: isn + 1, acknowledgement: 9001 };
    return new Recording()
      .client({ flags: syn, sequence: isn }, inside)
      .client({ flags: syn, sequence: isn }, other)
      .server(answer, other)
      .server(answer, inside)
      .client(last, inside)
      .client(last, other);
  }

  it("is one connection, whether the source or the server is translated", async () => {
    for (const second of [outside, { server: [10, 77, 9, 9] }]) {
      const { counts, connections, notes } = await diagnose(handshake(second));
      expect(counts.connections).toBe(1);
      expect(connections[0]).toMatchObject({ outcome: "connected", syns: 1 });
      expect(notes).toEqual([expect.stringContaining("3 packets are those of 1 connection")]);
    }
  });

  it("is not what a scanner does, which sends one number to other ports", async () => {
    const recording = new Recording();
    for (let i = 0; i < 4; i++) {
      const link = { serverPort: 20 + i };
      recording.client({ flags: syn, sequence: 7000 }, link);
      recording.server({ flags: rst | ack, sequence: 0, acknowledgement: 7001 }, link);
    }
    const { counts, notes } = await diagnose(recording);
    expect(counts.connections).toBe(4);
    expect(notes).toEqual([]);
  });

  it("is not what a fleet of devices does that start with one ISN and one port", async () => {
    const recording = new Recording();
    for (let i = 0; i < 4; i++) recording.refused(6510, 9, 6530, { client: [10, 1, 0, i] });
    const { counts, notes } = await diagnose(recording);
    expect(counts.connections).toBe(4);
    expect(notes).toEqual([]);
  });

  it("ends with the next connection of the translated tuple", async () => {
    const recording = handshake(outside).wait(5).session(90_000, 70_000, { link: outside });
    expect((await diagnose(recording)).counts.connections).toBe(2);
  });
});

describe("both sides of a box that rewrites sequence numbers", () => {
  it("takes a second SYN with another number for a new attempt when it comes later", async () => {
    const recording = new Recording()
      .client({ flags: syn, sequence: 7000 })
      .wait(0.006)
      .client({ flags: syn, sequence: 900_000_000 });
    const { counts, notes } = await diagnose(recording);
    expect(counts.connections).toBe(2);
    expect(notes).toEqual([]);
  });

  it("drops the second numbering of both ends", async () => {
    const [a, b, s, t] = [7000, 900_000_000, 50_000, 3_000_000_000];
    const recording = new Recording()
      .client({ flags: syn, sequence: a })
      .client({ flags: syn, sequence: b })
      .server({ flags: syn | ack, sequence: t, acknowledgement: b + 1 })
      .server({ flags: syn | ack, sequence: s, acknowledgement: a + 1 })
      .client({ flags: ack, sequence: a + 1, acknowledgement: s + 1 })
      .client({ flags: ack, sequence: b + 1, acknowledgement: t + 1 })
      .server({ flags: rst, sequence: t + 1 })
      .server({ flags: rst, sequence: s + 1 });
    const { connections, rules } = await diagnose(recording);
    expect(rules).toEqual([]);
    expect(connections).toMatchObject([{ client: { isn: a }, server: { isn: s, packets: 2 } }]);
  });
});
