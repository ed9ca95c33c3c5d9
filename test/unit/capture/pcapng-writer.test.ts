import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { openCapture } from "../../../host/capture/capture-reader.ts";
import { packetData } from "../../../host/capture/packet.ts";
import { pcapngHeader, pcapngPacket } from "../../../host/capture/pcapng-writer.ts";
import { collect, inChunks } from "../../support/packets.ts";

describe("the pcapng writer", () => {
  it("writes what the reader reads: times to the nanosecond, lengths, interfaces, bytes", async () => {
    const record = fc.record({
      timeUs: fc.integer({ min: 0, max: 2 ** 32 * 1_000_000 }),
      nanos: fc.integer({ min: 0, max: 999 }),
      data: fc.uint8Array({ maxLength: 70 }),
      beyond: fc.nat(2000),
      interfaceId: fc.constantFrom(0, 1),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(record, { maxLength: 8 }), fc.nat(200), async (records, chunk) => {
        const file = Buffer.concat([
          pcapngHeader([{ linkType: 1 }, { linkType: 101, snapLength: 65535 }]),
          ...records.map(({ beyond, ...one }) =>
            pcapngPacket({ ...one, originalLength: one.data.length + beyond }),
          ),
        ]);
        const packets = await collect(openCapture(inChunks(file, chunk + 1)));
        expect(
          packets.map((p) => ({
            timeUs: p.timeUs,
            nanos: p.nanos,
            data: [...packetData(p)],
            beyond: p.originalLength - p.capturedLength,
            interfaceId: p.interfaceId,
            linkType: p.linkType,
          })),
        ).toEqual(
          records.map((one) => ({
            ...one,
            data: [...one.data],
            linkType: one.interfaceId === 0 ? 1 : 101,
          })),
        );
      }),
    );
  });

  it("refuses what the format cannot hold", () => {
    const data = Uint8Array.of(1, 2);
    expect(() => pcapngPacket({ timeUs: -1, data })).toThrow(RangeError);
    expect(() => pcapngPacket({ timeUs: 0.5, data })).toThrow(RangeError);
    expect(() => pcapngPacket({ timeUs: 0, nanos: 1000, data })).toThrow(RangeError);
    expect(() => pcapngPacket({ timeUs: 0, data, originalLength: 1 })).toThrow(RangeError);
  });
});
