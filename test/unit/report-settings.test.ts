/** Settings of a simulation in the report: rows that a person can read, never raw JSON. */
import { describe, expect, it } from "vitest";
import { settingFacts } from "../../host/report/setting-facts.ts";

describe("settings in a report", () => {
  it("give a line to each value of a group, named by its path", () => {
    expect(
      settingFacts({ mslMs: 120_000, faults: { "bit-rot": 0.02, late: { rate: 0 } } }),
    ).toEqual([
      { name: "mslMs", value: "120000" },
      { name: "faults.bit-rot", value: "0.02" },
      { name: "faults.late.rate", value: "0" },
    ]);
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
    ).toEqual([{ name: "ports.reserved", value: "1883, 5000 to 5003" }]);
  });

  it("join plain lists, and say that nothing is there", () => {
    expect(settingFacts({ peers: ["linux", "lwip"], servers: [], board: null, more: {} })).toEqual([
      { name: "peers", value: "linux, lwip" },
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
