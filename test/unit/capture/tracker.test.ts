import { describe, expect, it } from "vitest";
import type { Connection } from "../../../host/capture/connection.ts";
import { ACK, FIN, PSH, RST, Segment, SYN } from "../../../host/capture/segment.ts";
import { Tracker } from "../../../host/capture/tracker.ts";
import { ipv4 } from "../../../host/core/address.ts";

const DEVICE = 0x0a4d0002;
const SERVER = 0x0a4d0001;
const S = 1_000_000;

interface Fields {
  readonly seq?: number;
  readonly ack?: number;
  readonly length?: number;
  readonly tsval?: number;
  readonly port?: number;
  readonly server?: number;
}

/** A tracker that is fed segment by segment; time moves when a test says so. */
class Scene {
  readonly tracker: Tracker;
  nowUs = 0;
  #frame = 0;

  constructor(options: { connectionsMax?: number } = {}) {
    this.tracker = new Tracker({ device: ipv4(DEVICE), ...options });
  }

  device(flags: number, fields: Fields = {}) {
    return this.#observe(true, flags, fields);
  }

  peer(flags: number, fields: Fields = {}) {
    return this.#observe(false, flags, fields);
  }

  get connection(): Connection {
    const { connection } = this.tracker;
    if (!connection) throw new Error("the last segment belonged to no connection");
    return connection;
  }

  /** SYN, SYN-ACK, ACK, with the device's ISN. */
  connect(isn: number, fields: Fields = {}) {
    this.device(SYN, { ...fields, seq: isn });
    this.peer(SYN | ACK, { ...fields, seq: 500, ack: isn + 1 });
    this.device(ACK, { ...fields, seq: isn + 1, ack: 501 });
  }

  #observe(fromDevice: boolean, flags: number, fields: Fields) {
    const segment = new Segment();
    const { port = 49153, server = SERVER } = fields;
    segment.kind = "tcp";
    segment.source0 = fromDevice ? DEVICE : server;
    segment.target0 = fromDevice ? server : DEVICE;
    segment.sourcePort = fromDevice ? port : 1021;
    segment.targetPort = fromDevice ? 1021 : port;
    segment.sequence = (fields.seq ?? 0) >>> 0;
    segment.acknowledgement = (fields.ack ?? 0) >>> 0;
    segment.flags = flags;
    segment.payloadLength = fields.length ?? 0;
    segment.hasTimestamps = fields.tsval !== undefined;
    segment.tsval = fields.tsval ?? 0;
    this.#frame += 1;
    return this.tracker.observe(segment, this.#frame, this.nowUs);
  }
}

describe("one connection", () => {
  it("counts SYN, data and FIN into the next number, across the wrap", () => {
    const scene = new Scene();
    scene.connect(0xffff_fff0);
    scene.device(ACK | PSH, { seq: 0xffff_fff1, length: 100 });
    expect(scene.connection.next).toBe(0x55);
    scene.device(ACK | PSH, { seq: 0xffff_fff1, length: 50 });
    expect(scene.connection.next).toBe(0x55);
    scene.device(FIN | ACK, { seq: 0x55 });
    expect(scene.connection.next).toBe(0x56);
    expect(scene.connection).toMatchObject({
      answer: "syn-ack",
      established: true,
      closedFirst: "device",
    });
    scene.peer(FIN | ACK, { seq: 501, ack: 0x56 });
    expect(scene.connection).toMatchObject({ closed: true, peerIsn: 500, peerNext: 502 });
  });

  it("does not count numbers that a pure ACK only mentions", () => {
    const scene = new Scene();
    scene.connect(1000);
    scene.device(ACK, { seq: 1001 + 16_711_936 });
    expect(scene.connection.next).toBe(1001);
  });

  it("does not count a jump that no window allows", () => {
    const scene = new Scene();
    scene.connect(1000);
    scene.device(ACK, { seq: 1001 + 2 ** 30, length: 10 });
    expect(scene.connection.next).toBe(1001);
    expect(scene.tracker.implausible).toBe(1);
    scene.device(ACK, { seq: 1001 + 2 ** 30 - 10, length: 10 });
    expect(scene.connection.next).toBe(1001 + 2 ** 30);
  });

  it("keeps the highest TSval, not the last", () => {
    const scene = new Scene();
    scene.connect(1000, { tsval: 0xffff_ffff });
    scene.device(ACK, { seq: 1001, length: 1, tsval: 3 });
    scene.device(ACK, { seq: 1001, length: 1, tsval: 1 });
    expect(scene.connection).toMatchObject({ synTsval: 0xffff_ffff, tsval: 3 });
  });

  it("takes what it can from a connection that began before the capture", () => {
    const scene = new Scene();
    scene.device(ACK, { seq: 7000, length: 20, tsval: 5 });
    expect(scene.connection).toMatchObject({ isn: undefined, next: 7020, tsval: 5 });
    expect(scene.tracker.midstream).toBe(1);
  });

  it("makes no connection of a lone RST, of the peer's packets or of other hosts", () => {
    const scene = new Scene();
    expect(scene.device(RST, { seq: 5 })).toBe("device");
    expect(scene.peer(ACK)).toBe("peer");
    expect(scene.tracker.incarnations).toBe(0);
    const other = new Segment();
    other.source0 = SERVER;
    other.target0 = SERVER;
    expect(scene.tracker.observe(other, 9, 0)).toBe("foreign");
  });
});

