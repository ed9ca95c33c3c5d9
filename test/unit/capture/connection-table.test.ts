import { describe, expect, it } from "vitest";
import { Connection, Endpoints } from "../../../host/capture/connection.ts";
import { ConnectionTable } from "../../../host/capture/connection-table.ts";

describe("the table of connections", () => {
  it("finds every tuple again in a table that has grown, and only until it is removed", () => {
    const table = new ConnectionTable();
    const of = (i: number) => {
      const endpoints = new Endpoints();
      endpoints.family = i % 3 === 0 ? 6 : 4;
      endpoints.localPort = i % 100;
      endpoints.remotePort = i % 77;
      endpoints.remote0 = i;
      endpoints.remote3 = endpoints.family === 6 ? i : 0;
      return endpoints;
    };
    const all = Array.from({ length: 5000 }, (_, i) => new Connection(of(i), "10.0.0.1", 0, 0));
    for (const connection of all) table.add(connection);
    for (const [i, connection] of all.entries()) expect(table.find(of(i))).toBe(connection);
    for (let i = 0; i < 5000; i += 2) if (all[i]) table.remove(all[i] as Connection);
    for (const [i, connection] of all.entries()) {
      expect(table.find(of(i))).toBe(i % 2 ? connection : undefined);
    }
    expect(table.size).toBe(2500);
    expect(table.oldest).toBe(all[1]);
    table.touch(all[1] as Connection);
    expect(table.oldest).toBe(all[3]);
  });
});
