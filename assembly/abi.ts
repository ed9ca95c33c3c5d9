/** Numbers of the ABI, version 1.1. `host/module/abi.ts` holds the same; docs/abi.md explains them. */

export const ABI_VERSION: u32 = 0x0001_0001;

export namespace Storage {
  export const NOR: u32 = 0;
  export const EEPROM: u32 = 1;
  export const KEY_VALUE: u32 = 2;
}

export namespace State {
  export const OFF: u32 = 0;
  export const UNPROVISIONED: u32 = 1;
  export const READY: u32 = 2;
  export const QUIET: u32 = 3;
  export const FAILED: u32 = 4;
}

export namespace Reason {
  export const NONE: u32 = 0;
  export const CONFIGURATION: u32 = 1;
  export const NOT_BOOTED: u32 = 2;
  export const UNPROVISIONED: u32 = 3;
  export const QUIET: u32 = 4;
  export const STORAGE_CORRUPT: u32 = 5;
  export const STORAGE_FAILED: u32 = 6;
  export const ENTROPY_ABSENT: u32 = 7;
  export const ENTROPY_UNHEALTHY: u32 = 8;
  export const ALREADY_PROVISIONED: u32 = 9;
  export const PORTS_BUSY: u32 = 10;
  export const TABLE_FULL: u32 = 11;
  export const ARGUMENT: u32 = 12;
  export const WEAR: u32 = 13;
  export const BOUND_GUARD: u32 = 14;
  export const BOUND_LEASE: u32 = 15;
  export const BOUND_WINDOW: u32 = 16;
  export const BOUND_CLOCK: u32 = 17;
}

export namespace Policy {
  export const DEGRADED: u32 = 1;
  export const SELF_PROVISION: u32 = 2;
}

export namespace Provision {
  export const REPLACE: u32 = 1;
  export const NEW_DEVICE: u32 = 2;
}

export namespace Segment {
  export const TIMESTAMPS: u32 = 1;
  export const RST: u32 = 2;
}

export namespace Verdict {
  export const NONE: u32 = 0;
  export const ACCEPT: u32 = 1;
  export const CHALLENGE: u32 = 2;
  export const DROP: u32 = 3;
}
