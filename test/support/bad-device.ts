/**
 * A device with an old generator behind a pseudo-terminal: at each boot the same ISNs and the same ports
 * again, as lwIP's defaults give them. It speaks the console protocol, and counts its boots.
 */
import { consoleChecksum } from "../../host/console/console-record.ts";
import { openSerialLink, type SerialLink } from "../../host/console/serial-link.ts";

const FIRST_PORT = 49153;
const FIRST_ISN = 6510;

export class BadDevice {
  readonly #link: SerialLink;
  readonly #over: Promise<void>;
  #number = 0;
  #boots = 0;
  #started = false;
  #cause = "power-on";

  private constructor(link: SerialLink) {
    this.#link = link;
    this.#over = this.#run().catch(() => undefined);
  }

  static async on(path: string): Promise<BadDevice> {
    return new BadDevice(await openSerialLink({ path, baud: 115_200 }));
  }

  async stop(): Promise<void> {
    await this.#link.close();
    await this.#over;
  }

  async #run(): Promise<void> {
    let rest = "";
    for await (const bytes of this.#link.input) {
      const lines = (rest + new TextDecoder("latin1").decode(bytes)).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines.filter((one) => one !== "")) await this.#obey(line);
    }
  }

  async #obey(line: string): Promise<void> {
    const id = /\bid=(\d+)/.exec(line)?.[1] ?? "0";
    const order = /\bdo=([a-z]+)/.exec(line)?.[1] ?? "";
    if (order === "reset") return this.#reset();
    if (order === "run") return this.#open(id);
    if (order === "start") {
      this.#started = true;
      this.#boots++;
    }
    const [state, reason] = this.#started ? [2, 0] : [0, 256];
    const type = order === "start" ? "boot" : "status";
    await this.#say(
      `t=${type} re=${id} state=${state} reason=${reason} boots=${this.#started ? this.#boots : 0} cause=${this.#cause} fingerprint=0badc0de`,
    );
  }

  async #reset(): Promise<void> {
    this.#number = 0;
    this.#started = false;
    this.#cause = "reset";
    await this.#say("t=hello board=bad app=conformance cause=reset");
  }

  async #open(id: string): Promise<void> {
    await this.#say(`t=done re=${id} ok=1`);
    for (let i = 0; i < 100; i++) {
      const tuple = `la=10.77.0.2 lp=${FIRST_PORT + i} ra=10.77.0.1 rp=25`;
      const isn = FIRST_ISN + i * 64;
      await this.#say(`t=open ${tuple} choice=allocated isn=${hex(isn)} ts=${hex(i)}`);
      await this.#say(`t=used ${tuple} next=${hex(isn + 1000)}`);
      if (i % 4 === 0) await this.#say("t=nvm writes=1 erases=0");
    }
  }

  async #say(text: string): Promise<void> {
    const body = `n=${this.#number++} ${text}`;
    await this.#link.write(new TextEncoder().encode(`${body} *${consoleChecksum(body)}\r\n`));
  }
}

function hex(value: number): string {
  return value.toString(16).padStart(8, "0");
}
