/** Faults at each operation of a life, one after the other, on copies of the device. */
import { PowerCut } from "../../../host/virtual/nvm.ts";
import { ScriptedLab } from "../scripted-lab.ts";
import type { Fault, ScriptedPart, Write } from "../scripted-part.ts";
import { Witness } from "./witness.ts";

export interface Device {
  readonly wasm: WebAssembly.Module;
  readonly part: ScriptedPart;
  readonly witness: Witness;
}

export interface NamedFault {
  readonly name: string;
  readonly fault: Fault;
  /** Which operations it can hit; all when absent. */
  readonly hits?: (write: Write) => boolean;
}

/** What the device does while a fault waits for it. */
export type Stretch = (lab: ScriptedLab, witness: Witness) => void;

export const BOOT: Stretch = (lab, witness) => void witness.boot(lab);

/** A boot with three renewals. */
export const DAY: Stretch = (lab, witness) => {
  lab.powerOn();
  for (let i = 0; i < 3; i++) {
    witness.use(lab);
    lab.wait(5_000);
  }
};

export function labOf({ wasm, part }: Device): ScriptedLab {
  return new ScriptedLab({ wasm, part });
}

/** A new device and its witness. */
export function deviceOf(lab: ScriptedLab, wasm: WebAssembly.Module): Device {
  const { kind, sectors, sectorBytes, granule } = lab.part.shape;
  const name = kind === "keyValue" ? kind : `${kind} ${sectors}×${sectorBytes}/${granule}`;
  return { wasm, part: lab.part, witness: new Witness(name) };
}

/** Hits each operation of `stretch` with each fault, on copies; `then` gets what came out, healed. */
export function hitEach(
  device: Device,
  stretch: Stretch,
  faults: readonly NamedFault[],
  then: (device: Device) => void,
): void {
  for (let number = 0; ; number++) {
    let reached = false;
    for (const { name, fault, hits = () => true } of faults) {
      const copy = copyOf(device, `${name} at operation ${number}`);
      let struck = false;
      copy.part.writes = 0;
      copy.part.onWrite = (write) => {
        if (write.number !== number) return undefined;
        reached = true;
        struck = hits(write);
        return struck ? fault : undefined;
      };
      run(copy, stretch);
      copy.part.heal();
      if (struck) then(copy);
    }
    if (!reached) return;
  }
}

/** A stretch on the device itself; a power cut ends it. */
export function run(device: Device, stretch: Stretch): void {
  try {
    stretch(labOf(device), device.witness);
  } catch (error) {
    if (!(error instanceof PowerCut)) throw error;
  }
}

export function copyOf(device: Device, what: string): Device {
  const witness = new Witness(`${device.witness.name}, ${what}`, device.witness);
  return { wasm: device.wasm, part: device.part.clone(), witness };
}
