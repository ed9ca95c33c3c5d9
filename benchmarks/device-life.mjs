// A device's life in simulated time, and what it does to its non-volatile memory.
import { COUNTER, REASON } from "../dist/module/abi.js";
import { benchBoard, LOCAL, powerOn, provision, REMOTE, refusal } from "./bench-board.mjs";

const POLL_S = 1;
const US_PER_S = 1_000_000;
const OFF_US = 2 * US_PER_S;
/** From here on a lease is as long as it gets, and so are the times between two writes. */
const STEADY_AFTER_S = 3_600;

/**
 * @typedef {object} LifePlan
 * @property {import("./bench-board.mjs").NvmGeometry} part
 * @property {number} days
 * @property {number} everyS a connection is opened every so many seconds, a whole number
 * @property {number} rebootEveryS 0: none
 */

/**
 * @typedef {object} Life
 * @property {number} connections
 * @property {number} refused connections that got no port
 * @property {number} reboots
 * @property {number} writes records made durable, boot records included
 * @property {number} programs program operations of the part
 * @property {number} erases sector erases of the part (an EEPROM has none)
 * @property {number} wearMax cycles of its most used sector (EEPROM: page; store: key)
 * @property {number} shortestGapS shortest time between two writes in steady use
 * @property {number} longestGapS
 */

/**
 * Lives for some days. Only what happens after provisioning counts.
 *
 * @param {WebAssembly.Module} wasm
 * @param {LifePlan} plan
 * @returns {Life}
 */
export function live(wasm, { part, days, everyS, rebootEveryS }) {
  const { time, nvm, board } = benchBoard(part);
  let module = powerOn(wasm, board);
  module.boot();
  provision(module);
  const programsAtStart = nvm.programs;
  const erasesAtStart = nvm.erases;
  const wearAtStart = nvm.wearMax;
  const life = {
    connections: 0,
    refused: 0,
    reboots: 0,
    writes: 0,
    shortestGapS: Infinity,
    longestGapS: 0,
  };
  let writesSeen = module.counter(COUNTER.writes);
  let writtenAtS = -1;
  let upS = 0;
  /** @type {{ port: number, next: number } | undefined} */
  let open;

  /** Counts the writes since the last look. */
  const look = () => {
    const writes = module.counter(COUNTER.writes);
    if (writes === writesSeen) return;
    life.writes += writes - writesSeen;
    if (writtenAtS >= STEADY_AFTER_S) {
      life.shortestGapS = Math.min(life.shortestGapS, upS - writtenAtS);
      life.longestGapS = Math.max(life.longestGapS, upS - writtenAtS);
    }
    // Two at once are no distance apart.
    if (writes - writesSeen > 1 && upS >= STEADY_AFTER_S) life.shortestGapS = 0;
    writesSeen = writes;
    writtenAtS = upS;
  };
  const close = () => {
    if (open === undefined) return;
    const { port, next } = open;
    open = undefined;
    if (!module.close4(LOCAL, port, REMOTE, 80, { next, peerNext: 0 })) {
      throw refusal(module, "close4");
    }
  };

  for (let second = POLL_S; second <= days * 86_400; second += POLL_S) {
    if (rebootEveryS > 0 && second % rebootEveryS === 0) {
      time.advance(OFF_US);
      module = powerOn(wasm, board);
      module.boot();
      life.reboots++;
      open = undefined;
      writesSeen = 0;
      writtenAtS = -1;
      upS = 0;
      look();
    }
    time.advance(POLL_S * US_PER_S);
    upS += POLL_S;
    module.poll();
    // A connection lasts a second, so at one a second one is open all the time.
    close();
    if (second % everyS === 0) {
      const port = module.port4(LOCAL, REMOTE, 80);
      if (port === 0 && module.reason() !== REASON.portsBusy) throw refusal(module, "port4");
      if (port === 0) life.refused++;
      else open = opened(module, port);
      if (open !== undefined) life.connections++;
    }
    look();
  }
  const programs = nvm.programs - programsAtStart;
  const erases = nvm.erases - erasesAtStart;
  return { ...life, programs, erases, wearMax: nvm.wearMax - wearAtStart };
}

/** @param {import("../dist/module/isn-module.js").IsnModule} module @param {number} port */
function opened(module, port) {
  const isn = module.isn4(LOCAL, port, REMOTE, 80);
  if (isn === 0) throw refusal(module, "isn4");
  return { port, next: (isn + 1_000) >>> 0 };
}
