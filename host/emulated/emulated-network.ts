/** Whether an emulated board's campaign has a network, and in what words reports say so. */

import type { BoardDescription } from "../boards/board-description.ts";
import type { FirmwareName } from "../boards/emulated-selector.ts";
import { BenchError } from "../core/errors.ts";
import { networkObstacle } from "./network-lab.ts";

export interface EmulatedNetwork {
  /** QEMU's model of the board's Ethernet; undefined: the campaign has no network. */
  readonly ethernet: string | undefined;
  /** One line for people: with or without, and why. */
  readonly words: string;
}

/**
 * With a network where the board has Ethernet, the machine allows it, and no runtime was asked for by
 * name. BenchError when the network was asked for and there can be none.
 */
export function emulatedNetwork(
  { emulator, model }: BoardDescription,
  firmware: FirmwareName | undefined,
): EmulatedNetwork {
  const ethernet = emulator?.kind === "qemu" ? emulator.ethernet : undefined;
  const obstacle =
    ethernet === undefined ? `${model} has no Ethernet in its emulator` : networkObstacle();
  if (firmware === "network" && obstacle !== undefined) {
    throw new BenchError(
      "no-network-lab",
      `the board cannot be checked on a network: ${obstacle}`,
      `run it as root with iproute2 and /dev/net/tun, or check it without: leave out ":network"`,
    );
  }
  if (firmware !== undefined && firmware !== "network") {
    return { ethernet: undefined, words: without(`the firmware ${firmware} was asked for`) };
  }
  if (obstacle !== undefined) return { ethernet: undefined, words: without(obstacle) };
  return {
    ethernet,
    words:
      "with a network: lwIP on the board, the Linux kernel as its server; judged are the device's records and the packets on the wire, which have to agree",
  };
}

function without(why: string): string {
  return `without a network (${why}): the device's own records are judged`;
}
