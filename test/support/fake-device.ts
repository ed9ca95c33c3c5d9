/** A device on a serial line in this process: it speaks the console protocol, and fails as it is told. */
import { consoleChecksum } from "../../host/console/console-record.ts";
import type { SerialEdges } from "../../host/console/serial-connection.ts";
import { SerialConnection } from "../../host/console/serial-connection.ts";
import type { SerialLines, SerialLink } from "../../host/console/serial-link.ts";
import { BenchError } from "../../host/core/errors.ts";

const NOT_STARTED = 256;

export class FakeDevice {
  /** What the device persists. */
  boots = 7;
  cause = "power-on";
  /** Where it is; undefined: unplugged, or without power. */
  path: string | undefined = "/dev/ttyACM0";
  /** What it says to a command instead of obeying; undefined: it obeys. */
  answer: ((command: string) => string | undefined) | undefined;
  /** What it does at a reset. */
  onReset: (cause: string) => void = (cause) => this.restart(cause);
  /** Called before each thing that the host does. */
  onOperation: (operation: string) => void = () => undefined;
  /** Called at each wait of the host. */
  onWait: (ms: number) => void = () => undefined;
  /** Waits of the host, in milliseconds. */
  readonly waits: number[] = [];
  readonly operations: string[] = [];
  isBusy = false;
  #number = 0;
  #started = false;
  #skippedMs = 0;
  #line = "";
  #link: FakeLink | undefined;

  readonly edges: SerialEdges = {
    open: async ({ path, baud }) => {
      this.operate(`open ${baud}`);
      if (this.isBusy) throw new BenchError("port-busy", `${path} is in use`, "end it");
      if (path !== this.path) throw new BenchError("port-missing", `no port ${path}`, "look");
      this.#link = new FakeLink(path, this);
      return this.#link;
    },
    sleep: async (ms) => {
      this.waits.push(ms);
      this.onWait(ms);
      this.#skippedMs += ms;
      await new Promise((resolve) => setImmediate(resolve));
    },
    nowMs: () => performance.now() + this.#skippedMs,
  };

  connection(appearMs = 200): SerialConnection {
    return new SerialConnection({
      name: "the board",
      baud: 115_200,
      locate: async () => this.path,
      edges: this.edges,
      appearMs,
    });
  }

  operate(operation: string): void {
    this.operations.push(operation);
    this.onOperation(operation);
  }

  /** The core starts anew and says hello. */
  restart(cause: string): void {
    this.cause = cause;
    this.#started = false;
    this.#number = 0;
    this.#line = "";
    this.say("\r\n");
    this.record(`t=hello app=conformance cause=${cause}`);
  }

  /** The port vanishes. */
  unplug(): void {
    this.path = undefined;
    const link = this.#link;
    this.#link = undefined;
    link?.lose();
  }

  plug(path = "/dev/ttyACM0", cause = "power-on"): void {
    this.path = path;
    this.restart(cause);
  }

  record(text: string): void {
    const body = `n=${this.#number++} ${text}`;
    this.say(`${body} *${consoleChecksum(body)}\r\n`);
  }

  say(text: string): void {
    this.#link?.deliver(new TextEncoder().encode(text));
  }

  hear(bytes: Uint8Array): void {
    this.#line += new TextDecoder("latin1").decode(bytes);
    const lines = this.#line.split("\n");
    this.#line = lines.pop() ?? "";
    for (const line of lines.filter((one) => one !== "")) this.#obey(line);
  }

  #obey(line: string): void {
    const instead = this.answer?.(line);
    if (instead !== undefined) {
      this.say(instead);
      return;
    }
    const id = /\bid=(\d+)/.exec(line)?.[1] ?? "0";
    const order = /\bdo=([a-z]+)/.exec(line)?.[1];
    if (order === "reset") {
      this.onReset("reset");
      return;
    }
    if (order === "start") {
      this.#started = true;
      this.boots++;
    }
    const reason = this.#started ? 0 : NOT_STARTED;
    const state = this.#started ? 2 : 0;
    const boots = this.#started ? this.boots : 0;
    const type = order === "start" ? "boot" : "status";
    this.record(
      `t=${type} re=${id} state=${state} reason=${reason} boots=${boots} cause=${this.cause} fingerprint=00c0ffee`,
    );
  }
}

class FakeLink implements SerialLink {
  readonly path: string;
  readonly input: AsyncIterable<Uint8Array>;
  readonly #device: FakeDevice;
  readonly #chunks: Uint8Array[] = [];
  #end: "open" | "closed" | "lost" = "open";
  #wake: () => void = () => undefined;

  constructor(path: string, device: FakeDevice) {
    this.path = path;
    this.#device = device;
    this.input = this.#read();
  }

  async write(bytes: Uint8Array): Promise<void> {
    await this.#do("write");
    this.#device.hear(bytes);
  }

  async setLines(lines: SerialLines): Promise<void> {
    await this.#do(`lines ${JSON.stringify(lines)}`);
  }

  async setBaud(baud: number): Promise<void> {
    await this.#do(`baud ${baud}`);
  }

  async close(): Promise<void> {
    if (this.#end === "open") this.#device.operate("close");
    if (this.#end === "open") this.#end = "closed";
    this.#wake();
  }

  deliver(bytes: Uint8Array): void {
    this.#chunks.push(bytes);
    this.#wake();
  }

  lose(): void {
    this.#end = "lost";
    this.#wake();
  }

  async #do(operation: string): Promise<void> {
    this.#device.operate(operation);
    if (this.#end === "lost") throw lost(this.path);
    if (this.#end === "closed") throw new BenchError("port-closed", "closed", "again");
  }

  async *#read(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const chunk = this.#chunks.shift();
      if (chunk !== undefined) yield chunk;
      else if (this.#end === "lost") throw lost(this.path);
      else if (this.#end === "closed") return;
      else
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
    }
  }
}

function lost(path: string): BenchError {
  return new BenchError("port-lost", `${path} is gone`, "plug it in");
}
