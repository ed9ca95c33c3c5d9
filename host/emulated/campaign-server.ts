/** The servers that the campaign's connections go to: those of a campaign file, or the firmware's own. */
import { fileURLToPath } from "node:url";
import { UsageError } from "../core/errors.ts";
import type { ClosesFirst, Workload, WorkloadServer } from "../core/workload.ts";
import { LabServer } from "./lab-server.ts";
import { DEVICE_ADDRESS, type NetworkLab } from "./network-lab.ts";

const SCRIPT = fileURLToPath(new URL("../../scripts/campaign-server.mjs", import.meta.url));

interface CampaignServer {
  readonly address: string;
  readonly port: number;
  readonly closesFirst: ClosesFirst;
  /** Without waiting for data, as some connections bring none. */
  readonly atOnce?: boolean;
}

/** The table of boards/apps/campaign_connections.c; one address is beyond the gateway. */
const OWN_SERVERS: readonly CampaignServer[] = [
  { address: "10.77.0.1", port: 25, closesFirst: "server" },
  { address: "10.77.0.1", port: 1883, closesFirst: "server" },
  { address: "192.0.2.7", port: 443, closesFirst: "device" },
  { address: "192.0.2.7", port: 8883, closesFirst: "server" },
];

/** Gives the lab the addresses, and starts the servers. BenchError when they do not start. */
export async function startCampaignServer(
  lab: NetworkLab,
  workload: Pick<Workload, "servers" | "closesFirst" | "bytes">,
): Promise<LabServer> {
  const servers = campaignServers(workload);
  for (const address of new Set(servers.map(({ address }) => address))) {
    await lab.ownAddress(address);
  }
  return LabServer.start(lab, {
    name: "campaign",
    script: SCRIPT,
    args: [JSON.stringify(servers)],
    install: "look whether another program holds its ports in the lab",
  });
}

/** Each address and port once, as rows of a file may differ by their bound port only. */
function campaignServers({
  servers,
  closesFirst,
  bytes,
}: Pick<Workload, "servers" | "closesFirst" | "bytes">): readonly CampaignServer[] {
  const called: readonly CampaignServer[] =
    servers?.map(({ address, port }) => ({ address, port, closesFirst: "either" })) ?? OWN_SERVERS;
  const byName = new Map(
    called.map((server) => [
      `${server.address} ${server.port}`,
      {
        ...server,
        closesFirst: closesFirst ?? server.closesFirst,
        atOnce: bytes?.min === 0,
      },
    ]),
  );
  return [...byName.values()];
}

/** UsageError `servers-unreachable` for a server that the device cannot call on the lab's network. */
export function expectServersReachable(
  servers: readonly WorkloadServer[] | undefined,
  board: string,
  without: string,
): void {
  for (const [i, { address }] of (servers ?? []).entries()) {
    const why = unreachable(address);
    if (why === undefined) continue;
    throw new UsageError(
      "servers-unreachable",
      `${board} cannot call workload.servers.${i} of the campaign file on its network: ${address} ${why}`,
      `name another address there, or check ${without}, which has no network`,
    );
  }
}

const SUBNET_ENDS = ["10.77.0.0", "10.77.0.255"];

/** Why no server can have this address; undefined when one can. */
function unreachable(address: string): string | undefined {
  if (address.includes(":")) return "is an IPv6 address, and the board speaks IPv4 there";
  if (address === DEVICE_ADDRESS) return "is the device's own";
  if (SUBNET_ENDS.includes(address)) return "is the network itself, or all of it";
  const first = Number(address.split(".")[0]);
  if (first === 0) return "means this network (RFC 791)";
  if (first === 127) return "never leaves the device (RFC 1122, loopback)";
  if (first >= 224) return "is no address of one host (multicast, reserved or broadcast)";
  return undefined;
}
