/** Tests that need a network, lwIP's sources and a mail server; left out elsewhere, in one line. */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, it } from "vitest";
import { networkObstacle } from "../../../host/emulated/network-lab.ts";
import { describeArm, requireAll } from "./tools.ts";

const LWIP = fileURLToPath(
  new URL("../../../build/third-party/lwip/src/core/tcp.c", import.meta.url),
);
const SMTP = fileURLToPath(
  new URL("../../../node_modules/smtp-server/package.json", import.meta.url),
);

function obstacle(): string | undefined {
  if (!existsSync(LWIP)) return "lwIP's sources are missing; run scripts/setup-arm";
  if (!existsSync(SMTP)) return "smtp-server is missing; run npm ci";
  return networkObstacle();
}

export function describeNetwork(name: string, body: () => void): void {
  const left = obstacle();
  if (left === undefined || requireAll) {
    describeArm(name, body);
    return;
  }
  console.warn(`left out: ${name} (${left})`);
  describe.skip(name, () => it("needs a network", () => undefined));
}
