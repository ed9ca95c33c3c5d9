/**
 * A network of one machine for an emulated device: a network namespace with a tap for QEMU's Ethernet
 * on one side and the Linux kernel's TCP, as a real server, on the other. Needs root.
 */
import { execFile } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { promisify } from "node:util";
import { BenchError } from "../core/errors.ts";
import { findProgram, GuardedProcess } from "../system/guarded-process.ts";

const run = promisify(execFile);

export const SERVER_ADDRESS = "10.77.0.1";
export const DEVICE_ADDRESS = "10.77.0.2";
const TAP = "tap0";

/** Why there can be no network here; undefined when there can. */
export function networkObstacle(): string | undefined {
  if (process.getuid?.() !== 0) return "not running as root";
  if (findProgram("ip") === undefined) return "iproute2 is not installed";
  if (findProgram("unshare") === undefined) return "util-linux is not installed";
  try {
    accessSync("/dev/net/tun", constants.R_OK | constants.W_OK);
  } catch {
    return "/dev/net/tun is not there";
  }
  return undefined;
}

/**
 * The namespace has no name: it lives as long as a process that this one holds, so it vanishes, tap
 * included, when the bench ends, even by SIGKILL.
 */
export class NetworkLab {
  readonly #holder: GuardedProcess;

  private constructor(holder: GuardedProcess) {
    this.#holder = holder;
  }

  /** Builds namespace and tap. BenchError when the machine does not allow it. */
  static async create(): Promise<NetworkLab> {
    const obstacle = networkObstacle();
    if (obstacle !== undefined) throw noNetwork(obstacle);
    const lab = new NetworkLab(await holdNamespace());
    try {
      await lab.ip("link", "set", "lo", "up");
      await lab.ip("tuntap", "add", "dev", TAP, "mode", "tap");
      await lab.ip("addr", "add", `${SERVER_ADDRESS}/24`, "dev", TAP);
      await lab.ip("link", "set", TAP, "up");
    } catch (error) {
      await lab.dispose();
      throw noNetwork(
        error instanceof Error ? error.message.split("\n").slice(0, 2).join(" ") : "",
      );
    }
    return lab;
  }

  /** Prefix that runs a command inside the namespace. */
  get inside(): readonly string[] {
    return ["nsenter", `--net=/proc/${this.#holder.pid}/ns/net`];
  }

  /** QEMU's arguments for its Ethernet on the tap, recorded to `capture` (a new pcap each start). */
  emulatorArguments(model: string, capture?: string): readonly string[] {
    const nic = ["-nic", `tap,id=lan,ifname=${TAP},script=no,downscript=no,model=${model}`];
    if (capture === undefined) return nic;
    return [...nic, "-object", `filter-dump,id=recorder,netdev=lan,file=${capture}`];
  }

  /** Sets `net.ipv4.tcp_rfc1337` of the server (RFC 1337: TIME_WAIT ignores RST). */
  async setRfc1337(on: boolean): Promise<void> {
    await this.#run("sh", "-c", `echo ${on ? 1 : 0} > /proc/sys/net/ipv4/tcp_rfc1337`);
  }

  /** Pulls the cable, or plugs it in. */
  async setCable(up: boolean): Promise<void> {
    await this.ip("link", "set", TAP, up ? "up" : "down");
  }

  /** Lets the server answer at this address too; the device's packets to it come by the gateway. */
  async ownAddress(address: string): Promise<void> {
    if (address !== SERVER_ADDRESS) await this.ip("addr", "add", `${address}/32`, "dev", "lo");
  }

  async ip(...args: string[]): Promise<void> {
    await this.#run("ip", ...args);
  }

  /** Removes namespace and tap. Idempotent. Programs inside have to be ended first. */
  async dispose(): Promise<void> {
    await this.#holder.kill();
  }

  async #run(...command: string[]): Promise<void> {
    const [program = "nsenter", ...args] = [...this.inside, ...command];
    await run(program, args);
  }
}

async function holdNamespace(): Promise<GuardedProcess> {
  let entered: () => void = () => undefined;
  const ready = new Promise<void>((resolve) => {
    entered = resolve;
  });
  const holder = GuardedProcess.start({
    program: "unshare",
    // cat ends when the bench closes its input.
    args: ["--net", "sh", "-c", "echo ready; exec cat"],
    install: "install util-linux",
    onLine: () => entered(),
  });
  const first = await Promise.race([ready, holder.ended.then(() => "ended" as const)]);
  if (first !== "ended") return holder;
  throw noNetwork(holder.lastWords);
}

function noNetwork(why: string): BenchError {
  return new BenchError(
    "no-network-lab",
    `the bench cannot build a network: ${why}`,
    "run it as root with iproute2 and /dev/net/tun, or check the board without a network",
  );
}
