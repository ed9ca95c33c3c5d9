/** The SMTP server of the bench (scripts/mail-server.mjs) inside the network lab. */
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { LabServer } from "./lab-server.ts";
import { type NetworkLab, SERVER_ADDRESS } from "./network-lab.ts";

const SCRIPT = fileURLToPath(new URL("../../scripts/mail-server.mjs", import.meta.url));

const mailEvent = z.object({ event: z.literal("mail"), port: z.number() });

export class MailServer {
  readonly #server: LabServer;
  /** Client ports of the mails that arrived whole. */
  readonly mails: number[];

  private constructor(server: LabServer, mails: number[]) {
    this.#server = server;
    this.mails = mails;
  }

  /** Starts the server on port 25 and waits until it listens. BenchError when it does not. */
  static async start(lab: NetworkLab): Promise<MailServer> {
    const mails: number[] = [];
    const server = await LabServer.start(lab, {
      name: "mail",
      script: SCRIPT,
      args: [SERVER_ADDRESS, "25"],
      install: "run npm ci, which brings smtp-server",
      onEvent: (event) => {
        const parsed = mailEvent.safeParse(event);
        if (parsed.success) mails.push(parsed.data.port);
      },
    });
    return new MailServer(server, mails);
  }

  /** A frozen server: the kernel still accepts connections for it, and nobody answers. */
  freeze(frozen: boolean): void {
    this.#server.freeze(frozen);
  }

  async stop(): Promise<void> {
    await this.#server.stop();
  }
}
