/** isn-predictable: the ISNs that a host gives to new 4-tuples follow from one another. */
import { formatChance, LN_ALPHA } from "../../check/chance.ts";
import { ISN_PREDICTORS } from "../../check/isn-predictors.ts";
import { NAMED_GENERATORS } from "../../check/known-generators.ts";
import type { Diagnosis } from "../diagnosis.ts";
import { IsnRing, isnBlockOf } from "../isn-samples.ts";
import { absolute, synFilter } from "../wording.ts";

/** With fewer than this the numbers may follow one another by chance or by construction. */
const ISNS_MIN = 5;
/** So many are enough for a generator that is known by name. */
const NAMED_MIN = 3;
const ISNS_MAX = 64;
const HOSTS_MAX = 256;

/**
 * Judged when so many are there, so that it is told while the capture still runs; then at each
 * doubling, over the last ISNS_MAX.
 */
const JUDGED_AT: readonly number[] = [6, 20, ISNS_MAX];

interface HostIsns {
  readonly isServer: boolean;
  readonly host: string;
  readonly chosen: IsnRing;
  judged: number;
  told: boolean;
}

export const isnPredictable: Diagnosis = {
  id: "isn-predictable",
  severity: "fault",
  title: "the next ISN follows from those before it",
  explanation:
    "Somebody who can predict the ISN can open or reset connections in the host's name. A constant step, the 64K rule (multiples of 64,000), a bare clock, a common divisor or a generator that repeats its output all show in a handful of ISNs. Some generators are known by name (minstd from three ISNs, the 15-bit rand() of MSVC, picoTCP's pico_rand, shift registers with linear feedback), and the next ISN is given as proof.",
  clause: "RFC 6528 §3, RFC 9293 §3.4.1; CWE-330, CWE-343",
  remedy:
    "add a keyed hash of the 4-tuple (SipHash-2-4 with a secret 128-bit key) to the ISN clock",
  start(report) {
    const clients = new Map<string, HostIsns>();
    const servers = new Map<string, HostIsns>();
    const judge = (known: HostIsns) => {
      const { host, isServer } = known;
      const { chosen } = known;
      const block = isnBlockOf(chosen);
      known.judged = chosen.count;
      const predictors = chosen.count < ISNS_MIN ? NAMED_GENERATORS : ISN_PREDICTORS;
      for (const predict of predictors) {
        const { lnChance, how } = predict(block);
        if (lnChance >= LN_ALPHA) continue;
        known.told = true;
        const first = Array.from({ length: Math.min(6, chosen.size) }, (_, i) => chosen.at(i));
        report({
          group: `${host} ${isServer}`,
          confidence: "certain",
          blames: host,
          summary: `the ISNs of ${host} can be predicted: ${how}`,
          detail: `By chance this happens once in ${formatChance(-lnChance)} captures. The first ones are ${first.map(({ isn }) => absolute(isn)).join(", ")}.`,
          frames: first.map(({ frame }) => frame),
          timeUs: first[0]?.timeUs ?? 0,
          numbers: first.map(({ isn, frame }) => ({ name: "ISN", value: isn, frame })),
          host,
          filter: synFilter(host, isServer),
        });
        return;
      }
    };
    return {
      isnChosen({ flow, sender, at, isn }) {
        const isServer = sender === "server";
        const host = isServer ? flow.serverAddress() : flow.clientAddress();
        const hosts = isServer ? servers : clients;
        let known = hosts.get(host);
        if (!known) {
          if (hosts.size >= HOSTS_MAX) return;
          known = { isServer, host, chosen: new IsnRing(ISNS_MAX), judged: 0, told: false };
          hosts.set(host, known);
        }
        const port = isServer ? flow.serverPort : flow.clientPort;
        known.chosen.add(isn, port, at.timeUs, at.frame);
        if (!known.told && isDue(known.chosen.count)) judge(known);
      },
      finish() {
        for (const known of [...clients.values(), ...servers.values()]) {
          const { count } = known.chosen;
          if (!known.told && count >= NAMED_MIN && count > known.judged) judge(known);
        }
      },
    };
  },
};

function isDue(count: number): boolean {
  if (count <= ISNS_MAX) return JUDGED_AT.includes(count);
  return count % ISNS_MAX === 0 && Number.isInteger(Math.log2(count / ISNS_MAX));
}
