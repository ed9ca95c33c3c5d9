/** A server of the bench as a process inside the network lab, on the Linux kernel's own TCP. */
import { z } from "zod";
import { BenchError } from "../core/errors.ts";
import { GuardedProcess } from "../system/guarded-process.ts";
import type { NetworkLab } from "./network-lab.ts";

const listening = z.object({ event: z.literal("listening") });

export interface LabServerOptions {
  /** What it serves, for people: "mail". */
  readonly name: string;
  /** Path of its script, run by node; it says `{"event":"listening"}` when it is ready. */
  readonly script: string;
  readonly args: readonly string[];
  /** Sees each line that the script prints, parsed as JSON. */
  readonly onEvent?: (event: unknown) => void;
  /** What to do when it does not start. */
  readonly install: string;
}

export class LabServer {
  readonly #process: GuardedProcess;

  private constructor(process: GuardedProcess) {
    this.#process = process;
  }

  /** Starts the server and waits until it listens. BenchError when it does not. */
  static async start(lab: NetworkLab, options: LabServerOptions): Promise<LabServer> {
    const { name, script, args, onEvent, install } = options;
    let isListening: () => void = () => undefined;
    const ready = new Promise<"listening">((resolve) => {
      isListening = () => resolve("listening");
    });
    const server = GuardedProcess.start({
      program: "node",
      args: [script, ...args],
      prefix: lab.inside,
      install: "put node on the search path",
      onLine: (line) => {
        const event: unknown = JSON.parse(line);
        onEvent?.(event);
        if (listening.safeParse(event).success) isListening();
      },
    });
    const first = await Promise.race([ready, server.ended]);
    if (first === "listening") return new LabServer(server);
    throw new BenchError(
      "lab-server-ended",
      `the ${name} server did not start: ${server.lastWords}`,
      install,
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
