/** The answers that a device's self test knows (boards/update/module_trial.c) follow from SipHash-2-4. */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { parseAddress } from "../../../host/core/address.ts";
import { sipHashLow } from "../../support/siphash.ts";

const SOURCE = readFileSync(
  new URL("../../../boards/update/module_trial.c", import.meta.url),
  "utf8",
);
const KEY = Uint8Array.from({ length: 16 }, (_, i) => i);

function constant(name: string): number {
  const [, digits = ""] = new RegExp(`#define ${name} 0x([0-9a-f]{8})u`).exec(SOURCE) ?? [];
  return Number.parseInt(digits, 16);
}

/** Low word for the message of docs/abi.md: addresses, ports, label. */
function low(label: string, local: readonly number[], port: number, remote: readonly number[]) {
  const ports = [port & 255, port >> 8, 25, 0];
  const text = new TextEncoder().encode(label);
  return sipHashLow(KEY, Uint8Array.from([...local, ...remote, ...ports, ...text]));
}

it("the self test's known answers are those of an independent SipHash", () => {
  const [local, remote] = [
    [2, 0, 77, 10],
    [1, 0, 77, 10],
  ];
  if (local === undefined || remote === undefined) throw new Error();
  const six = ["2001:db8::2", "2001:db8::1"].map((text) => {
    const address = parseAddress(text);
    return address.family === 6 ? [...address.bytes] : [];
  });
  const [a, b] = [low("isn", local, 49152, remote), low("isn", local, 49153, remote)];
  const c = low("isn", six[0] ?? [], 49152, six[1] ?? []);
  expect(constant("ISN_DIFFERENCE")).toBe((b - a) >>> 0);
  expect(constant("ISN6_DIFFERENCE")).toBe((c - b) >>> 0);
  const [at, bt] = [low("tsv", local, 49152, remote), low("tsv", local, 49153, remote)];
  expect(constant("TIMESTAMP_DIFFERENCE")).toBe((bt - at) >>> 0);
});
