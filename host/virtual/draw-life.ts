/** Draws a device's life: case i depends on the settings, the seed and i, and on nothing else. */
import { parseAddress } from "../core/address.ts";
import { Random } from "../core/random.ts";
import type { PeerState } from "../peers/peer-model.ts";
import {
  ALWAYS_BOUND,
  type BootKind,
  type BootUse,
  type Busyness,
  comebackUse,
  counterStartOf,
  drawKind,
  everydayUse,
  LAST_OF_CROWD,
  loopUse,
  offUsOf,
  silenceUsOf,
  within,
} from "./boot-use.ts";
import type { BoardSettings, Destination } from "./device.ts";
import { FAULT_KINDS, type FaultKind } from "./fault-kinds.ts";
import type {
  BootScript,
  ConnectionScript,
  FaultScript,
  LateSegment,
  LifeScript,
  ServerScript,
} from "./life-script.ts";
import type { LifeSettings } from "./life-settings.ts";
import { planTransfer, type Transfer } from "./transfer.ts";

const MS = 1_000;
const S = 1_000_000;
const LOCAL_4 = parseAddress("10.77.0.2");
const LOCAL_6 = parseAddress("fd00:77::2");
/** Data that runs ahead of the clock in one boot, before the budget has its say. */
const AHEAD_BYTES_MAX = 2 ** 25;
/** A counter of 1 kHz: clock faults are counted in its steps, so shorter ones would be none. */
const CLOCK_FAULT_US_MIN = 5 * MS;

/** Boots of everyday use with their weights; see BootKind. Boot loops are drawn as a fault. */
const KINDS: readonly (readonly [BootKind, number])[] = [
  ["short", 880],
  ["medium", 50],
  ["brink", 25],
  ["steady", 25],
  ["crowded", 6],
  ["long", 8],
  ["idle", 6],
];
/** Fewer connections than the client of `check` has: a simulation is after boots. */
const BUSYNESS: Busyness = {
  steadyUs: { min: 5 * S, max: 40 * S },
  mediumUs: { min: 5 * S, max: 30 * S },
  longConnections: { min: 8, max: 8 },
  mediumConnections: { min: 2, max: 6 },
  shortConnections: { min: 1, max: 3 },
};

export function drawLife(settings: LifeSettings, seed: number, index: number): LifeScript {
  const random = new Random(seed).split("case", index);
  const board: BoardSettings = {
    storage: pick(random, settings.storage),
    counterHz: pick(random, settings.counterHz),
    ports: settings.ports,
    mslMs: settings.mslMs,
  };
  const rates = drawRates(random, settings);
  const stuck = random.chance(rates["entropy-stuck"]);
  const repeated = !stuck && random.chance(rates["entropy-repeated"]);
  const drawer = new BootDrawer(settings, rates, drawServers(random, settings));
  const boots: BootScript[] = [];
  for (let boot = 0; boot <= settings.rebootsPerCase; boot++) {
    boots.push(drawer.draw(random.split("boot", boot), boot, boot === settings.rebootsPerCase));
  }
  return {
    index,
    seed: random.seed,
    board,
    entropy: stuck ? "stuck" : repeated ? "repeated" : "good",
    selfProvision: stuck || repeated || random.chance(0.2),
    faults: FAULT_KINDS.filter((kind) => rates[kind] > 0),
    servers: drawer.servers,
    boots,
  };
}

function pick<T>(random: Random, items: readonly T[]): T {
  return random.pick(items as readonly [T, ...T[]]);
}

type Rates = Readonly<Record<FaultKind, number>>;

/** Swarm testing: a case with half of the faults finds what all of them together would drown. */
function drawRates(random: Random, { faults, swarm }: LifeSettings): Rates {
  const rates = { ...faults };
  for (const kind of FAULT_KINDS) {
    // Every device loses its power in the end; the rest may stay away.
    const on = !swarm || kind === "power-cut" || random.chance(0.5);
    if (!on) rates[kind] = 0;
  }
  return rates;
}

function drawServers(random: Random, settings: LifeSettings): ServerScript[] {
  return settings.servers.map((one) => {
    const remote = parseAddress(one.address);
    const local = remote.family === 4 ? LOCAL_4 : LOCAL_6;
    const to: Destination = { local, remote, remotePort: one.port };
    return { to, peer: one.peer ?? pick(random, settings.peers), boundPort: one.boundPort };
  });
}

class BootDrawer {
  readonly servers: readonly ServerScript[];
  readonly #settings: LifeSettings;
  readonly #rates: Rates;
  readonly #bound: readonly number[];
  readonly #chosen: readonly number[];
  #loopLeft = 0;
  #comeback = false;

