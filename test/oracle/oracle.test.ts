/** The oracle can fail: each wrong module and each lie of the storage breaks a life that is whole without it. */

import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { drawLife } from "./draw.ts";
import { Fuzzer } from "./fuzz.ts";
import type { Life, Setup, Step } from "./life.ts";
import { Binary, type Exports, type MachineOptions, STATE } from "./machine.ts";

const BINARY = new Binary(readFileSync(new URL("../../build/isnkit.wasm", import.meta.url)));

const SETUP: Setup = {
  geometry: { kind: "nor", sectorBytes: 1024, sectors: 4, granule: 8 },
  hz: 1_000_000,
  leases: undefined,
  ports: [5000, 5127],
  policy: 0,
  mslMs: 1000,
  fixedPort: 40_000,
  flicker: "none",
  tornFailsReads: false,
  tornPuts: false,
  programSeconds: 0,
  eraseSeconds: 0,
  stamps: true,
  litter: 0,
  missing: undefined,
};

const PROVISION: Step = { do: "provision", key: 7, options: 2 };
const ISN: Step = { do: "isn", tuple: 0, greedy: true };
const BOOT: Step = { do: "boot", count: 1 };
const FORK: Step = { do: "fork", seed: 1, boots: 1 };
const CLOSE: Step = { do: "close", tuple: 0 };
const STAMP: Step = { do: "stamp", tuple: 0 };
const PORT: Step = { do: "port", to: 0, greedy: false, isn: false };
const RUN: Step = { do: "run", polls: 30, ms: 1000 };

function life(...steps: Step[]): Life {
  return { setup: SETUP, steps };
}

function breachOf(one: Life, options: MachineOptions = {}): string | undefined {
  return new Fuzzer(BINARY, options).play(one).breach?.kind;
}

/** Replaces some of the module's functions; `real` are those of the running instance. */
function wrong(change: (real: Exports) => Partial<Exports>): MachineOptions {
  return { wrap: (real) => ({ ...real, ...change(real) }) };
}

describe("storage that lies is seen by what the module then does", () => {
  const honest = life(PROVISION, ISN, RUN, BOOT, ISN);

  it("is whole without", () => {
    expect(breachOf(honest)).toBeUndefined();
  });

  it("acknowledged writes that are not done", () => {
    const lying = life(PROVISION, { do: "lie", count: 1000 }, ISN, RUN, BOOT, ISN);
    expect(breachOf(lying)).toMatch(/^(isn-|quiet|loss|stuck)/);
  });

  it("an image that is rolled back", () => {
    const rolled = life(PROVISION, { do: "keepImage" }, BOOT, RUN, ISN, { do: "rollBack" }, ISN);
    expect(breachOf(rolled)).toMatch(/^isn-/);
  });
});

interface Wrong {
  readonly name: string;
  readonly life: Life;
  readonly module: MachineOptions;
  readonly breach: RegExp;
}

