/** What a person types, or a program pipes in, on its way to the device. */

/** Ctrl-], as in telnet: leaves the monitor where every other key belongs to the device. */
const ESCAPE_KEY = 0x1d;

export interface KeystrokeOptions {
  readonly input: AsyncIterable<Uint8Array>;
  /** Every byte is a key, and Ctrl-] leaves; otherwise bytes are sent as they are. */
  readonly raw: boolean;
  /** False when the device is away: the bytes are lost. */
  readonly send: (bytes: Uint8Array) => Promise<boolean>;
  /** Told once for each time that the device is away. */
  readonly onLost: () => void;
}

/** Sends until the input ends. "left" when Ctrl-] was pressed. */
export async function sendKeystrokes(options: KeystrokeOptions): Promise<"left" | "ended"> {
  let wasLost = false;
  for await (const bytes of options.input) {
    const leaving = options.raw ? bytes.indexOf(ESCAPE_KEY) : -1;
    const keys = leaving < 0 ? bytes : bytes.subarray(0, leaving);
    if (keys.length > 0) {
      const isSent = await options.send(keys);
      if (!isSent && !wasLost) options.onLost();
      wasLost = !isSent;
    }
    if (leaving >= 0) return "left";
  }
  return "ended";
}
