import { describe, expect, it } from "vitest";
import { Hosts } from "../../../host/tracking/hosts.ts";

describe("the hosts of a capture", () => {
  it("are forgotten by their silence, whoever was seen first", () => {
    const hosts = new Hosts(() => {});
    const busy = hosts.host("10.0.0.1");
    const silent = hosts.host("10.0.0.2");
    silent.heard(0);
    for (let n = 0; n < 10_000; n++) {
      busy.heard(n);
      hosts.host(`10.1.${n >> 8}.${n & 255}`).heard(n);
    }
    expect(hosts.host("10.0.0.1")).toBe(busy);
    expect(hosts.host("10.0.0.2")).not.toBe(silent);
  });
});
