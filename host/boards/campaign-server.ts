/** The servers that the campaign's connections go to (boards/common/campaign_connections.c). */
import { fileURLToPath } from "node:url";
import { LabServer } from "./lab-server.ts";
import type { NetworkLab } from "./network-lab.ts";

const SCRIPT = fileURLToPath(new URL("../../scripts/campaign-server.mjs", import.meta.url));
/** Beyond the gateway, so that the device routes to it. */
const FAR_ADDRESS = "192.0.2.7";
const SERVER_CLOSES_FIRST = "25,1883,8883";
const DEVICE_CLOSES_FIRST = "443";

/** Gives the lab the addresses, and starts the servers. BenchError when they do not start. */
export async function startCampaignServer(lab: NetworkLab): Promise<LabServer> {
  await lab.ip("addr", "add", `${FAR_ADDRESS}/32`, "dev", "lo");
  return LabServer.start(lab, {
    name: "campaign",
    script: SCRIPT,
    args: [SERVER_CLOSES_FIRST, DEVICE_CLOSES_FIRST],
    install: "look whether another program holds its ports in the lab",
  });
}
