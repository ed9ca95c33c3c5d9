/**
 * First numbers of boots against each other: a generator that starts over gives the first ISN, or the
 * first port, of an earlier boot again. On a good device two first ISNs are equal with 2^-32, and two
 * first ports with at most 2 / pool.
 */
import { dueText, lnPoissonTail } from "../chance.ts";
import { PortChance } from "../port-chance.ts";
import type { StatisticKind } from "./statistic.ts";

/** Boots of a device that are compared with each other; then a new set of boots begins. */
const BOOTS_MAX = 1024;

export const firstNumbers: StatisticKind = {
  id: "first-numbers",
  name: "first ISNs of a boot seen before",
  unit: "of all boots",
  source: "RFC 6528 §3, RFC 9293 §3.4.3",
  explanation:
    "share of boots whose first ISN is that of an earlier boot of the device; first ports are compared as well; a good device has none but by chance",
  rule: "isn-repeats-after-boot",
  size: 5,
  sampleSizeMin: 4,
  start({ ports: pool }) {
    // Boots; ISNs seen before, and pairs of them; ports seen before, and how many are due.
    const counts = [0, 0, 0, 0, 0];
    const portChance = new PortChance(pool);
    const isns = new Set<number>();
    const ports = new Set<number>();
    let boots = 0;
    const add = (at: number, amount: number) => {
      counts[at] = (counts[at] ?? 0) + amount;
    };
    return {
      counts,
      add({ sample, allocated, firstOfBoot }) {
        const port = sample.tuple.localPort;
        if (allocated) portChance.note(port);
        if (!firstOfBoot) return;
        if (boots++ >= BOOTS_MAX) {
          boots = 1;
          isns.clear();
          ports.clear();
        }
        add(0, 1);
        if (isns.has(sample.isn)) add(1, 1);
        add(2, isns.size);
        isns.add(sample.isn);
        if (!allocated) return;
        if (ports.has(port)) add(3, 1);
        add(4, Math.min(1, ports.size * portChance.chance));
        ports.add(port);
      },
    };
  },
  judge([boots = 0, isnHits = 0, isnPairs = 0, portHits = 0, portsDue = 0]) {
    const lnChance =
      Math.min(lnPoissonTail(isnHits, isnPairs / 2 ** 32), lnPoissonTail(portHits, portsDue)) +
      Math.LN2;
    return {
      ...(boots === 0 ? {} : { value: Number((isnHits / boots).toFixed(4)) }),
      sampleSize: boots,
      limit: `${isnHits} first ISNs came before, chance allows none; ${portHits} first ports, chance allows ${dueText(portsDue)}`,
      lnChance: Math.min(0, lnChance),
    };
  },
};
