/** The serial layer against pseudo-terminals, and against node-serialport's mock for the modem lines. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import { beforeEach, describe, expect, it } from "vitest";
import { ByteInbox } from "../../../host/console/byte-inbox.ts";
import type { SerialBinding } from "../../../host/console/serial-binding.ts";
import { openSerialLink, type SerialLink } from "../../../host/console/serial-link.ts";
import { BenchError, IsnkitError } from "../../../host/core/errors.ts";
import { MockBinding } from "../../support/mock-port.ts";
import { describePty, inPtyFolder, joinedPty, type PtyPair } from "../../support/pty-pair.ts";

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    if (error instanceof IsnkitError) return error.code;
    throw error;
  }
  return "none";
}

/** Reads until `count` bytes are there. */
async function take(link: SerialLink, count: number): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of link.input) {
    parts.push(part);
    bytes += part.length;
    if (bytes >= count) break;
  }
  return Buffer.concat(parts);
}

async function onPair(body: (pair: PtyPair, folder: string) => Promise<void>): Promise<void> {
  await inPtyFolder(async (folder) => {
    const pair = await joinedPty(folder);
    try {
      await body(pair, folder);
    } finally {
      await pair.unplug();
    }
  });
}

const open = (path: string) => openSerialLink({ path, baud: 115_200 });

describePty("a serial link on a pseudo-terminal", () => {
  it("carries every byte value both ways, in order", async () => {
    await onPair(async (pair) => {
      const [host, device] = [await open(pair.host), await open(pair.device)];
      const all = Buffer.from(Array.from({ length: 3000 }, (_, i) => (i * 7) & 0xff));
      await Promise.all([host.write(all), device.write(Buffer.from(all).reverse())]);
      expect(await take(device, all.length)).toEqual(all);
      expect(await take(host, all.length)).toEqual(Buffer.from(all).reverse());
      await Promise.all([host.close(), device.close()]);
    });
  });

  it("loses nothing when a loop is left early, and ends after close()", async () => {
    await onPair(async (pair) => {
      const [host, device] = [await open(pair.host), await open(pair.device)];
      await device.write(Buffer.from("one"));
      expect((await take(host, 3)).toString()).toBe("one");
      await device.write(Buffer.from("two"));
      expect((await take(host, 3)).toString()).toBe("two");
      const rest = take(host, 1);
      await Promise.all([host.close(), host.close(), device.close()]);
      expect(await rest).toEqual(Buffer.alloc(0));
      expect(await codeOf(host.write(Buffer.from("x")))).toBe("port-closed");
    });
  });

  it("tells of an unplug to a reader that waits, and to whoever writes after it", async () => {
    await onPair(async (pair) => {
      const host = await open(pair.host);
      const reading = codeOf(take(host, 1));
      await pair.unplug();
      expect(await reading).toBe("port-lost");
      expect(await codeOf(host.write(Buffer.from("x")))).toBe("port-lost");
      expect(await codeOf(host.setLines({ dtr: true }))).toBe("port-lost");
      await host.close();
    });
  });

  it("gives what came before an unplug first, and then the loss", async () => {
    await onPair(async (pair) => {
      const [host, device] = [await open(pair.host), await open(pair.device)];
      await device.write(Buffer.from("last words"));
      // Read ahead: the bytes are here although nobody asked yet.
      const first = await take(host, 4);
      await pair.unplug();
      expect(`${first}`.startsWith("last")).toBe(true);
      expect(await codeOf(take(host, 100))).toBe("port-lost");
      await Promise.all([host.close(), device.close()]);
    });
  });

  it("tells of an unplug while nobody reads, at the next write", async () => {
    await onPair(async (pair) => {
      const host = await open(pair.host);
      await pair.unplug();
      expect(await codeOf(host.write(Buffer.from("x")))).toBe("port-lost");
      expect(await codeOf(take(host, 1))).toBe("port-lost");
    });
  });

  it("tells of an unplug that happens while the reader is asked to wait", async () => {
    await onPair(async (pair) => {
      const [host, device] = [await open(pair.host), await open(pair.device)];
      const flood = Buffer.alloc(64 * 1024, 0x55);
      const sent = (async () => {
        for (;;) await device.write(flood);
      })();
      const ended = codeOf(sent);
      expect((await take(host, flood.length)).length).toBeGreaterThanOrEqual(flood.length);
      await pair.unplug();
      expect(await ended).toBe("port-lost");
      expect(await codeOf(take(host, Number.POSITIVE_INFINITY))).toBe("port-lost");
    });
  });

  it("refuses a second program on the same port with one clear error", async () => {
    await onPair(async (pair) => {
      const host = await open(pair.host);
      expect(await codeOf(open(pair.host))).toBe("port-busy");
      await host.close();
      await (await open(pair.host)).close();
    });
  });

  it("says that a pseudo-terminal has no modem lines, and goes on", async () => {
    await onPair(async (pair) => {
      const [host, device] = [await open(pair.host), await open(pair.device)];
      expect(await codeOf(host.setLines({ dtr: false }))).toBe("lines-unsupported");
      await host.setBaud(1200);
      await host.write(Buffer.from("still here"));
      expect((await take(device, 10)).toString()).toBe("still here");
      await Promise.all([host.close(), device.close()]);
    });
  });

  it("says what is no port, is not there, or cannot have that speed", async () => {
    await onPair(async (pair, folder) => {
      const file = join(folder, "file");
      await writeFile(file, "");
      expect(await codeOf(open(file))).toBe("not-a-port");
      expect(await codeOf(open("/dev/null"))).toBe("not-a-port");
      expect(await codeOf(open(join(folder, "none")))).toBe("port-missing");
      expect(await codeOf(openSerialLink({ path: pair.host, baud: 0 }))).toBe("bad-baud");
    });
  });

  it("opens again under the same name when the port comes back", async () => {
    await inPtyFolder(async (folder) => {
      for (let round = 0; round < 3; round++) {
        const pair = await joinedPty(folder);
        const host = await open(pair.host);
        const reading = codeOf(take(host, 1));
        await pair.unplug();
        expect(await reading).toBe("port-lost");
      }
    });
  });
});

