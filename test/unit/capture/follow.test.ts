import {
  appendFileSync,
  closeSync,
  mkdtempSync,
  openSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { followFile } from "../../../host/capture/follow.ts";
import { UsageError } from "../../../host/core/errors.ts";
import { collect, failure } from "../../support/packets.ts";

const folder = mkdtempSync(join(tmpdir(), "isnkit-follow-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("following a file", () => {
  it("waits at its end, gives what is added, and stops when told", async () => {
    const file = join(folder, "grows");
    writeFileSync(file, "abc");
    const stop = new AbortController();
    const following = followFile(file, stop.signal);
    const texts: string[] = [];
    for (let chunk = await following.next(); !chunk.done; chunk = await coming()) {
      texts.push(Buffer.from(chunk.value).toString());
    }
    async function coming() {
      const next = following.next();
      // By now the reader has been asked for more than there is.
      if (texts.length === 1) setTimeout(() => appendFileSync(file, "def"), 30);
      else stop.abort();
      return next;
    }
    expect(texts).toEqual(["abc", "def"]);
  });

  it("ends when the file is cut to less than was read", async () => {
    const file = join(folder, "rotated");
    writeFileSync(file, "abcdef");
    const ends: string[] = [];
    const following = followFile(file, new AbortController().signal, (why) => ends.push(why));
    expect((await following.next()).done).toBe(false);
    truncateSync(file, 2);
    expect((await following.next()).done).toBe(true);
    expect(ends).toEqual(["was cut to less than was read"]);
  });

  it.each([
    ["removed", (file: string) => rmSync(file)],
    ["replaced by another", (file: string) => replace(file)],
  ])("ends when the file is %s, with the last that was written into it", async (_how, move) => {
    const file = join(folder, "moved");
    writeFileSync(file, "abc");
    const writer = openSync(file, "a");
    const ends: string[] = [];
    const following = followFile(file, new AbortController().signal, (why) => ends.push(why));
    expect((await following.next()).done).toBe(false);
    const last = following.next();
    move(file);
    writeSync(writer, "def");
    closeSync(writer);
    expect(Buffer.from((await last).value ?? []).toString()).toBe("def");
    expect((await following.next()).done).toBe(true);
    expect(ends).toEqual(["was removed or replaced"]);
  });

  function replace(file: string): void {
    writeFileSync(`${file}.new`, "another capture");
    renameSync(`${file}.new`, file);
  }

  it("says that there is no such file", async () => {
    const stop = new AbortController();
    const error = await failure(() => collect(followFile(join(folder, "none"), stop.signal)));
    expect(error).toBeInstanceOf(UsageError);
  });
});
