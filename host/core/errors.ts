/** Exit codes of the command line; every error class maps to one of them. */
export const EXIT = {
  pass: 0,
  fail: 1,
  usage: 2,
  bench: 3,
  inconclusive: 4,
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/**
 * An error that a person can act on: what failed and where (`message`), and the next step.
 * `code` is stable, for programs. Only the command line turns it into an exit code.
 */
export class IsnkitError extends Error {
  readonly code: string;
  readonly next: string;
  readonly exitCode: ExitCode;

  constructor(code: string, message: string, next: string, exitCode: ExitCode) {
    super(message);
    this.name = new.target.name;
    this.code = code;
    this.next = next;
    this.exitCode = exitCode;
  }
}

/** Wrong usage or configuration: exit 2. */
export class UsageError extends IsnkitError {
  constructor(code: string, message: string, next: string) {
    super(code, message, next, EXIT.usage);
  }
}

/** The bench failed (board, port, flasher, emulator), not the device: exit 3. */
export class BenchError extends IsnkitError {
  constructor(code: string, message: string, next: string) {
    super(code, message, next, EXIT.bench);
  }
}

/** There was too little to judge: exit 4. */
export class EvidenceError extends IsnkitError {
  constructor(code: string, message: string, next: string) {
    super(code, message, next, EXIT.inconclusive);
  }
}
