/** Times of pcapng: 64-bit counts of a unit that each interface chooses (if_tsresol, if_tsoffset). */

export interface CaptureTime {
  /** Whole microseconds since 1970. */
  timeUs: number;
  /** The rest, 0 … 999 ns. */
  nanos: number;
}

/**
 * Gives the function that turns the two halves of a timestamp into a time.
 * `resolution` is if_tsresol: bit 7 clear is a power of ten, set a power of two; `offsetSeconds` is
 * if_tsoffset. The result is written into `into`, so that no object is made for each packet.
 */
export function timestampReader(
  resolution: number,
  offsetSeconds: number,
): (high: number, low: number, into: CaptureTime) => void {
  const offsetUs = offsetSeconds * 1_000_000;
  if (resolution === 6) {
    return (high, low, into) => {
      into.timeUs = high * 0x1_0000_0000 + low + offsetUs;
      into.nanos = 0;
    };
  }
  if (resolution === 9) return (high, low, into) => readNanos(high, low, offsetUs, into);
  const exponent = BigInt(resolution & 0x7f);
  const unitsPerSecond = (resolution & 0x80) !== 0 ? 1n << exponent : 10n ** exponent;
  return (high, low, into) => {
    const units = (BigInt(high) << 32n) | BigInt(low);
    const nanos = (units * 1_000_000_000n) / unitsPerSecond;
    into.timeUs = Number(nanos / 1000n) + offsetUs;
    into.nanos = Number(nanos % 1000n);
  };
}

/** Long division by 1000 in steps of 16 bits: nanoseconds since 1970 do not fit into a number. */
function readNanos(high: number, low: number, offsetUs: number, into: CaptureTime): void {
  const quotientHigh = Math.floor(high / 1000);
  const middle = (high % 1000) * 0x1_0000 + (low >>> 16);
  const quotientMiddle = Math.floor(middle / 1000);
  const rest = (middle % 1000) * 0x1_0000 + (low & 0xffff);
  into.timeUs =
    quotientHigh * 0x1_0000_0000 + quotientMiddle * 0x1_0000 + Math.floor(rest / 1000) + offsetUs;
  into.nanos = rest % 1000;
}
