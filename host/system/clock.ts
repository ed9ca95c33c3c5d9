/** The clock of this machine. */

/** Microseconds since 1970. It never goes back while the process lives, and has parts of a millisecond. */
export function nowUs(): number {
  return Math.round((performance.timeOrigin + performance.now()) * 1000);
}
