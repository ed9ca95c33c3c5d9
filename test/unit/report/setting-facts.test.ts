/** Settings of a simulation in the report: rows that a person can read, never raw JSON. */
import { describe, expect, it } from "vitest";
import { settingFacts } from "../../../host/report/setting-facts.ts";

describe("settings in a report", () => {
  it("give a line to each value of a group, named by its path", () => {
    expect(settingFacts({ answer: 42, more: { "bit-rot": 0.02, late: { rate: 0 } } })).toEqual([
      { name: "answer", value: "42" },
      { name: "more.bit-rot", value: "0.02" },
      { name: "more.late.rate", value: "0" },
    ]);
  });

  it("are named in words, with their unit, and keep the name of JSON", () => {
    expect(
      settingFacts({
        rebootsPerCase: 20_000,
        mslMs: 120_000,
        counterHz: [32_768, 1_000_000],
        faults: { "bit-rot": 0.02, "entropy-stuck": 0.125, "clock-stop": 0 },
        swarm: true,
        late: 0.3,
        offUs: { min: 500_000, max: 60_000_000 },
      }),
    ).toEqual([
      { name: "reboots of a device", value: "20,000", note: "rebootsPerCase" },
      { name: "maximum segment lifetime", value: "2 min", note: "mslMs" },
      {
        name: "rates of the device's counter",
        value: "32,768 Hz, 1,000,000 Hz",
        note: "counterHz",
      },
      { name: "fault: bit rot", value: "2 % of boots", note: "faults.bit-rot" },
      { name: "fault: entropy stuck", value: "12.5 % of devices", note: "faults.entropy-stuck" },
      { name: "fault: clock stop", value: "off", note: "faults.clock-stop" },
      { name: "each device has a random half of the faults", value: "yes", note: "swarm" },
      { name: "connections with a late segment", value: "30 % of connections", note: "late" },
      { name: "shortest time without power", value: "500 ms", note: "offUs.min" },
      { name: "longest time without power", value: "60 s", note: "offUs.max" },
    ]);
  });

  it("keep a value that does not fit its words as it is", () => {
    const odd = { mslMs: "long", late: 7, counterHz: ["x"], swarm: null, faults: { x: [1] } };
    expect(settingFacts(odd).map(({ value }) => value)).toEqual(["long", "7", "x", "none", "1"]);
    expect(settingFacts({ constructor: 1 })).toEqual([{ name: "constructor", value: "1" }]);
  });

  it("list groups an entry a line, and say the same in one line", () => {
    const storage = [
      { kind: "nor", sectors: 4 },
      { kind: "eeprom", sectors: 2 },
    ];
    expect(settingFacts({ storage })).toEqual([
      {
        name: "storage",
        value: "kind nor, sectors 4; kind eeprom, sectors 2",
        items: ["kind nor, sectors 4", "kind eeprom, sectors 2"],
      },
    ]);
  });

  it("write ports that are reserved as ranges", () => {
    expect(
      settingFacts({
        ports: {
          reserved: [
            [1883, 1883],
            [5000, 5003],
          ],
        },
      }),
    ).toEqual([
      { name: "reserved source ports", value: "1883, 5000 to 5003", note: "ports.reserved" },
    ]);
  });

  it("join plain lists, and say that nothing is there", () => {
    expect(settingFacts({ peers: ["linux", "lwip"], servers: [], board: null, more: {} })).toEqual([
      { name: "kinds of servers", value: "linux, lwip", note: "peers" },
      { name: "servers", value: "none" },
      { name: "board", value: "none" },
      { name: "more", value: "none" },
    ]);
  });

  it("hold no JSON, however deep a file nests", () => {
    const deep = {
      a: { b: { c: { d: [{ e: [1, { f: "x" }] }] } } },
      ranges: [
        [1, 2],
        [3, 4],
      ],
    };
    for (const { value } of settingFacts(deep)) expect(value).not.toMatch(/[{}[\]"]/);
  });
});
