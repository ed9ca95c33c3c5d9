/**
 * RTC-less clock: RFC 6528 with a key that stays, but the clock starts from zero at each boot.
 * In the field: the lwIP contrib `tcp_isn` add-on on boards without a battery-backed clock.
 */
import type { Destination } from "../device.ts";
import { hashTuple, SpoiledDevice, type ZooMember } from "./device-base.ts";

/** Burnt in at the factory. */
const KEY = 0x6a09e667;

class RtclessClock extends SpoiledDevice {
  protected override spoilIsn(_honest: number, to: Destination, localPort: number): number {
    return hashTuple(KEY, to, localPort) + this.uptimeTicks();
  }
}

export const rtclessClock: ZooMember = {
  name: "rtcless-clock",
  field: "lwIP's tcp_isn add-on without a real-time clock: a fixed key, a clock from zero",
  rules: ["isn-backward", "isn-reuse"],
  factory: (honest) => (board, settings) => new RtclessClock(honest, board, settings),
};