  constructor(settings: LifeSettings, rates: Rates, servers: readonly ServerScript[]) {
    this.#settings = settings;
    this.#rates = rates;
    this.servers = servers;
    const numbers = servers.map((_, i) => i);
    this.#bound = numbers.filter((i) => servers[i]?.boundPort !== undefined);
    this.#chosen = numbers.filter((i) => servers[i]?.boundPort === undefined);
  }

  draw(random: Random, index: number, last: boolean): BootScript {
    const faults = last ? [] : this.#drawFaults(random);
    const use = this.#drawUse(random);
    const { uptimeUs, offUs } = this.#settings;
    // Drawn in this order, which is a part of what a case is.
    const seed = random.u32();
    const uptime = uptimeUs === undefined ? use.uptimeUs : within(random, uptimeUs);
    const off = offUs === undefined ? use.offUs : within(random, offUs);
    const counterStart = counterStartOf(random);
    const end = random.chance(this.#rates["power-cut"]) ? "power-cut" : "reset";
    const pollUs = random.int(100 * MS, 1_000 * MS);
    const idleUnpolled = random.chance(0.5);
    const sitsOutQuiet = last || random.chance(0.7);
    // Written out: a copy by `...` costs more than all that is drawn here.
    return {
      index,
      liveness: last,
      seed,
      kind: use.kind,
      uptimeUs: uptime,
      offUs: off,
      counterStart,
      end,
      pollUs,
      idleUnpolled,
      sitsOutQuiet,
      faults: faults.length === 0 ? faults : placed(faults, uptime),
      connections: last ? [] : this.#drawConnections(random, use, uptime),
    };
  }

  #drawUse(random: Random): Use {
    if (this.#loopLeft > 0) {
      this.#loopLeft--;
      return { kind: "loop", fast: false, ...loopUse(random, { min: 1, max: 1 }) };
    }
    if (this.#comeback) {
      this.#comeback = false;
      return { kind: "comeback", fast: false, ...comebackUse(random) };
    }
    const kind = drawKind(random, KINDS);
    this.#comeback = kind === "brink" || kind === "steady";
    const silenceUs = silenceUsOf(random);
    const fast = random.chance(0.25);
    const offUs = offUsOf(random);
    return { kind, offUs, fast, ...everydayUse(random, kind, silenceUs, BUSYNESS) };
  }