describe("a serial link on the mock", () => {
  beforeEach(() => MockBinding.reset());

  function recorded(): { binding: SerialBinding; calls: unknown[] } {
    MockBinding.createPort("/dev/mock", { record: true });
    const calls: unknown[] = [];
    const binding: SerialBinding = {
      list: () => MockBinding.list(),
      async open(options) {
        const port = await MockBinding.open(options);
        const { set, update, write } = port;
        port.set = (lines) => {
          calls.push(lines);
          return set.call(port, lines);
        };
        port.update = (next) => {
          calls.push(next.baudRate);
          return update.call(port, next);
        };
        port.write = (bytes) => {
          calls.push(bytes.toString());
          return write.call(port, bytes);
        };
        return port;
      },
    };
    return { binding, calls };
  }

  it("keeps the lines that are not named, and the order of lines, speeds and bytes", async () => {
    const { binding, calls } = recorded();
    const link = await openSerialLink({ path: "/dev/mock", baud: 9600, binding });
    // Not awaited one by one: the order is that of the calls.
    await Promise.all([
      link.setLines({ dtr: false }),
      link.write(Buffer.from("a")),
      link.setLines({ rts: false, brk: true }),
      link.setBaud(1200),
      link.write(Buffer.from("b")),
      link.setLines({ dtr: true, brk: false }),
    ]);
    expect(calls).toEqual([
      { dtr: false, rts: true, brk: false },
      "a",
      { dtr: false, rts: false, brk: true },
      1200,
      "b",
      { dtr: true, rts: false, brk: false },
    ]);
    await link.close();
  });

  it("names a locked port and a missing one as on the machine", async () => {
    const { binding } = recorded();
    const options = { path: "/dev/mock", baud: 9600, binding };
    const link = await openSerialLink(options);
    expect(await codeOf(openSerialLink(options))).toBe("port-busy");
    expect(await codeOf(openSerialLink({ ...options, path: "/dev/other" }))).toBe("port-missing");
    await link.close();
    await expect(openSerialLink(options)).resolves.toBeDefined();
  });

  it("lets a lost port go, once, so that it can come back by its name", async () => {
    const { binding } = recorded();
    let unplug = () => {};
    let closes = 0;
    const flaky: SerialBinding = {
      ...binding,
      async open(options) {
        const port = await binding.open(options);
        port.read = () =>
          new Promise((_, reject) => {
            unplug = () => reject(new Error("EIO"));
          });
        const { close } = port;
        port.close = () => {
          closes++;
          return close.call(port);
        };
        return port;
      },
    };
    const link = await openSerialLink({ path: "/dev/mock", baud: 9600, binding: flaky });
    unplug();
    expect(await codeOf(take(link, 1))).toBe("port-lost");
    expect(closes).toBe(1);
    await Promise.all([link.close(), link.close()]);
    expect(closes).toBe(1);
    await (await openSerialLink({ path: "/dev/mock", baud: 9600, binding })).close();
  });

  it("fails with a BenchError that has a next step", async () => {
    const { binding } = recorded();
    const failure = await openSerialLink({ path: "/dev/x", baud: 9600, binding }).catch((e) => e);
    expect(failure).toBeInstanceOf(BenchError);
    expect(failure.next).toContain("isnkit boards");
  });
});

describe("bytes that wait for their reader", () => {
  /** "room" when `work` settles without anybody else doing something. */
  async function soon(work: Promise<unknown>): Promise<string> {
    let answer = "full";
    void work.then(() => {
      answer = "room";
    });
    await new Promise((resolve) => setImmediate(resolve));
    return answer;
  }

  it("make the port wait at a megabyte, until some are taken", async () => {
    const inbox = new ByteInbox();
    const reader = inbox[Symbol.asyncIterator]();
    for (let i = 0; i < 15; i++) inbox.put(new Uint8Array(65_536));
    expect(await soon(inbox.room())).toBe("room");
    inbox.put(new Uint8Array(65_536));
    const room = inbox.room();
    expect(await soon(room)).toBe("full");
    await reader.next();
    await room;
  });

  it("do not keep the port waiting for ever when it is lost or closed", async () => {
    for (const finish of ["end", "fail"] as const) {
      const inbox = new ByteInbox();
      inbox.put(new Uint8Array(2 * 1024 * 1024));
      const room = inbox.room();
      inbox[finish](new Error("lost"));
      await room;
    }
  });
});
