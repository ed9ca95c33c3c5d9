import { appendFileSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { followFile } from "../../host/capture/follow.ts";
import { UsageError } from "../../host/core/errors.ts";
import { collect, failure } from "../support/packets.ts";

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
    const following = followFile(file, new AbortController().signal);
    expect((await following.next()).done).toBe(false);
    truncateSync(file, 2);
    expect((await following.next()).done).toBe(true);
  });

  it("says that there is no such file", async () => {
    const stop = new AbortController();
    const error = await failure(() => collect(followFile(join(folder, "none"), stop.signal)));
    expect(error).toBeInstanceOf(UsageError);
  });
});
