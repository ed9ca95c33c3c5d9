import { readFileSync } from "node:fs";
import { instantiateSync } from "@assemblyscript/loader";
import { expect, it } from "vitest";
import { PROVISION, STATE, STORAGE } from "../../../host/module/abi.ts";
import { RELEASE, RELEASE_BYTES } from "../../support/builds.ts";
import { KEY, Lab, LOCAL, NOR, REMOTE } from "../../support/lab.ts";

/** The calls used here, as the loader hands them out. */
interface Calls extends Record<string, unknown> {
  configureStorage(kind: number, sectorBytes: number, sectors: number, granule: number): number;
  configureClock(hz: number): number;
  ioBuffer(): number;
  boot(): number;
  provision(options: number): number;
  isn4(local: number, localPort: number, remote: number, remotePort: number): number;
}

it("works through @assemblyscript/loader, with the same numbers as through the wrapper", () => {
  const cells = new Uint8Array(NOR.sectorBytes * NOR.sectors).fill(0xff);
  let memory = new Uint8Array(0);
  const { exports } = instantiateSync<Calls>(RELEASE_BYTES, {
    board: {
      read: (offset: number, to: number, bytes: number) => {
        memory.set(cells.subarray(offset, offset + bytes), to);
        return 0;
      },
      program: (offset: number, from: number, bytes: number) => {
        cells.set(memory.subarray(from, from + bytes), offset);
        return 0;
      },
      erase: (sector: number) => {
        cells.fill(0xff, sector * NOR.sectorBytes, (sector + 1) * NOR.sectorBytes);
        return 0;
      },
      entropy: () => 0,
      ticks: () => 0,
    },
  });
  memory = new Uint8Array((exports.memory as WebAssembly.Memory).buffer);
  expect(exports.configureStorage(STORAGE.nor, NOR.sectorBytes, NOR.sectors, NOR.granule)).toBe(1);
  expect(exports.configureClock(1_000_000)).toBe(1);
  expect(exports.boot()).toBe(STATE.unprovisioned);
  memory.set(KEY, exports.ioBuffer());
  expect(exports.provision(PROVISION.newDevice)).toBe(1);
  const direct = new Lab({ wasm: RELEASE }).commission();
  expect(exports.isn4(LOCAL, 5000, REMOTE, 80) >>> 0).toBe(direct.isn4(LOCAL, 5000, REMOTE, 80));
});

it("needs nothing of the loader's runtime: the package itself loads the module without it", () => {
  const { dependencies } = JSON.parse(
    readFileSync(new URL("../../../package.json", import.meta.url), "utf8"),
  ) as { dependencies: Record<string, string> };
  expect(Object.keys(dependencies)).not.toContain("@assemblyscript/loader");
});
