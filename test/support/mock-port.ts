/** node-serialport's mock of ports, typed here: its package hides its types from Node's resolution. */
import { createRequire } from "node:module";
import type { SerialBinding, SerialBindingPort } from "../../host/console/serial-binding.ts";

export interface MockPort extends SerialBindingPort {
  /** As if the device had sent it. */
  emitData(bytes: Buffer | string): void;
  /** What was written, with `record: true`. */
  readonly recording: Buffer;
}

export interface MockPorts extends SerialBinding {
  reset(): void;
  createPort(
    path: string,
    options?: { record?: boolean; echo?: boolean; vendorId?: string; productId?: string },
  ): void;
  open(options: Parameters<SerialBinding["open"]>[0]): Promise<MockPort>;
}

export const MockBinding: MockPorts = createRequire(import.meta.url)(
  "@serialport/binding-mock",
).MockBinding;
