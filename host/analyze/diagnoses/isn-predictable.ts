/** isn-predictable: the ISNs that a host gives to new 4-tuples follow from one another. */
import { formatChance, LN_ALPHA } from "../../check/chance.ts";
import { ISN_PREDICTORS } from "../../check/isn-predictors.ts";
import type { Diagnosis } from "../diagnosis.ts";
import { type ChosenIsn, isnBlockOf } from "../isn-samples.ts";
import { absolute, synFilter } from "../wording.ts";

/** With fewer than this the numbers may follow one another by chance or by construction. */
const ISNS_MIN = 5;
const ISNS_MAX = 64;
const HOSTS_MAX = 256;

interface HostIsns {
  readonly isServer: boolean;
  readonly host: string;
  readonly chosen: ChosenIsn[];
}

export const isnPredictable: Diagnosis = {
  id: "isn-predictable",
  severity: "fault",
  title: "the next ISN follows from those before it",
  explanation:
    "Somebody who can predict the ISN can open or reset connections in the host's name. A constant step, the 64K rule (multiples of 64,000), a bare clock, a common divisor or a generator that repeats its output all show in a handful of ISNs.",
  clause: "RFC 6528 §3, RFC 9293 §3.4.1",
  remedy:
    "add a keyed hash of the 4-tuple (SipHash-2-4 with a secret 128-bit key) to the ISN clock",
  start(report) {
    const clients = new Map<string, HostIsns>();
    const servers = new Map<string, HostIsns>();
    return {
      isnChosen({ flow, sender, at, isn }) {
        const isServer = sender === "server";
        const host = isServer ? flow.serverAddress() : flow.clientAddress();
        const hosts = isServer ? servers : clients;
        let known = hosts.get(host);
        if (!known) {
          if (hosts.size >= HOSTS_MAX) return;
          known = { isServer, host, chosen: [] };
          hosts.set(host, known);
        }
        if (known.chosen.length >= ISNS_MAX) return;
        const port = isServer ? flow.serverPort : flow.clientPort;
        known.chosen.push({ isn, port, timeUs: at.timeUs, frame: at.frame });
      },
      finish() {
        for (const { host, isServer, chosen } of [...clients.values(), ...servers.values()]) {
          if (chosen.length < ISNS_MIN) continue;
          const block = isnBlockOf(chosen);
          for (const predict of ISN_PREDICTORS) {
            const { lnChance, how } = predict(block);
            if (lnChance >= LN_ALPHA) continue;
            const first = chosen.slice(0, 6);
            report({
              group: `${host} ${isServer}`,
              confidence: "certain",
              summary: `the ISNs of ${host} can be predicted: ${how}`,
              detail: `By chance this happens once in ${formatChance(-lnChance)} captures. The first ones are ${first.map(({ isn }) => absolute(isn)).join(", ")}.`,
              frames: first.map(({ frame }) => frame),
              timeUs: chosen[0]?.timeUs ?? 0,
              numbers: first.map(({ isn, frame }) => ({ name: "ISN", value: isn, frame })),
              host,
              filter: synFilter(host, isServer),
            });
            break;
          }
        }
      },
    };
  },
};
