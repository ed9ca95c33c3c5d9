/** The SMTP server of the bench (scripts/mail-server.mjs) as a process inside the network lab. */
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { BenchError } from "../core/errors.ts";
import { GuardedProcess } from "./guarded-process.ts";
import { type NetworkLab, SERVER_ADDRESS } from "./network-lab.ts";

const SCRIPT = fileURLToPath(new URL("../../scripts/mail-server.mjs", import.meta.url));

const event = z.discriminatedUnion("event", [
  z.object({ event: z.literal("listening") }),
  z.object({ event: z.literal("mail"), port: z.number() }),
  z.object({ event: z.literal("error"), message: z.string() }),
]);

export class MailServer {
  readonly #process: GuardedProcess;
  /** Client ports of the mails that arrived whole. */
  readonly mails: number[];

  private constructor(process: GuardedProcess, mails: number[]) {
    this.#process = process;
    this.mails = mails;
  }

  /** Starts the server on port 25 and waits until it listens. BenchError when it does not. */
  static async start(lab: NetworkLab): Promise<MailServer> {
    const mails: number[] = [];
    let listening: () => void = () => undefined;
    const ready = new Promise<"listening">((resolve) => {
      listening = () => resolve("listening");
    });
    const server = GuardedProcess.start({
      program: "node",
      args: [SCRIPT, SERVER_ADDRESS, "25"],
      prefix: lab.inside,
      install: "put node on the search path",
      onLine: (line) => {
        const parsed = event.safeParse(JSON.parse(line));
        if (!parsed.success) return;
        if (parsed.data.event === "listening") listening();
        if (parsed.data.event === "mail") mails.push(parsed.data.port);
      },
    });
    const first = await Promise.race([ready, server.ended]);
    if (first === "listening") return new MailServer(server, mails);
    throw new BenchError(
      "mail-server-ended",
      `the mail server did not start: ${server.lastWords}`,
      "run npm ci, which brings smtp-server",
    );
  }

  /** A frozen server: the kernel still accepts connections for it, and nobody answers. */
  freeze(frozen: boolean): void {
    this.#process.freeze(frozen);
  }

  async stop(): Promise<void> {
    await this.#process.kill();
  }
}
