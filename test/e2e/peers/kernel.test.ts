/** The Linux model against the kernel that runs here: real sockets in a network namespace. */
import { execFileSync, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { serialAdd } from "../../../host/core/serial.ts";
import { LINUX } from "../../../host/peers/linux.ts";
import { replyToSyn } from "../../../host/peers/peer-model.ts";

const SCRIPT = fileURLToPath(new URL("kernel.py", import.meta.url));
const SERVER = `isnkit-server-${process.pid}`;
const DEVICE = `isnkit-device-${process.pid}`;

const runs = (program: string, ...args: string[]) =>
  spawnSync(program, args, { stdio: "ignore" }).status === 0;

/** Why it cannot be tried here, or undefined. */
function obstacle(): string | undefined {
  if (process.platform !== "linux") return "this is not Linux";
  if (process.getuid?.() !== 0) return "it needs root";
  if (!runs("python3", "-c", "import socket; socket.AF_PACKET")) return "python3 is missing";
  if (!runs("ip", "netns", "add", SERVER)) return "network namespaces cannot be made (iproute2)";
  return undefined;
}

const missing = obstacle();
if (missing !== undefined) console.log(`peers-kernel: skipped, ${missing}`);
const isRequired = process.env.ISNKIT_REQUIRE_ALL === "1";

const OLD_TSVAL = 4_000_000;
const TIMES: Readonly<Record<string, readonly [number | null, number | null]>> = {
  "no timestamps": [null, null],
  "timestamps on the new side only": [null, 100],
  "timestamps on the old side only": [OLD_TSVAL, null],
  "TSval + 1": [OLD_TSVAL, OLD_TSVAL + 1],
  "TSval + 100000": [OLD_TSVAL, OLD_TSVAL + 100_000],
  "the same TSval": [OLD_TSVAL, OLD_TSVAL],
  "TSval - 1": [OLD_TSVAL, OLD_TSVAL - 1],
  "TSval restarted at 100": [OLD_TSVAL, 100],
  "TSval 0": [OLD_TSVAL, 0],
  "TSval + 2^31 - 1": [OLD_TSVAL, serialAdd(OLD_TSVAL, 2 ** 31 - 1)],
  "TSval + 2^31": [OLD_TSVAL, serialAdd(OLD_TSVAL, 2 ** 31)],
};
const DELTAS: Readonly<Record<string, number | null>> = {
  "the old ISN": null,
  "R - 1": -1,
  R: 0,
  "R + 1": 1,
  "R + 65536": 65_536,
  "R + 2^31 - 1": 2 ** 31 - 1,
  "R + 2^31": 2 ** 31,
  "R + 2^31 + 1": 2 ** 31 + 1,
  "R - 2^30": -(2 ** 30),
};

interface Asked {
  readonly R: number;
  readonly S: number;
  readonly isn: number;
  readonly kind: string;
  readonly sequence?: number;
  readonly acknowledgement?: number;
}

const cells = Object.entries(TIMES).flatMap(([times, [oldTsval, newTsval]]) =>
  Object.entries(DELTAS).map(([number, delta], i) => ({
    times,
    number,
    i,
    oldTsval,
    newTsval,
    delta,
  })),
);

function ip(...args: string[]): void {
  execFileSync("ip", args);
}

function laySetting(): void {
  ip("netns", "add", DEVICE);
  const server = ["-n", SERVER];
  const device = ["-n", DEVICE];
  ip(...server, "link", "add", "server", "type", "veth", "peer", "name", "device", "netns", DEVICE);
  ip(...server, "link", "set", "server", "address", "02:00:00:00:63:01", "up");
  ip(...device, "link", "set", "device", "address", "02:00:00:00:63:02", "up");
  ip(...server, "addr", "add", "10.99.7.1/24", "dev", "server");
  ip(...server, "neigh", "add", "10.99.7.2", "lladdr", "02:00:00:00:63:02", "dev", "server");
}

describe.skipIf(missing !== undefined && !isRequired)("the running kernel", () => {
  const answers: Asked[] = [];

  beforeAll(() => {
    if (missing !== undefined) throw new Error(`ISNKIT_REQUIRE_ALL=1, but ${missing}`);
    laySetting();
    const input = cells
      .map(({ delta, oldTsval, newTsval }) => JSON.stringify({ delta, oldTsval, newTsval }))
      .join("\n");
    const out = execFileSync("python3", [SCRIPT, SERVER, DEVICE], { input, encoding: "utf8" });
    for (const line of out.trim().split("\n")) answers.push(JSON.parse(line));
  }, 120_000);

  it.each(cells.map((cell, at) => ({ ...cell, at })))(
    "answers $number, $times, as the model says",
    ({ at, oldTsval, newTsval }) => {
      const asked = answers[at];
      if (!asked) throw new Error(`the kernel was not asked for cell ${at}`);
      const times =
        oldTsval === null || newTsval === null ? {} : { lastTsval: oldTsval, tsval: newTsval };
      const { isn, R: expected, S: next, kind, sequence, acknowledgement } = asked;
      const { answer } = replyToSyn(LINUX, { state: "TIME_WAIT", expected, next, isn, ...times });
      expect(kind).toBe(answer.kind);
      if (answer.kind === "syn-ack") {
        expect({ sequence, acknowledgement }).toEqual({
          sequence: answer.isn,
          acknowledgement: answer.acknowledgement,
        });
      } else if (answer.kind === "ack") {
        expect({ sequence, acknowledgement }).toEqual({
          sequence: answer.sequence,
          acknowledgement: answer.acknowledgement,
        });
      }
    },
  );
});

afterAll(() => {
  runs("ip", "netns", "del", SERVER);
  runs("ip", "netns", "del", DEVICE);
});