describe("repeated SYNs and new incarnations", () => {
  const retries = [1, 3, 7, 15, 31, 63];

  it("takes the same SYN for a repetition while it is unanswered, as waits double", () => {
    const scene = new Scene();
    expect(scene.device(SYN, { seq: 6574 })).toBe("open");
    for (const second of retries) {
      scene.nowUs = second * S;
      expect(scene.device(SYN, { seq: 6574 })).toBe("syn-again");
    }
    expect(scene.connection).toMatchObject({ incarnation: 0, synRetransmissions: 6, next: 6575 });
  });

  it("goes on with the attempt after a challenge ACK and the RST that answers it", () => {
    const scene = new Scene();
    scene.connect(6574);
    scene.device(ACK, { seq: 6575, length: 19 });
    scene.nowUs = 2 * S;
    expect(scene.device(SYN, { seq: 6574 })).toBe("open");
    expect(scene.tracker.previous?.next).toBe(6594);
    scene.peer(ACK, { seq: 511, ack: 6594 });
    scene.device(RST, { seq: 6594 });
    expect(scene.connection).toMatchObject({
      answer: "challenge-ack",
      wrongAcknowledgement: 6594,
      reset: undefined,
    });
    scene.nowUs = 3 * S;
    expect(scene.device(SYN, { seq: 6574 })).toBe("syn-again");
    expect(scene.connection.incarnation).toBe(1);
  });

  it("goes on after a SYN-ACK that acknowledges something else", () => {
    const scene = new Scene();
    scene.device(SYN, { seq: 100 });
    scene.peer(SYN | ACK, { seq: 9, ack: 464_367_618 });
    scene.device(RST, { seq: 464_367_618 });
    expect(scene.device(SYN, { seq: 100 })).toBe("syn-again");
    scene.peer(SYN | ACK, { seq: 10, ack: 101 });
    expect(scene.connection).toMatchObject({ answer: "wrong-ack", wrongAcks: 1, peerIsn: 10 });
  });

  it("takes a SYN that was refused by RST and is sent again for the same attempt", () => {
    const scene = new Scene();
    scene.device(SYN, { seq: 6574 });
    scene.peer(RST | ACK, { ack: 6575 });
    expect(scene.connection.reset).toBe("peer");
    expect(scene.device(SYN, { seq: 6574 })).toBe("syn-again");
    expect(scene.connection.reset).toBeUndefined();
    scene.peer(RST | ACK, { ack: 6575 });
    expect(scene.connection.reset).toBe("peer");
  });

  it("takes another ISN for a new incarnation", () => {
    const scene = new Scene();
    scene.device(SYN, { seq: 6574 });
    expect(scene.device(SYN, { seq: 6575 })).toBe("open");
  });

  it.each<[string, (scene: Scene) => void]>([
    ["established", (scene) => scene.connect(6574)],
    [
      "given up by the device",
      (scene) => {
        scene.device(SYN, { seq: 6574 });
        scene.device(RST, { seq: 6575 });
      },
    ],
    [
      "interrupted by a boot that is known",
      (scene) => {
        scene.device(SYN, { seq: 6574 });
        scene.tracker.noteBoot();
      },
    ],
    [
      "silent for longer than any retry waits",
      (scene) => {
        scene.device(SYN, { seq: 6574 });
        scene.nowUs = 11 * S;
      },
    ],
  ])("takes the same ISN for a new incarnation when the attempt was %s", (_, before) => {
    const scene = new Scene();
    before(scene);
    expect(scene.device(SYN, { seq: 6574 })).toBe("open");
    expect(scene.connection.incarnation).toBe(1);
  });

  it("is not misled by a RST that acknowledges something else", () => {
    const scene = new Scene();
    scene.device(SYN, { seq: 6574 });
    scene.peer(RST | ACK, { ack: 4 });
    expect(scene.connection.closed).toBe(false);
    expect(scene.device(SYN, { seq: 6574 })).toBe("syn-again");
  });

  it("gives stragglers of the old incarnation to nobody", () => {
    const scene = new Scene();
    scene.connect(1000);
    scene.device(SYN, { seq: 500_000 });
    scene.device(ACK, { seq: 1001, length: 30 });
    expect(scene.connection).toMatchObject({ next: 500_001, established: false });
  });

  it("takes a SYN-ACK of the device for a connection that it accepts", () => {
    const scene = new Scene();
    scene.peer(SYN, { seq: 77 });
    expect(scene.device(SYN | ACK, { seq: 6510, ack: 78 })).toBe("open");
    expect(scene.device(SYN | ACK, { seq: 6510, ack: 78 })).toBe("syn-again");
    expect(scene.connection).toMatchObject({ passive: true, isn: 6510, peerIsn: 77 });
  });
});

