/** Two ends of a line in memory: what one writes the other reads. */

import { ByteInbox } from "../../host/console/byte-inbox.ts";
import type { ByteStream } from "../../host/console/byte-line.ts";

export interface StreamPair {
  readonly host: ByteStream;
  readonly device: ByteStream;
  close(): void;
}

export function streamPair(): StreamPair {
  const [toHost, toDevice] = [new ByteInbox(), new ByteInbox()];
  const end = (input: ByteInbox, output: ByteInbox): ByteStream => ({
    input,
    write: async (bytes) => output.put(Uint8Array.from(bytes)),
  });
  return {
    host: end(toHost, toDevice),
    device: end(toDevice, toHost),
    close: () => {
      toHost.end();
      toDevice.end();
    },
  };
}
