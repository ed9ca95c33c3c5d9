import { readdirSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { tcpChecksum } from "../../../../host/capture/checksum.ts";
import { decodePacket } from "../../../../host/capture/decode.ts";
import { SUPPORTED_LINK_TYPES } from "../../../../host/capture/link.ts";
import type { Packet } from "../../../../host/capture/packet.ts";
import { Segment } from "../../../../host/capture/segment.ts";
import { parseAddress } from "../../../../host/core/address.ts";
import { IsnkitError } from "../../../../host/core/errors.ts";
import { captureSamples } from "../../../../host/sources/capture/samples.ts";
import { inChunks } from "../../../support/packets.ts";

const DEVICE = parseAddress("10.77.0.2");
const FIXTURES = new URL("../../../fixtures/captures/", import.meta.url);
const FILES = readdirSync(FIXTURES)
  .filter((name) => /^[ach].*\.pcap(ng)?$/.test(name))
  .map((name) => readFileSync(new URL(name, FIXTURES)));

/** Reads to the end. True if samples came out, false if a typed error with one line did. */
async function survives(data: Uint8Array, chunk: number): Promise<boolean> {
  let timeUs = Number.NEGATIVE_INFINITY;
  let packets = 0;
  const stream = captureSamples(inChunks(data, chunk), { device: DEVICE });
  try {
    for await (const sample of stream) {
      expect(sample.timeUs).toBeGreaterThanOrEqual(timeUs);
      timeUs = sample.timeUs;
      packets = stream.summary().packets;
    }
  } catch (error) {
    if (!(error instanceof IsnkitError)) throw error;
    expect(error.message).not.toMatch(/[\r\n]/);
    return false;
  }
  // A packet takes at least 16 bytes of file: nothing was made up.
  expect(packets).toBeLessThanOrEqual(data.length / 16);
  return true;
}

const patch = fc.record({
  at: fc.nat(),
  bytes: fc.oneof(
    fc.uint8Array({ minLength: 1, maxLength: 8 }),
    fc.constantFrom(
      Uint8Array.of(0, 0, 0, 0),
      Uint8Array.of(255, 255, 255, 255),
      Uint8Array.of(255, 255, 255, 127),
      Uint8Array.of(0, 0, 0, 1),
    ),
  ),
});

function patched(data: Uint8Array, patches: readonly { at: number; bytes: Uint8Array }[]) {
  const out = Uint8Array.from(data);
  for (const { at, bytes } of patches) out.set(bytes, at % Math.max(out.length - 8, 1));
  return out;
}

describe("hostile captures", () => {
  it("give typed errors for random bytes, with and without a good magic", async () => {
    const magics = [[], [0xd4, 0xc3, 0xb2, 0xa1], [10, 13, 13, 10], [0x1f, 0x8b, 8]];
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...magics),
        fc.uint8Array({ maxLength: 300 }),
        fc.integer({ min: 1, max: 400 }),
        async (magic, rest, chunk) => {
          await survives(Uint8Array.from([...magic, ...rest]), chunk);
        },
      ),
      { numRuns: 500 },
    );
  });

  it("give samples or typed errors for field captures with bytes changed, never anything else", async () => {
    let good = 0;
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...FILES),
        fc.array(patch, { minLength: 1, maxLength: 4 }),
        fc.constantFrom(64, 1000, 1 << 20),
        async (file, patches, chunk) => {
          if (await survives(patched(file, patches), chunk)) good += 1;
          else refused += 1;
        },
      ),
      { numRuns: 800 },
    );
    // Both ends were reached: the changes are neither all harmless nor all fatal.
    expect(good).toBeGreaterThan(50);
    expect(refused).toBeGreaterThan(50);
  });

  it("give samples or typed errors for packed captures with bytes changed", async () => {
    const packed = FILES.slice(0, 2).map((file) => gzipSync(file));
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...packed),
        fc.array(patch, { minLength: 1, maxLength: 2 }),
        async (file, patches) => {
          await survives(patched(file, patches), 200);
        },
      ),
      { numRuns: 200 },
    );
  });

  it("decode without an exception, whatever the bytes, within the packet's own bounds", () => {
    const linkTypes = fc.constantFrom(...SUPPORTED_LINK_TYPES.keys());
    const segment = new Segment();
    fc.assert(
      fc.property(
        linkTypes,
        fc.uint8Array({ maxLength: 120 }),
        fc.nat(70_000),
        (linkType, data, beyond) => {
          const read = (around: number) => {
            const bytes = new Uint8Array(data.length + 200).fill(around);
            bytes.set(data, 100);
            const packet = {
              frame: 1,
              timeUs: 0,
              nanos: 0,
              linkType,
              interfaceId: 0,
              capturedLength: data.length,
              originalLength: data.length + beyond,
              bytes,
              view: new DataView(bytes.buffer),
              start: 100,
            } satisfies Packet;
            const kind = decodePacket(packet, segment);
            if (kind !== "tcp") return kind;
            return `${segment.sequence} ${segment.payloadLength} ${segment.tsval} ${segment.mss} ${tcpChecksum(packet, segment)}`;
          };
          // What lies around the packet in the buffer must make no difference.
          expect(read(0x00)).toBe(read(0xff));
        },
      ),
      { numRuns: 5000 },
    );
  });
});