const WRONG: readonly Wrong[] = [
  {
    name: "gives the ISN before the last one again",
    life: life(PROVISION, ISN, CLOSE, ISN),
    module: wrong((real) => {
      let last = 0;
      return {
        isn4: (...tuple) => {
          const isn = last === 0 ? real.isn4(...tuple) : last;
          last = isn;
          return isn;
        },
      };
    }),
    breach: /^isn-again$/,
  },
  {
    name: "goes back by one past a close",
    life: life(PROVISION, ISN, CLOSE, ISN),
    module: wrong((real) => {
      let calls = 0;
      let first = 0;
      return {
        isn4: (...tuple) => {
          const isn = real.isn4(...tuple);
          if (calls++ === 0) first = isn;
          else return (first + 2 ** 18 - 1) | 0;
          return isn;
        },
      };
    }),
    breach: /^isn-inside$/,
  },
  {
    name: "says that a report is durable, and forgets it",
    life: life(PROVISION, ISN, { do: "report", tuple: 0, step: 2 ** 24, count: 3, ms: 0 }, FORK),
    module: wrong(() => ({ advance4: () => 1 })),
    breach: /^isn-inside$/,
  },
  {
    name: "says that a close is durable, and forgets it",
    life: life(PROVISION, ISN, CLOSE, ISN, CLOSE, ISN),
    module: wrong(() => ({ close4: () => 1 })),
    breach: /^isn-inside$/,
  },
  {
    name: "says READY while storage fails",
    life: life(
      PROVISION,
      ISN,
      { do: "outage", operations: "write" },
      { do: "run", polls: 60, ms: 1000 },
      FORK,
    ),
    module: wrong((real) => ({
      poll: () => {
        real.poll();
        return STATE.ready;
      },
    })),
    breach: /^isn-inside$/,
  },
  {
    name: "lets the TSval go back at a boot",
    life: life(PROVISION, ISN, RUN, BOOT, ISN),
    module: wrong((real) => ({
      timestamp4: (...tuple) => -real.timestamp4(...tuple),
    })),
    breach: /^tsval-/,
  },
  {
    name: "lets the TSval stand still",
    life: life(PROVISION, ISN, RUN, STAMP),
    module: wrong(() => ({ timestamp4: () => 1 })),
    breach: /^tsval-stuck$/,
  },
  {
    name: "gives a port that is open",
    life: life(PROVISION, PORT, PORT),
    module: wrong(() => ({ port4: () => 5001 })),
    breach: /^port-open$/,
  },
  {
    name: "gives a port that is in TIME_WAIT",
    life: life(PROVISION, PORT, CLOSE, { do: "pass", ms: 900 }, PORT),
    module: wrong(() => ({ port4: () => 5001, close4: () => 1 })),
    breach: /^port-timewait$/,
  },
  {
    name: "comes back to a port before the ring is round",
    life: life(PROVISION, PORT, CLOSE, { do: "timeWait" }, PORT),
    module: wrong(() => ({ port4: () => 5001, close4: () => 1 })),
    breach: /^port-ring$/,
  },
  {
    name: "has another key after a boot",
    life: life(PROVISION, ISN, BOOT, ISN),
    module: wrong((real) => {
      let boots = 0;
      return {
        boot: () => {
          boots++;
          return real.boot();
        },
        fingerprint: () => real.fingerprint() + boots,
      };
    }),
    breach: /^key-changed$/,
  },
  {
    name: "is READY before quiet time is over",
    life: life({ do: "provision", key: 7, options: 0 }, { do: "pass", ms: 1500 }, ISN),
    module: wrong(() => ({ state: () => STATE.ready, isn4: () => 12345 })),
    breach: /^quiet-skipped$/,
  },
  {
    name: "is READY at once in the boot after a replaced key",
    life: life(PROVISION, ISN, { do: "provision", key: 8, options: 1 }, FORK),
    module: wrong((real) => ({
      boot: () => (real.boot() === STATE.quiet ? STATE.ready : real.state()),
    })),
    breach: /^quiet-skipped$/,
  },
  {
    name: "keeps quiet although nothing was lost",
    life: life(PROVISION, ISN, BOOT),
    module: wrong((real) => {
      let boots = 0;
      return { boot: () => (boots++ === 0 ? real.boot() : STATE.quiet) };
    }),
    breach: /^loss$/,
  },
  {
    name: "does not come back when storage does",
    life: life(PROVISION, ISN, { do: "poll" }, { do: "settle", seed: 1 }),
    module: wrong(() => ({ poll: () => STATE.failed })),
    breach: /^stuck$/,
  },
  {
    name: "takes a key without being told to replace one",
    life: life(PROVISION, ISN, { do: "provision", key: 8, options: 0 }),
    module: wrong((real) => ({
      provision: (options) => {
        real.provision(options ?? 0);
        return 1;
      },
    })),
    breach: /^key-changed$/,
  },
  {
    name: "traps",
    life: life(PROVISION, ISN),
    module: wrong(() => ({
      isn4: () => {
        throw new WebAssembly.RuntimeError("unreachable");
      },
    })),
    breach: /^trap$/,
  },
];

describe("a module that is wrong breaks a life that is whole otherwise", () => {
  it.each(WRONG)("$name", ({ life: one, module, breach }) => {
    expect(breachOf(one)).toBeUndefined();
    expect(breachOf(one, module)).toMatch(breach);
  });
});

describe("the fuzzer", () => {
  it("shares no code with the harness or the module's source", () => {
    const folder = new URL("./", import.meta.url);
    for (const file of readdirSync(folder)) {
      const text = readFileSync(new URL(file, folder), "utf8");
      for (const [, from] of text.matchAll(/^(?:import|export)\b[^;]*?from "([^"]+)"/gm)) {
        expect(`${file}: ${from}`).toMatch(/: (\.\/[\w-]+\.ts|node:[\w/]+|vitest)$/);
      }
    }
  });

  it("plays a life the same way again", () => {
    const fuzzer = new Fuzzer(BINARY);
    for (let seed = 1; seed <= 40; seed++) {
      const one = drawLife(seed, "all");
      expect(drawLife(seed, "all")).toEqual(one);
      expect(fuzzer.play(one)).toEqual(fuzzer.play(one));
    }
  });

  it("resets an instance to what a new one is", () => {
    const reset = new Fuzzer(BINARY);
    const fresh = new Fuzzer(BINARY, { fresh: true });
    for (let seed = 1; seed <= 60; seed++) {
      const one = drawLife(seed, "all");
      expect(reset.play(one)).toEqual(fresh.play(one));
    }
    expect(reset.leaksAboveLimit()).toBe(false);
  });

  it("shrinks a life to the steps that break it", () => {
    const fuzzer = new Fuzzer(
      BINARY,
      wrong(() => ({ port4: () => 5001 })),
    );
    const steps = [PROVISION, BOOT, ISN, PORT, STAMP, RUN, CLOSE, PORT, BOOT, PORT, PORT, ISN];
    const found = { seed: 0, mode: "nor", detail: "", after: 0, life: life(...steps) } as const;
    const { life: short } = fuzzer.shrink({ ...found, kind: "port-open" });
    expect(short.steps).toEqual([PROVISION, PORT, PORT]);
  });
});
