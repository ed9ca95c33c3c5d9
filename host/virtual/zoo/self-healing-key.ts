/**
 * Self-healing key: a device that finds its storage corrupt draws itself a new key and goes on, where
 * it should say so and wait for service. In the field: defaults that are restored when a checksum is
 * wrong. Only a power cut while the key is being written leads there.
 */
import { SpoiledDevice, type ZooMember } from "./device-base.ts";

class SelfHealingKey extends SpoiledDevice {
  override boot(): void {
    super.boot();
    if (this.status().refusing === "storageCorrupt") this.provisionSelf({ newDevice: false });
  }
}

export const selfHealingKey: ZooMember = {
  name: "self-healing-key",
  field: "factory defaults when a checksum is wrong: the device runs on a key that nobody gave it",
  rules: ["key-kept"],
  factory: (honest) => (board, settings) => new SelfHealingKey(honest, board, settings),
};
