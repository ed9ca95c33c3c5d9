/** Field case 2 as most people record it: the capture begins in mid-connection. */
import { describe, expect, it } from "vitest";
import { ack, diagnose, psh, Recording, rst } from "../../support/sessions.ts";

const due = 0xeb997d92;
const flipped = 0xea9a7c92;
const isn = 77_000;

/** The client asks, the server's pure ACK is flipped, and it probes until the client gives up. */
function probed(recording: Recording): Recording {
  for (let probe = 0; probe < 4; probe++) {
    recording.wait(15).server({ flags: ack, sequence: due - 1, acknowledgement: isn + 181 });
    recording.client({ flags: ack, sequence: isn + 181, acknowledgement: due });
  }
  return recording.client({ flags: rst, sequence: isn + 181 });
}

describe("a number that is off in a capture that begins in mid-connection", () => {
  const link = { serverPort: 80 };
  const request = { flags: ack | psh, sequence: isn + 91, acknowledgement: due, length: 90 };
  const off = { flags: ack, sequence: flipped, acknowledgement: isn + 181 };

  it("shows against what the other side has acknowledged", async () => {
    const { rules, finding } = await diagnose(
      probed(new Recording(link).client(request).server(off)),
    );
    expect(rules).toContain("sequence-bit-flip");
    expect(finding("sequence-bit-flip")).toMatchObject({
      distance: -16_711_936,
      frames: [2, 3],
      blames: "the way",
    });
  });

  it("is not seen where nothing is off", async () => {
    const right = { ...off, sequence: due };
    const { rules } = await diagnose(probed(new Recording(link).client(request).server(right)));
    expect(rules).not.toContain("sequence-bit-flip");
  });
});