  #drawFaults(random: Random): FaultScript[] {
    const rates = this.#rates;
    const faults: FaultScript[] = [];
    for (let cuts = 0; cuts < 3 && random.chance(rates["power-cut-in-write"]); cuts++) {
      const phase = random.pick<"before" | "after">(["before", "after"]);
      const cut = { after: random.int(0, 9), phase };
      faults.push({ kind: "power-cut-in-write", cut });
    }
    for (let cuts = 0; cuts < 3 && random.chance(rates["torn-write"]); cuts++) {
      faults.push({ kind: "torn-write", cut: { after: random.int(0, 9), phase: "torn" } });
    }
    if (random.chance(rates["partial-erase"])) faults.push({ kind: "partial-erase" });
    if (random.chance(rates["bit-rot"])) faults.push({ kind: "bit-rot", bits: random.int(1, 4) });
    if (random.chance(rates["write-failure"])) {
      const atUs = random.chance(0.4) ? 0 : random.u32() / 2 ** 32;
      faults.push({ kind: "write-failure", atUs, count: random.int(1, 8) });
    }
    if (random.chance(rates["clock-jump"])) {
      // Mostly forward; a counter that runs backwards must not be taken for 2^32 steps.
      const us = random.int(CLOCK_FAULT_US_MIN, 20 * S) * (random.chance(0.7) ? 1 : -1);
      faults.push({ kind: "clock-jump", atUs: random.u32() / 2 ** 32, us });
    }
    if (random.chance(rates["clock-stop"])) {
      const us = random.int(CLOCK_FAULT_US_MIN, 20 * S);
      faults.push({ kind: "clock-stop", atUs: random.u32() / 2 ** 32, us });
    }
    if (this.#loopLeft === 0 && random.chance(rates["boot-loop"])) {
      this.#loopLeft = random.int(10, 60);
      faults.push({ kind: "boot-loop" });
    }
    if (random.chance(rates["lost-storage"])) {
      const leaves = random.pick<"blank" | "zeros" | "noise">(["blank", "blank", "zeros", "noise"]);
      faults.push({ kind: "lost-storage", leaves });
    }
    return faults;
  }

  #drawConnections(random: Random, use: Use, uptimeUs: number): ConnectionScript[] {
    const { connectionsPerBoot } = this.#settings;
    const count =
      connectionsPerBoot === undefined ? use.connections : within(random, connectionsPerBoot);
    // Where the settings give a boot less time than its use would take, it is silent for half of it.
    const silenceUs =
      uptimeUs === use.uptimeUs ? use.silenceUs : Math.min(use.silenceUs, Math.floor(uptimeUs / 2));
    const spacingUs = Math.max(1 * MS, Math.floor((uptimeUs - silenceUs) / (count + 1)));
    const connections: ConnectionScript[] = [];
    let atUs = silenceUs;
    for (let index = 0; index < count && atUs < uptimeUs; index++) {
      connections.push(this.#drawConnection(random, use, uptimeUs, index, count - index, atUs));
      atUs += random.int(0, 2 * spacingUs);
    }
    return connections;
  }

  #drawConnection(
    random: Random,
    use: Use,
    uptimeUs: number,
    index: number,
    left: number,
    atUs: number,
  ): ConnectionScript {
    const { closesFirst, late } = this.#settings;
    const server = this.#pickServer(random, use.kind, index, left);
    const alone = ALWAYS_BOUND.includes(use.kind);
    return {
      index,
      atUs,
      server,
      // TSvals are asked for all the time, which keeps a lease alive: some have to do without.
      timestamps: !alone && random.chance(0.6),
      transfer: this.#drawTransfer(random, use, uptimeUs, index, atUs),
      closesFirst: closesFirst === "either" ? random.pick(["device", "server"]) : closesFirst,
      cutState: random.pick(CUT_STATES),
      late: random.chance(late) ? this.#drawLate(random) : undefined,
    };
  }

  /** Bound tuples come back at each boot: about half of the connections use one. */
  #pickServer(random: Random, kind: BootKind, index: number, left: number): number {
    const [bound, chosen] = [this.#bound, this.#chosen];
    if (bound.length === 0) return pick(random, chosen);
    if (chosen.length === 0) return pick(random, bound);
    const first = bound[0] ?? 0;
    if (ALWAYS_BOUND.includes(kind)) return first;
    if (kind === "crowded") {
      return index > 0 && left > LAST_OF_CROWD ? pick(random, chosen) : first;
    }
    if (!random.chance(index === 0 ? 0.7 : 0.3)) return pick(random, chosen);
    return random.chance(0.75) ? first : pick(random, bound);
  }

  #drawTransfer(
    random: Random,
    { kind, fast }: Use,
    endUs: number,
    before: number,
    atUs: number,
  ): Transfer {
    // Times count from the opening.
    const plan = planTransfer(random, {
      kind,
      fast,
      before,
      nowUs: 0,
      endUs: endUs - atUs,
      aheadBytesMax: AHEAD_BYTES_MAX,
    });
    const { bytes } = this.#settings;
    if (bytes === undefined) return plan;
    const wanted = within(random, bytes);
    return {
      bytes: wanted,
      bytesPerSecond: plan.bytesPerSecond,
      burstBytes: Math.min(plan.burstBytes, wanted),
      closeAtUs: plan.closeAtUs,
      aheadBytes: Math.min(plan.aheadBytes, wanted),
    };
  }

  #drawLate(random: Random): LateSegment {
    const mslUs = this.#settings.mslMs * 1000;
    return {
      to: random.pick(["server", "server", "device"]),
      position: random.u32() / 2 ** 32,
      bytes: random.int(1, 1460),
      // Most tuples come back within seconds; some segments take all the time that they have.
      delayUs: random.chance(0.7) ? random.int(0, 10 * S) : random.int(0, mslUs),
    };
  }
}

const CUT_STATES: readonly [PeerState, ...PeerState[]] = [
  "ESTABLISHED",
  "ESTABLISHED",
  "ESTABLISHED",
  "CLOSE_WAIT",
  "FIN_WAIT",
  "FIN_WAIT_2_ORPHANED",
  "LAST_ACK",
];

interface Use extends BootUse {
  readonly kind: BootKind;
  readonly offUs: number;
  readonly fast: boolean;
}

/** Times of faults are drawn as a share of the boot. */
function placed(faults: readonly FaultScript[], uptimeUs: number): FaultScript[] {
  return faults.map((fault) =>
    "atUs" in fault ? { ...fault, atUs: Math.floor(fault.atUs * uptimeUs) } : fault,
  );
}
