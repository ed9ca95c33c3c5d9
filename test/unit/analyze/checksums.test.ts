import { readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { FIXTURES } from "../../support/captures.ts";
import { be16, onesComplement } from "../../support/packets.ts";
import { ack, diagnose, fin, Recording, rst, syn } from "../../support/sessions.ts";

/** Byte places in an Ethernet frame with an IPv4 header without options. */
const IP_CHECKSUM = 24;
const PSEUDO = 26;
const TCP_CHECKSUM = 50;

const zero = (packet: Uint8Array) => packet.set([0, 0], TCP_CHECKSUM);
const wrong = (packet: Uint8Array) => packet.set([0xba, 0xd1], TCP_CHECKSUM);
/** What Linux leaves in the field for the adapter: the sum of the pseudo header. */
const partial = (packet: Uint8Array) => {
  const pseudo = [...packet.subarray(PSEUDO, PSEUDO + 8), 0, 6, ...be16(packet.length - 34)];
  packet.set(be16(~onesComplement(pseudo)), TCP_CHECKSUM);
};

/** A session of ten packets; the client's are spoilt by `spoil`. */
function session(spoil?: (packet: Uint8Array) => void, all = true): Recording {
  const own = spoil && all ? { spoil } : {};
  return new Recording()
    .client({ flags: syn, sequence: 100, ...own })
    .server({ flags: syn | ack, sequence: 500, acknowledgement: 101 })
    .client({ flags: ack, sequence: 101, acknowledgement: 501, ...own })
    .client({ flags: ack, sequence: 101, acknowledgement: 501, length: 9, ...(spoil && { spoil }) })
    .server({ flags: ack, sequence: 501, acknowledgement: 110 })
    .client({ flags: ack, sequence: 110, acknowledgement: 501, length: 4, ...own })
    .server({ flags: ack, sequence: 501, acknowledgement: 114 })
    .client({ flags: fin | ack, sequence: 114, acknowledgement: 501, ...own })
    .server({ flags: rst, sequence: 501 });
}

describe("checksums", () => {
  it.each(readdirSync(FIXTURES).filter((name) => name.endsWith(".pcapng")))(
    "are verified for each packet of %s, and all are right",
    async (name) => {
      const { checksums, counts, notes } = await diagnose(name);
      expect(checksums.tcp).toEqual({ ok: counts.tcpPackets, bad: 0, unfilled: 0, unknown: 0 });
      expect(checksums.ipv4).toEqual(checksums.tcp);
      expect(notes.join()).not.toContain("checksum");
    },
  );

  it.each([
    ["never filled in", zero, 0, 5],
    ["sums of the pseudo header", partial, 0, 5],
    ["constantly wrong in any other way", wrong, 5, 0],
  ])(
    "of a sender that are %s are offload, which is told once and is no fault",
    async (_, spoil, bad, unfilled) => {
      const { checksums, notes, rules } = await diagnose(session(spoil));
      expect(checksums.tcp).toEqual({ ok: 4, bad, unfilled, unknown: 0 });
      expect(checksums.offload).toEqual([{ host: "10.77.0.2", packets: 5 }]);
      expect(checksums.damaged).toEqual({ packets: 0, frames: [] });
      expect(notes.filter((note) => note.includes("checksum"))).toEqual([
        "5 packets of 10.77.0.2 have checksums that were not filled in yet: the adapter does that after the place of the capture (offload), which is no fault",
      ]);
      expect(rules).toEqual([]);
    },
  );

  it("that are wrong in a single packet are damage, told with its frame", async () => {
    const { checksums, notes } = await diagnose(session(wrong, false));
    expect(checksums.tcp).toEqual({ ok: 8, bad: 1, unfilled: 0, unknown: 0 });
    expect(checksums.offload).toEqual([]);
    expect(checksums.damaged).toEqual({ packets: 1, frames: [4] });
    expect(notes).toContain(
      "1 packet (frame 4) has a wrong checksum: changed on the way, and dropped by a receiver that verifies",
    );
  });

  it("of IPv4 headers are verified too", async () => {
    const spoil = (packet: Uint8Array) => packet.set([0xba, 0xd1], IP_CHECKSUM);
    const { checksums } = await diagnose(session(spoil, false));
    expect(checksums.ipv4).toEqual({ ok: 8, bad: 1, unfilled: 0, unknown: 0 });
    expect(checksums.tcp.ok).toBe(9);
    expect(checksums.damaged).toEqual({ packets: 1, frames: [4] });
  });

  it("of a host with offload do not hide a flipped number, and say nothing of where", async () => {
    const recording = session()
      .wait(1)
      .client({ flags: syn, sequence: 9000, spoil: partial })
      .server({ flags: syn | ack, sequence: 700, acknowledgement: 9001 })
      .client({ flags: ack, sequence: 9001 ^ 0x01030100, acknowledgement: 701, spoil: partial })
      .client({ flags: ack, sequence: 9001, acknowledgement: 701, length: 3, spoil: partial });
    const { finding } = await diagnose(recording);
    expect(finding("sequence-bit-flip").detail).toContain("not filled in yet (offload)");
  });
});
