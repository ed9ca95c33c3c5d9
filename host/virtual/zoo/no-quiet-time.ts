/**
 * No quiet time: after its storage was lost the device takes a new key and goes on at once. In the
 * field: every stack that was read; RFC 9293 §3.4.3 asks for 2 × MSL of silence, none keeps it.
 */
import { SpoiledDevice, type ZooMember } from "./device-base.ts";

class NoQuietTime extends SpoiledDevice {
  override provision(key: Uint8Array, _options: { newDevice: boolean }): boolean {
    // The lie that skips quiet time: a device that never spoke owes none.
    return this.inner.provision(key, { newDevice: true });
  }

  override provisionSelf(_options: { newDevice: boolean }): boolean {
    return this.inner.provisionSelf({ newDevice: true });
  }
}

export const noQuietTime: ZooMember = {
  name: "no-quiet-time",
  field: "every stack that was read: after lost storage it talks at once",
  rules: ["quiet-time"],
  factory: (honest) => (board, settings) => new NoQuietTime(honest, board, settings),
};
