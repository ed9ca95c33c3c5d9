/**
 * The volume that a UF2 boot loader shows: found by its INFO_UF2.TXT among the mount points, never by its
 * name. The board restarts by itself as soon as it has the last block, so the volume may be gone before
 * its file is closed.
 */
import { constants } from "node:fs";
import { access, open, readFile } from "node:fs/promises";
import { join } from "node:path";
import { BenchError } from "../core/errors.ts";

const INFO_FILE = "INFO_UF2.TXT";
const INFO_BYTES_MAX = 4096;
const WRITE_BYTES = 64 * 1024;
const MOUNTS_MAX = 4096;

export interface Uf2Volume {
  readonly folder: string;
  /** `Board-ID` of INFO_UF2.TXT. */
  readonly boardId: string;
}

/** Mount points of this machine (Linux); none where there is no such list. */
export async function mountPoints(file = "/proc/self/mountinfo"): Promise<string[]> {
  const text = await readFile(file, "utf8").catch(() => "");
  return text
    .split("\n")
    .slice(0, MOUNTS_MAX)
    .flatMap((line) => {
      const point = line.split(" ")[4];
      // Blanks and the like are written in octal (proc(5)).
      const plain = point?.replace(/\\([0-7]{3})/g, (_, digits: string) =>
        String.fromCharCode(Number.parseInt(digits, 8)),
      );
      return plain === undefined ? [] : [plain];
    });
}

/** The volume in a folder; undefined when there is none. */
export async function readVolume(folder: string): Promise<Uf2Volume | undefined> {
  try {
    const file = await open(join(folder, INFO_FILE));
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(INFO_BYTES_MAX));
      const text = buffer.subarray(0, bytesRead).toString("latin1");
      const boardId = /^Board-ID:[ \t]*(\S[^\r\n]*?)\s*$/m.exec(text)?.[1];
      return boardId === undefined ? undefined : { folder, boardId };
    } finally {
      await file.close();
    }
  } catch {
    // No such file, or a mount point that this user may not look into.
    return undefined;
  }
}

/**
 * The only volume of a board. BenchError `no-volume` that names the volumes of other boards, or
 * `several-volumes`.
 */
export async function findVolume(folders: readonly string[], boardId: string): Promise<Uf2Volume> {
  const found: Uf2Volume[] = [];
  for (const folder of new Set(folders)) {
    const volume = await readVolume(folder);
    if (volume !== undefined) found.push(volume);
  }
  const [fits, ...others] = found.filter((volume) => volume.boardId === boardId);
  if (fits !== undefined && others.length === 0) return fits;
  if (fits !== undefined) {
    const list = [fits, ...others].map(({ folder }) => folder).join(", ");
    throw new BenchError(
      "several-volumes",
      `more than one board ${boardId} is in its boot loader: ${list}`,
      "name the one that is meant: --volume FOLDER",
    );
  }
  const seen = found.map((volume) => `${volume.boardId} at ${volume.folder}`).join(", ");
  throw new BenchError(
    "no-volume",
    `no volume with the board id ${boardId} is mounted${seen === "" ? "" : ` (there is ${seen})`}`,
    "hold BOOTSEL while you plug the board in, mount its volume, or name it with --volume FOLDER",
  );
}

/**
 * Copies a file onto the volume, and tells when it has left this machine (fsync). BenchError
 * `volume-failed`, also when the volume vanished in the middle.
 */
export async function writeVolume(
  { folder }: Uf2Volume,
  bytes: Uint8Array,
  onProgress: (bytes: number) => void = () => undefined,
): Promise<void> {
  let written = 0;
  try {
    const file = await open(join(folder, "ISNKIT.UF2"), "w");
    try {
      while (written < bytes.length) {
        const part = bytes.subarray(written, written + WRITE_BYTES);
        const done = await file.write(part);
        written += done.bytesWritten;
        onProgress(written);
      }
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (error) {
    // The board has all of it and restarted before the file was closed: its word decides.
    const isGone = (await isAbsent(join(folder, INFO_FILE))) && written === bytes.length;
    if (isGone) return;
    throw new BenchError(
      "volume-failed",
      `the volume ${folder} did not take the file (${written} of ${bytes.length} bytes): ${error instanceof Error ? error.message : String(error)}`,
      "put the board into its boot loader again, and flash once more",
    );
  }
}

async function isAbsent(path: string): Promise<boolean> {
  try {
    await access(path, constants.F_OK);
    return false;
  } catch {
    return true;
  }
}