describe("memory", () => {
  it("forgets a connection 2 × MSL after its last packet, not before", () => {
    const scene = new Scene();
    scene.connect(1000);
    scene.nowUs = 240 * S;
    scene.device(SYN, { seq: 1, port: 50_000 });
    expect(scene.tracker.remembered).toBe(2);
    scene.nowUs += 1;
    scene.device(SYN, { seq: 1, port: 50_001 });
    expect(scene.tracker.remembered).toBe(2);
    expect(scene.device(SYN, { seq: 2000 })).toBe("open");
    expect(scene.tracker.previous).toBeUndefined();
  });

  it("keeps one incarnation of a tuple, the last", () => {
    const scene = new Scene();
    for (let i = 0; i < 100; i++) scene.connect(1000 * i);
    expect(scene.tracker).toMatchObject({ remembered: 1, incarnations: 100 });
  });

  it("forgets the silent ones while another connection goes on and on", () => {
    const scene = new Scene();
    scene.connect(1000);
    scene.device(SYN, { seq: 1, port: 50_000 });
    for (let second = 60; second <= 300; second += 60) {
      scene.nowUs = second * S;
      scene.device(ACK, { seq: 1001, length: 1 });
    }
    expect(scene.tracker.remembered).toBe(1);
  });

  it("stays bounded on endless input, by age and by number", () => {
    const scene = new Scene({ connectionsMax: 1000 });
    for (let i = 0; i < 20_000; i++) {
      scene.nowUs += S;
      scene.device(SYN, { seq: i, port: 1024 + (i % 60_000) });
      expect(scene.tracker.remembered).toBeLessThanOrEqual(241);
    }
    expect(scene.tracker.foldedEarly).toBe(0);
    for (let i = 0; i < 5000; i++) scene.device(SYN, { seq: i, port: 1024 + i, server: 7 });
    expect(scene.tracker.remembered).toBe(1000);
    expect(scene.tracker.foldedEarly).toBe(5000 + 240 + 1 - 1000);
  });
});
