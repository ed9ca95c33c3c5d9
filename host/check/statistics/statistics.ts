/** All statistics, in the order of reports. */
import { attractor } from "./attractor.ts";
import { destinationLinking } from "./destination-linking.ts";
import { firstNumbers } from "./first-numbers.ts";
import { isnEntropy } from "./isn-entropy.ts";
import { nmapGcd, nmapIsr, nmapSp } from "./nmap.ts";
import { portSerialCorrelation } from "./port-serial-correlation.ts";
import { portSpread } from "./port-spread.ts";
import type { StatisticKind } from "./statistic.ts";
import { tupleIndependence } from "./tuple-independence.ts";
import { tupleSlope } from "./tuple-slope.ts";

export const STATISTICS: readonly StatisticKind[] = [
  nmapSp,
  nmapGcd,
  nmapIsr,
  tupleSlope,
  tupleIndependence,
  isnEntropy,
  attractor,
  firstNumbers,
  portSpread,
  portSerialCorrelation,
  destinationLinking,
];
