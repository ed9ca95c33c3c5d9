/** What somebody may want to do, for `isnkit doctor --for`. */

export const PURPOSES = [
  "check",
  "simulate",
  "analyze",
  "qemu",
  "rp2040js",
  "network",
  "build",
  "monitor",
  "provision",
  "reboot",
  "flash",
] as const;
export type Purpose = (typeof PURPOSES)[number];

export const PURPOSE_TEXT: Readonly<Record<Purpose, string>> = {
  check: "isnkit check on the virtual board and on captures",
  simulate: "isnkit simulate",
  analyze: "isnkit analyze",
  qemu: "boards in QEMU: --board qemu:<model>",
  rp2040js: "the Pico in rp2040js: --board rp2040js:rpi-pico",
  network: "emulated boards on a network",
  build: "building firmware: scripts/build-firmware",
  monitor: "isnkit monitor on a serial port",
  provision: "isnkit provision on a serial port",
  reboot: "isnkit reboot, and check on a serial port",
  flash: "isnkit flash on a serial port",
};

/** What was looked at. */
export interface Checkup {
  readonly area: "program" | "tool" | "firmware" | "network" | "desk" | "settings";
  readonly name: string;
  /** `absent`: not there, and needed by nothing that was looked at. */
  readonly state: "ok" | "fault" | "absent";
  /** What was found, or what is wrong. One line. */
  readonly what: string;
  /** What cannot be done without it. */
  readonly neededBy: readonly Purpose[];
  /** What to do about it. Several lines where a file is to be written. */
  readonly next?: string;
}

export interface Diagnosis {
  readonly checkups: readonly Checkup[];
  readonly purposes: readonly PurposeState[];
}

export interface PurposeState {
  readonly purpose: Purpose;
  readonly works: boolean;
  /** Names of what is missing. */
  readonly missing: readonly string[];
}

/** What works, and what does not for want of what. */
export function purposeStates(checkups: readonly Checkup[]): PurposeState[] {
  return PURPOSES.map((purpose) => {
    const missing = checkups
      .filter(({ state, neededBy }) => state === "fault" && neededBy.includes(purpose))
      .map(({ name }) => name);
    return { purpose, works: missing.length === 0, missing };
  });
}
