/** What a broken rule means for somebody who has to decide, not to debug. */
import type { RuleId } from "../rule.ts";

export const RULE_MEANINGS: Readonly<Record<RuleId, string>> = {
  "isn-reuse": "old data can be taken for new data, and servers refuse the device after a restart",
  "isn-backward": "servers refuse the device for a minute or longer after a restart",
  "isn-window": "servers take the device's new connection for an old one and do not answer",
  "isn-repeats-after-boot": "every restart begins with the same numbers, so reconnecting fails",
  "isn-predictable": "an attacker who cannot see the traffic can guess its numbers and break in",
  "tsval-backward": "servers drop the device's packets as outdated after a restart",
  "port-reuse": "a connection is opened again while the server still holds the old one",
  "port-repeats-after-boot": "every restart begins with the same ports, so reconnecting fails",
  "port-predictable": "an attacker who cannot see the traffic can guess the device's ports",
  "quiet-time": "after its storage was lost the device may disturb connections of its past",
  refused: "the device could not connect, because it had no number that it could stand behind",
  "reboot-unproven": "the restarts that were asked for are not shown to have happened",
  "connect-first-syn": "servers do not answer the device's first attempt to connect",
  "stale-byte": "data of an old connection was taken for data of a new one",
  liveness: "after the faults had stopped, a device stayed unable to connect",
  "memory-contract": "the device treats its memory in a way that real parts do not forgive",
  "key-kept": "the device lost its key, or runs on one that it was never given",
  "isn-repeats-between-devices": "two devices use the same numbers: their keys are not their own",
  wear: "the device's memory wears out before its time",
};
